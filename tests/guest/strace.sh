# Runs in the guest: what strace tells of programs.
failed=0
told() { # NAME PATTERN: a line of the file
	if grep -q -e "$2" /tmp/told; then
		echo "ok $1"
	else
		echo "not ok $1: no line is $2: $(head -c 600 /tmp/told | tr '\n' ';')"
		failed=1
	fi
}

strace -o /tmp/told cat /etc/motd >/tmp/out
cmp -s /tmp/out /etc/motd || { echo 'not ok a_traced_program_does_what_it_does'; failed=1; }
told the_program_begins '^execve("/bin/cat", \["cat", "/etc/motd"\], /\* [0-9]* vars \*/) = 0$'
told names_and_flags_are_words '^openat(AT_FDCWD, "/etc/motd", O_RDONLY, 00) = 3$'
told addresses_are_hexadecimal '^brk(NULL) = 0x[0-9a-f]*$'
told what_is_not_answered_has_its_name_too '^rseq(.*) = -1 ENOSYS$'
told the_end_has_its_status '^+++ exited with 0 +++$'

strace -o /tmp/told sh -c 'echo "a \"word\""; cd /absent; exit 3' >/dev/null 2>&1
told written_bytes_are_shown_as_in_C '^write(1, "a \\"word\\"\\n", 9) = 9$'
told an_error_has_its_name '^chdir("/absent") = -1 ENOENT$'
told another_status '^exit_group(3) = ?$'

strace -o /tmp/told sh -c '(exit 5); kill -TERM $$' 2>/dev/null
told a_signal_is_told '^--- SIGCHLD ---$'
told and_one_that_ends_it '^+++ killed by SIGTERM +++$'
told a_status_that_was_waited_for '^wait4(-1, \[1280\], 0, NULL) = [0-9]*$'
! grep -q 'exit_group(5)' /tmp/told || { echo 'not ok children_are_not_told_without_being_asked_for'; failed=1; }

strace -f -o /tmp/told sh -c 'cat /etc/motd | head -c 3; (exit 5)' >/dev/null
told children_are_told '^\[pid [0-9]*\] exit_group(5) = ?$'
told and_what_they_become '^\[pid [0-9]*\] execve("[^"]*", \["cat", "/etc/motd"\],'
[ "$(sed 's/].*//' /tmp/told | sort -u | wc -l)" -ge 3 ] || { echo 'not ok each_process_has_its_number'; failed=1; }

strace -s 4 -o /tmp/told echo 123456 >/dev/null
told strings_are_cut '^write(1, "1234"\.\.\., 7) = 7$'
strace -o /tmp/told ls -l /etc/motd >/dev/null
told a_stat_is_shown '^newfstatat(AT_FDCWD, "/etc/motd", {st_mode=S_IFREG|0644, st_size=[0-9]*, \.\.\.}, AT_SYMLINK_NOFOLLOW) = 0$'
strace -o /tmp/told sh -c 'ulimit -n 99; trap : USR1; sleep 0 & wait'
told a_limit_is_shown '^prlimit64(0, RLIMIT_NOFILE, {rlim_cur=99, rlim_max=99}, NULL) = 0$'
told an_action_is_shown '^rt_sigaction(SIGUSR1, {sa_handler=0x[0-9a-f]*, sa_mask=~\[.*\], sa_flags=.*SA_RESTORER.*}, .*, 8) = 0$'
told a_set_of_signals_is_shown '^rt_sigsuspend(\[\], 8) = '
strace -o /tmp/told sh -c 'read -t 1 x' </dev/null
told polled_files_are_shown '^poll(\[{fd=0, events=POLLIN, revents=POLLIN}\], 1, [0-9]*) = 1$'
strace -o /tmp/told logger x 2>/dev/null
told an_address_is_shown '^connect([0-9]*, {sa_family=AF_UNIX, sun_path="/dev/log"}, [0-9]*) = -1 E'
strace -o /tmp/told /bin/pty 2>/dev/null
told pieces_of_memory_are_shown '^writev(2, \[{iov_base="[^"]*", iov_len=[0-9]*}.*\], 2) = [0-9]*$'
strace cat /absent 2>/tmp/told
told without_a_file_it_goes_to_standard_error '^openat(AT_FDCWD, "/absent", O_RDONLY, 00) = -1 ENOENT$'
strace /absent 2>/dev/null; [ $? = 125 ] && echo 'ok a_program_that_is_not_there_is_125' || failed=1
exit $failed
