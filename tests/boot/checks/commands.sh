# The command that the guest is given, what comes of it, and how a run ends.

done_when() {
	guest 'echo $((6*7)); while read -r l; do echo "$l"; done </etc/motd; exit 7'
	[ "$status" = 7 ] || fail "$(why)"
	{ echo 42; while read -r l; do echo "$l"; done <"$root/initfs/etc/motd"; } | cmp -s - "$folder/out" ||
		fail "the output is wrong: $(head -c 300 "$folder/out" | tr '\n' '|')"
	[ "$(wc -l <"$folder/err")" = 1 ] || fail "the error output is wrong: $(tr '\n' '|' <"$folder/err")"
	pass
}

# Programs, jobs, waiting and /proc, in a line as a person would type it.
answers_a_line() { # OPTION...
	guest "$@" 'seq 1 100000 | sort -rn | head -1; (sleep 1 & wait); ls /proc/self >/dev/null && echo ok'
	[ "$status" = 0 ] || fail "$(why)"
	[ "$(cat "$folder/out")" = $'100000\nok' ] || fail "the output is wrong: $(head -c 300 "$folder/out" | tr '\n' '|')"
	pass
}

# As printf with octal escapes, since nothing but the shell's builtins runs.
megabyte() {
	head -c 1048576 /dev/urandom >"$folder/bytes"
	od -An -v -to1 -w512 "$folder/bytes" | sed "s/ /\\\\/g; s/^/printf '/; s/\$/'/" | initfs_add tests/megabyte.sh
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" '. /tests/megabyte.sh'
	[ "$status" = 0 ] || fail "$(why)"
	cmp "$folder/bytes" "$folder/out" >&2 || fail "$(cmp "$folder/bytes" "$folder/out" 2>&1 | head -n 1)"
	pass
}

output() {
	guest 'i=0; while [ $i -lt 2000 ]; do echo "line $i"; echo "error $i" >&2; i=$((i + 1)); done'
	[ "$status" = 0 ] || fail "$(why)"
	seq -f 'line %.0f' 0 1999 | cmp -s - "$folder/out" || fail "the output differs"
	seq -f 'error %.0f' 0 1999 | cmp -s - <(grep -v '^accelerator: ' "$folder/err") || fail "the error output differs"
	pass
}

stdin_is_empty() {
	guest 'if read -r line; then echo "got: $line"; else echo "nothing"; fi'
	[ "$status" = 0 ] && [ "$(cat "$folder/out")" = nothing ] || fail "$(why); $(head -n 1 "$folder/out")"
	pass
}

# A session on a pseudo terminal with job control. What stays behind in the background, with the terminal open, keeps nobody.
terminal_for_the_command() {
	printf '%s\r\n' /dev/pts/0 yes '24 80' 'stopped' 'went on' 'cat 0' 'error' >"$folder/expected"
	guest --tty 'tty; test -t 0 && test -t 1 && test -t 2 && echo yes; stty size; set -m
		sh -c "kill -STOP \$\$; echo went on"; jobs | grep -q Stopped && echo stopped; fg >/dev/null
		cat; echo "cat $?"; sleep 1000 & echo error >&2; exit 9'
	[ "$status" = 9 ] || fail "$(why)"
	cmp -s "$folder/expected" "$folder/out" || fail "it showed $(head -c 300 "$folder/out" | tr '\r\n' ' |')"
	[ "$(wc -l <"$folder/err")" = 1 ] || fail "there is error output: $(tr '\n' '|' <"$folder/err")"
	pass
}

terminal_megabyte() {
	head -c 1048576 /dev/urandom >"$folder/bytes"
	initfs_add tests/bytes <"$folder/bytes"
	initfs_pack
	guest --tty --initfs "$folder/initfs.tar.zst" 'stty raw -opost; cat /tests/bytes'
	[ "$status" = 0 ] || fail "$(why)"
	cmp "$folder/bytes" "$folder/out" >&2 || fail "$(cmp "$folder/bytes" "$folder/out" 2>&1 | head -n 1)"
	pass
}

# A terminal has nothing more to read once its ^D was.
terminal_times_out() {
	guest --tty --timeout 25 'cat; cat'
	[ "$status" = 124 ] && grep -q '^guest: time is up' "$folder/err" || fail "$(why)"
	pass
}

times_out() {
	guest --timeout 25 'while :; do :; done'
	[ "$status" = 124 ] && grep -q '^guest: time is up' "$folder/err" || fail "$(why)"
	pass
}

powers_off() {
	guest 'echo poweroff >/dev/power; while :; do :; done'
	[ "$status" = 125 ] && grep -q 'switched off by the guest' "$folder/err" || fail "$(why)"
	pass
}

reboots() {
	guest 'busybox reboot -f; while :; do :; done'
	[ "$status" = 125 ] && grep -q 'reset by the guest' "$folder/err" || fail "$(why)"
	pass
}

two_at_once() {
	local one two
	"$root/scripts/guest" --timeout 150 'echo one' >"$folder/one" 2>"$folder/err" </dev/null & one=$!
	"$root/scripts/guest" --timeout 150 'echo two' >"$folder/two" 2>>"$folder/err" </dev/null & two=$!
	wait $one && wait $two || { cat "$folder/err" >&2; fail "one of them failed"; }
	[ "$(cat "$folder/one")" = one ] && [ "$(cat "$folder/two")" = two ] || fail "their outputs are mixed up"
	pass
}
