# Linux programs, and what is left of one that crashes and of many that end.

# The programs of tests/guest/linux as services, all at once; each ends its lines on the log with the count of its failures. The
# shell waits for them without starting a process.
linux_programs() {
	local programs=$build/tests/guest/linux name libc failed
	local names='memory files calls registers threads step signals pipes events sockets epolls writing'
	for name in $names; do
		for libc in musl glibc; do
			echo "$name-$libc /tests/$name-$libc" >>"$folder/services"
			initfs_add tests/$name-$libc 755 <"$programs/$name-$libc"
		done
	done
	(cd "$programs" && find fixture -type f ! -name .done) >"$folder/fixture"
	while read -r name; do initfs_add "$name" <"$programs/$name"; done <"$folder/fixture"
	{ cat "$build/initfs.stage/etc/services" "$folder/services"; } | initfs_add etc/services
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" 'read -t 25 nothing </dev/console; exit 7'
	[ "$status" = 7 ] || fail "$(why)"
	tr -d '\000\r' <"$folder/serial.log" >"$folder/log"
	failed=$(grep -a -o -m 3 'not ok linux\..*' "$folder/log" | tr '\n' ';')
	[ -z "$failed" ] || fail "$failed"
	for name in $names; do
		[ "$(grep -a -c "# linux.$name: 0 failures" "$folder/log")" = 2 ] || fail "not both programs of linux.$name have come to their end"
	done
	pass
}

# The programs that make processes and sessions, started by the shell, as musl and as glibc have them.
linux_processes() {
	local name failed
	for name in processes-musl processes-glibc fifos-musl fifos-glibc ptys-musl ptys-glibc selfs-musl selfs-glibc overlaps-musl overlaps-glibc limits-musl limits-glibc often-musl often-glibc; do
		initfs_add tests/$name 755 <"$build/tests/guest/linux/$name"
	done
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" 'for name in /tests/*; do $name || exit 6; done; exit 7'
	failed=$(grep -a -m 3 '^not ok' "$folder/out" | tr '\n' ';')
	[ -z "$failed" ] || fail "$failed"
	[ "$status" = 7 ] || fail "$(why)"
	pass
}

# Counts of pages and objects before and after many processes. `make leaks` has ten times as many.
leaves_nothing() {
	initfs_add tests/leaks 755 <"$build/tests/guest/linux/leaks-musl"
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" --timeout 600 "/tests/leaks $*"
	[ "$status" = 0 ] || fail "$(grep -a '^not ok' "$folder/out" | tr '\n' ';') $(why)"
	[ "$(grep -a -c '^ok linux\.leaks' "$folder/out")" = 7 ] || fail "not all of it has run"
	pass
}

# What `free` says of so many processes that sleep, a musl one and a busybox one of which take so many KiB at most.
sleepers() { # COUNT MUSL-KIB BUSYBOX-KIB
	initfs_add tests/sleeper 755 <"$build/tests/guest/linux/sleeper-musl"
	initfs_add tests/sleepers.sh <"$root/tests/boot/sleepers.sh"
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" --timeout 500 "SLEEPERS=$1 MUSL_KIB=$2 BUSYBOX_KIB=$3; . /tests/sleepers.sh"
	cat "$folder/out" >&2
	[ "$status" = 0 ] || fail "$(why)"
	[ "$(grep -c '^ok ' "$folder/out")" = 4 ] || fail "$(grep '^not ok' "$folder/out" | tr '\n' ';')"
	pass
}

# Random Linux calls for so many moments, from this seed on: the services have nothing to say of them.
calls_without_sense() { # MOMENTS SEED
	initfs_add tests/random_calls 755 <"$build/tests/guest/linux/random_calls-musl"
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" --timeout 600 "exec /tests/random_calls $*"
	[ "$status" = 0 ] || fail "$(grep -a -A 1 '^#\|^not ok' "$folder/out" | tr '\n' ';') $(why)"
	[ "$(grep -a -c '^ok linux\.random_calls' "$folder/out")" = 2 ] || fail "not all of it has run"
	! logged '\(root\|init\) \(error\|warning\): .* ended with status' || fail "a service has ended"
	pass
}

# pm has the kernel report what nobody handles; the shell hears of the signal that Linux would have sent.
crash_leaves_a_report() {
	initfs_add tests/processes 755 <"$build/tests/guest/linux/processes-musl"
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" 'for how in crash divide; do /tests/processes - $how x; echo "$how $?"; done'
	[ "$(cat "$folder/out")" = $'crash 139\ndivide 136' ] || fail "the shell was told $(tr '\n' ' ' <"$folder/out")"
	logged 'process [0-9]* (processes) ends, because of its thread [0-9]*: a write to 0x[0-9a-f]*, where nothing is mapped' ||
		fail "the log does not say how the first ended"
	logged 'processes) ends, because of its thread [0-9]*: a division by zero' || fail "the log does not say how the second ended"
	logged '  at 0x[0-9a-f]*: in the mapping' || fail "the log does not say where"
	logged '  rip [0-9a-f]* rflags' || fail "the log does not have the registers"
	pass
}

# The line of tests/guest/linux/crashes.c that a comment in it marks.
crash_line() {
	sed -n "/here it $1/=" "$root/tests/guest/linux/crashes.c"
}

# The process's own image says where; a file without lines has functions, one that is spoilt has neither and does no harm.
crash_names_lines() {
	local programs=$build/tests/guest/linux file='tests\/guest\/linux\/crashes\.c' from='\(called\|perhaps\) from'
	initfs_add tests/crashes 755 <"$programs/crashes-musl"
	initfs_add tests/crashes-glibc 755 <"$programs/crashes-glibc"
	# Section headers, 64 bytes each, whose offsets, sizes and links are any numbers.
	initfs_add tests/spoilt 755 < <(head -c $(($(stat -c %s "$programs/crashes-musl") - 1024)) "$programs/crashes-musl" && head -c 1024 /dev/urandom)
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" 'for way in fall jump dive give-up confuse mislead; do /tests/crashes $way; echo "$way $?"; done
		/tests/crashes-glibc fall; echo "glibc $?"; /tests/spoilt fall; echo "spoilt $?"; cp /tests/spoilt /tmp/; /tmp/spoilt jump; echo "copy $?"'
	[ "$(cat "$folder/out")" = $'fall 139\njump 139\ndive 139\ngive-up 134\nconfuse 139\nmislead 139\nglibc 139\nspoilt 139\ncopy 139' ] ||
		fail "the shell was told $(tr '\n' ' ' <"$folder/out")"
	logged "  in fall+0x[0-9a-f]* ($file:$(crash_line falls)) at 0x" || fail "the log does not say where it fell"
	logged "  $from stumble+0x[0-9a-f]* ($file:$(crash_line stumbles)) at 0x" || fail "nor where from"
	logged "  called from jump+0x[0-9a-f]* ($file:$(crash_line jumps)) at 0x" || fail "the log does not say who called nothing"
	logged "  in dive+0x[0-9a-f]* (" && logged "  $from dive+0x[0-9a-f]* ($file:$(crash_line dives)) at 0x" ||
		fail "the log does not say where the stack was full"
	logged "  $from give_up+0x[0-9a-f]* ($file:$(crash_line 'gives up')) at 0x" || fail "the log does not say who aborted"
	logged ': the answer to its Linux call 12 failed by an access to 0x' &&
		logged '  in memory_brk+0x[0-9a-f]* (user/linux/[a-z]*\.[ch]:[0-9]*) at 0x' &&
		logged '  called from (user/linux/entry\.S:[0-9]*) at 0x' || fail "the log does not say where the image was confused"
	logged '  asked by syscall+0x[0-9a-f]* at 0x' && logged "  $from confuse+0x[0-9a-f]* ($file:[0-9]*) at 0x" ||
		fail "nor by whom"
	logged '  asked by mislead+0x[0-9a-f]* ('"$file"':[0-9]*) at 0x' || fail "a frame that leads nowhere loses the image's report"
	logged '(crashes-glibc):   in fall+0x[0-9a-f]* at 0x' || fail "the log does not name the function of a file without lines"
	logged 'r-x /tests/crashes' || fail "the log does not have the mappings"
	pass
}
