# Servers that end when they are told to (tests/guest/mortal) and those that supervise them.

servers_come_back() {
	local programs=$build/tests/guest/mortal
	initfs_add sbin/vfs 755 <"$programs/vfs"
	initfs_add sbin/console 755 <"$programs/console"
	initfs_pack
	guest --kernel "$programs/kernel.elf" --initfs "$folder/initfs.tar.zst" "$(cat "$root/tests/guest/mortal/restarts.sh")"
	[ "$status" = 0 ] || fail "$(grep -m 1 '^not ok' "$folder/out" || why)"
	[ "$(grep -c '^ok restarts' "$folder/out")" = 13 ] || fail "not all of it has run"
	logged 'root error: vfs ended with status 9' || fail "the log does not say that vfs ended"
	logged 'root error: initfsd ended with status 9' || fail "the log does not say that initfsd ended"
	logged 'init warning: console ended with status 9' || fail "the log does not say that the console ended"
	logged 'the console lives' || fail "the next console does not write"
	pass
}

# SERVER, mortal at every point and started again without a pause, ends more than ENDS times while PROGRAM, which sees nothing of it, works.
lives_by_its_state() { # SERVER PROGRAM ENDS [FILE]
	local programs=$build/tests/guest/mortal ends
	initfs_add "sbin/$1" 755 <"$programs/${4:-$1}"
	initfs_add sbin/init 755 <"$programs/hasty-init"
	initfs_add "tests/$2" 755 <"$programs/$2"
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" "/tests/$2"
	[ "$status" = 7 ] || fail "$(grep -a -m 1 '^not ok' "$folder/out" || why)"
	ends=$(tr -d '\000' <"$folder/serial.log" | grep -a -c "$1 ended with status 9")
	[ "$ends" -gt "$3" ] || fail "$1 has ended $ends times"
	logged "$1 info: its time page stays as it is" || fail "a service can make its time page writable"
	! logged 'starts empty' || fail "its state was given up"
	pass
}

lines() {
	{ cat "$build/initfs.stage/etc/services"; echo 'example /sbin/example'; } | initfs_add etc/services
	{ cat "$build/initfs.stage/etc/mounts"; echo '/dev/example example'; } | initfs_add etc/mounts
	lives_by_its_state example lines 70
}

kept() { lives_by_its_state tmpfs kept 60; }
families() { lives_by_its_state pm families 60; }
piped() { lives_by_its_state streamd piped 60; }
terminals() { lives_by_its_state console terminals 60 console-points; }

# The same with vfs: a program works with names. Its starter is root, and here one that does not let it wait.
named() {
	local programs=$build/tests/guest/mortal ends
	initfs_add sbin/vfs 755 <"$programs/vfs-points"
	initfs_add tests/named 755 <"$programs/named"
	initfs_pack
	guest --kernel "$programs/kernel.elf" --initfs "$folder/initfs.tar.zst" /tests/named
	[ "$status" = 7 ] || fail "$(grep -a -m 1 '^not ok' "$folder/out" || why)"
	ends=$(tr -d '\000' <"$folder/serial.log" | grep -a -c 'vfs ended with status 9')
	[ "$ends" -gt 40 ] || fail "vfs has ended $ends times"
	! logged 'starts empty' || fail "its state was given up"
	pass
}

# The shell's profile has init end in what it is asked for; the shell goes on, and gets what it asked for.
init_goes_on() {
	initfs_add sbin/init 755 <"$build/tests/guest/mortal/init"
	{ cat "$build/initfs.stage/etc/profile"; echo "service status 'arm 4'; service restart rngd && echo rngd is another"; } | initfs_add etc/profile
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" --until 'rngd is another' --timeout 60
	[ "$status" = 0 ] || fail "$(why)"
	logged 'root error: init ended with status 9' || fail "the log does not say that init ended"
	logged 'init info: init goes on with its state' || fail "init has not gone on"
	[ "$(tr -d '\000\r' <"$folder/serial.log" | grep -a -c 'init info: started console')" = 1 ] || fail "the console was started twice"
	[ "$(tr -d '\000\r' <"$folder/serial.log" | grep -a -c 'started the shell in')" = 1 ] || fail "the shell was started twice"
	pass
}

# init ends at point after point, pm with it, and vfs.
supervisors_end() {
	local programs=$build/tests/guest/mortal ends
	initfs_add sbin/init 755 <"$programs/init"
	initfs_add sbin/vfs 755 <"$programs/vfs"
	initfs_pack
	guest --kernel "$programs/kernel.elf" --initfs "$folder/initfs.tar.zst" "$(cat "$root/tests/guest/mortal/ends.sh")"
	[ "$status" = 7 ] || fail "$(grep -m 1 '^not ok' "$folder/out" || why)"
	ends=$(tr -d '\000' <"$folder/serial.log" | grep -a -c 'init ended with status 9')
	[ "$ends" -gt 15 ] || fail "init has ended $ends times"
	logged 'pm goes on with its state' || fail "pm has not ended"
	logged 'root error: vfs ended with status 9' || fail "vfs has not ended"
	! logged 'starts empty' || fail "a state was given up"
	pass
}

# The console ends when the shell's profile writes to it; its next life writes it, and the shell sees nothing of that.
shell_goes_on_over_an_end_of_the_console() {
	initfs_add sbin/console 755 <"$build/tests/guest/mortal/console"
	{ cat "$build/initfs.stage/etc/profile"; echo 'echo die-console'; } | initfs_add etc/profile
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" --until 'die-console' --timeout 60
	[ "$status" = 0 ] || fail "$(why)"
	logged 'console goes on with its state' || fail "the console has not gone on"
	! logged 'the shell was killed' || fail "the shell ended with its console"
	pass
}

# The shell's profile ends pm, once in its answer and once before it, and the shell goes on with the children that it has.
shell_goes_on_over_an_end_of_pm() {
	initfs_add sbin/pm 755 <"$build/tests/guest/mortal/pm"
	{
		cat "$build/initfs.stage/etc/profile"
		echo 'sleep 1000 & [ -e /proc/arm-1 ]; (exit 3); [ $? = 3 ] && kill $! && wait $!; [ $? = 143 ] && read -r line </proc/self/comm; echo "in the care of $line"'
	} | initfs_add etc/profile
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" --until 'in the care of busybox' --timeout 60
	[ "$status" = 0 ] || fail "$(why)"
	logged 'init warning: pm ended with status 9' || fail "the log does not say that pm ended"
	logged 'pm goes on with its state' || fail "pm has not gone on"
	[ "$(tr -d '\000\r' <"$folder/serial.log" | grep -a -c 'started the shell in')" = 1 ] || fail "the shell was started again"
	pass
}
