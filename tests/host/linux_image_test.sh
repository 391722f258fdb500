#!/bin/bash
# The image of user/linux, run under Linux by tests/host/linux/hosted with the guest programs of tests/guest/linux, as gcc and
# clang make it.
#
# needs: all build/user/linux-clang.bin
programs=$PWD/build/tests/guest/linux
hosted=$PWD/build/tests/host/linux/hosted
failures=0
# hosted opens a file of Linux for each that a program opens, and a program may open 1024.
ulimit -S -n 4096 2>/dev/null

# report NAME GOOD-STATUS [WHY]
report() {
	if [ "$2" = 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1: ${3:-failed}"
		failures=1
	fi
}

# run COMPILER PROGRAM [COMMAND...]: passes its lines on with the variant in the name. The command runs it, on a terminal, say.
run() {
	local output status variant=$1.${2##*-} program=$2
	shift 2
	output=$("$@" timeout --foreground 60 "$hosted" "$image" "$programs" "$programs/$program" /fixture 2>&1)
	status=$?
	set -- "" "$program"
	sed -n -E "s/^(ok|not ok) linux\./\1 linux.$variant./p" <<<"$output"
	[ $status = 0 ]
	report "linux.$variant.$2.ends_well" $? "status $status: $(grep -v '^ok' <<<"$output" | tail -n 3 | tr '\n' ' ')"
}

# on_terminal COMMAND...: its standard input is a pseudo terminal.
on_terminal() {
	local status
	status=$(mktemp)
	: | script -qefc "stty rows 24 cols 80; ${*@Q}; echo \$? >${status@Q}" /dev/null | tr -d '\r'
	return "$(cat "$status"; rm "$status")"
}

# says NAME EXPECTED-STATUS EXPECTED-TEXT COMMAND...
says() {
	local name=$1 status=$2 text=$3 output got
	shift 3
	output=$("$@" 2>&1 </dev/null)
	got=$?
	[ $got = "$status" ] && [[ $output == *"$text"* ]]
	report "$name" $? "status $got, output: ${output//$'\n'/ }"
}

for compiler in gcc clang; do
	image=$PWD/build/user/linux.bin
	[ $compiler = gcc ] || image=$PWD/build/user/linux-clang.bin
	for program in memory files calls registers threads step; do
		run $compiler $program-musl </dev/null
		run $compiler $program-glibc </dev/null
	done
	run $compiler calls-pie </dev/null
	for libc in musl glibc; do
		run $compiler waiting-$libc < <(sleep 0.2; echo one; sleep 0.1; echo two; sleep 0.1)
		run $compiler terminal-$libc on_terminal
	done
	start=(timeout 20 "$hosted" "$image" "$programs")
	says linux.$compiler.busybox_is_a_shell 7 $'42\nhello, world\n/fixture/dir' "${start[@]}" "$PWD/build/payload/busybox" \
		sh -c 'echo $((6*7)); while read -r l; do echo "$l"; done </fixture/hello; cd fixture/dir; pwd; exit 7'
	says linux.$compiler.busybox_can_not_fork 2 "can't fork" "${start[@]}" "$PWD/build/payload/busybox" sh -c '(echo x); echo y'
	says linux.$compiler.absent_program_is_127 127 'was not handed over' "${start[@]}" /absent
	says linux.$compiler.text_is_no_program 126 'is not an ELF file' "${start[@]}" "$programs/fixture/numbers"
	says linux.$compiler.dynamic_program_is_refused 126 'linked dynamically' "${start[@]}" /bin/true
	says linux.$compiler.abort_is_134 134 '' "${start[@]}" "$programs/calls-musl" --end-by 6
	says linux.$compiler.term_is_143 143 '' "${start[@]}" "$programs/calls-glibc" --end-by 15
	says linux.$compiler.output_becomes_log_lines 0 'log info: ok linux.calls.arguments' \
		env HOSTED_LOG=1 "${start[@]}" "$programs/calls-glibc" /fixture
	says linux.$compiler.unknown_calls_are_told 0 'calls-musl made the Linux call kexec_load (246), which is not answered' \
		env HOSTED_UNKNOWN=1 "${start[@]}" "$programs/calls-musl" /fixture
done
exit $failures
