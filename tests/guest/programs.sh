# Processes in Hearth, from a shell: programs, pipelines, background jobs, substitutions, traps, statuses. Runs in the guest by `sh -c`.

[ "$(/bin/busybox echo hi)" = hi ]; holds a_program_runs_and_its_output_is_taken $?
[ "$(echo a | cat)" = a ]; holds a_pipeline_has_two_ends $?
[ "$(seq 1 10000 | sort -rn | head -1)" = 10000 ]; holds three_programs_in_a_row $?
[ "$(seq 1 5 | while read -r x; do echo $((x * x)); done | tr '\n' ' ')" = '1 4 9 16 25 ' ]; holds a_loop_reads_a_pipe $?
[ "$(seq 1 100000 | sort -rn | head -1; (sleep 1 & wait); ls /proc/self >/dev/null && echo ok)" = "$(printf '100000\nok')" ]
holds a_long_sort_a_job_and_proc $?
/bin/busybox false; [ $? = 1 ]; holds a_status_is_told $?
(exit 9); [ $? = 9 ]; holds a_subshell_has_a_status $?
sh -c 'kill -TERM $$' 2>/dev/null; [ $? = 143 ]; holds a_signal_is_128_more $?
sh -c 'kill -KILL $$' 2>/dev/null; [ $? = 137 ]; holds so_is_kill $?
/nowhere/nothing 2>/dev/null; [ $? = 127 ]; holds what_is_not_there_is_127 $?
/etc/motd 2>/dev/null; [ $? = 126 ]; holds what_can_not_be_run_is_126 $?
x=1; (x=2); [ $x = 1 ]; holds a_subshell_has_variables_of_its_own $?

sleep 10 & first=$!
kill -0 $first; holds a_background_job_is_there $?
kill $first; wait $first 2>/dev/null; [ $? = 143 ]; holds it_is_ended_and_waited_for $?
kill -0 $first 2>/dev/null; [ $? != 0 ]; holds then_it_is_gone $?
(sleep 1; exit 5) & wait $!; [ $? = 5 ]; holds wait_takes_a_status $?
n=0; for i in 1 2 3 4 5 6 7 8; do (exit 0) & done; wait; holds eight_jobs_at_once $?

got=; trap 'got=usr1' USR1; kill -USR1 $$; [ "$got" = usr1 ]; holds a_trap_runs $?
got=; (sleep 1; kill -USR1 $$) & wait $!; wait; [ "$got" = usr1 ]; holds a_trap_runs_during_a_wait $?
trap '' USR1; kill -USR1 $$; sh -c 'kill -USR1 $$; exit 3'; [ $? = 3 ]; holds an_ignored_signal_is_ignored_in_children $?
trap - USR1
[ "$(trap 'echo bye' EXIT; echo hi; exit 0)" = "$(printf 'hi\nbye')" ]; holds a_trap_at_the_end $?

echo '#!/bin/sh
echo "$0 $1"' >/tmp/script && chmod 755 /tmp/script
[ "$(/tmp/script one)" = '/tmp/script one' ]; holds a_script_is_run_by_its_first_line $?
echo 'echo plain $1' >/tmp/script
[ "$(/tmp/script two)" = 'plain two' ]; holds a_script_without_one_is_run_by_the_shell $?
rm /tmp/script
[ "$(umask 077; sh -c umask)" = 0077 ]; holds umask_is_inherited $?
[ "$(cd /etc && sh -c pwd)" = /etc ]; holds the_working_directory_is_inherited $?
[ "$(A=b sh -c 'echo $A')" = b ]; holds the_environment_is_inherited $?
[ "$(sh -c 'echo $PPID')" = $$ ]; holds the_parent_is_known $?
exec 5<>/tmp/shared; (echo one >&5); echo two >&5; exec 5>&-
[ "$(cat /tmp/shared)" = "$(printf 'one\ntwo')" ]; holds a_descriptor_is_shared_with_a_child $?
rm /tmp/shared
# timeout is replaced by the shell, which must hear of its own children all the same.
[ "$(timeout -s KILL 10 sh -c 'cat </dev/null & wait; echo waited')" = waited ]; holds a_program_in_place_of_another_hears_of_its_children $?
yes 2>/dev/null | head -1 >/dev/null; holds a_writer_without_readers_ends $?

# Nothing is left of processes: after some have been there, more of them leave as much free memory as before, but for 64 KiB that
# servers and allocators may keep.
free_kb() { while read -r name kb rest; do [ "$name" = MemFree: ] && echo "$kb"; done </proc/meminfo; }
some() { i=0; while [ $i -lt "$1" ]; do /bin/busybox true; i=$((i + 1)); done; }
some 50
free_kb >/tmp/before
some 200
free_kb >/tmp/after
read -r before </tmp/before; read -r after </tmp/after; rm /tmp/before /tmp/after
[ $((before - after)) -le 64 ]; holds two_hundred_programs_leave_nothing $?
echo "# free before $before KiB, after $after KiB"
exit $failed
