#!/bin/bash
# The image of user/linux, run under Linux by tests/host/linux/hosted with the guest programs of tests/guest/linux, as gcc and
# clang make it.
programs=$PWD/build/tests/guest/linux
hosted=build/tests/host/linux/hosted
failures=0

# report NAME GOOD-STATUS [WHY]
report() {
	if [ "$2" = 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1: ${3:-failed}"
		failures=1
	fi
}

# run COMPILER PROGRAM: passes its lines on with the variant in the name; a program that prints no line has failed.
run() {
	local output status variant=$1.${2##*-}
	output=$(timeout 60 $hosted "$image" "$programs" "$programs/$2" /fixture </dev/null 2>&1)
	status=$?
	sed -n -E "s/^(ok|not ok) linux\./\1 linux.$variant./p" <<<"$output"
	[ $status = 0 ]
	report "linux.$variant.$2.ends_well" $? "status $status: $(grep -v '^ok' <<<"$output" | tail -n 3 | tr '\n' ' ')"
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
	image=build/user/linux.bin
	[ $compiler = gcc ] || image=build/user/linux-clang.bin
	for program in memory files calls registers threads step; do
		run $compiler $program-musl
		run $compiler $program-glibc
	done
	start="timeout 20 $hosted $image $programs"
	says linux.$compiler.absent_program_is_127 127 'was not handed over' $start /absent
	says linux.$compiler.text_is_no_program 126 'is not an ELF file' $start $programs/fixture/numbers
	says linux.$compiler.dynamic_program_is_refused 126 'linked dynamically' $start /bin/true
	says linux.$compiler.abort_is_134 134 '' $start $programs/calls-musl --end-by 6
	says linux.$compiler.term_is_143 143 '' $start $programs/calls-glibc --end-by 15
	says linux.$compiler.output_becomes_log_lines 0 'log info: ok linux.calls.arguments' \
		env HOSTED_LOG=1 $start $programs/calls-glibc /fixture
	says linux.$compiler.unknown_calls_are_told 0 'calls-musl made the Linux call socket (41), which is not answered' \
		env HOSTED_UNKNOWN=1 $start $programs/calls-musl /fixture
done
exit $failures
