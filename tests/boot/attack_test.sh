#!/bin/bash
# needs: all build/tests/guest/native/kernel.elf
# The attacks of the native suite (tests/guest/native/attack*.c) in QEMU, with its kernel, each against the whole machine. Prints
# their lines.
. "$(dirname "$0")/../../scripts/lib.sh"
cd "$root" || exit 1
kernel=build/tests/guest/native/kernel.elf
build all "$kernel"
log=$(mktemp "$root/build/tests/attack.XXXXXX") || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP

scripts/guest --kernel "$kernel" --memory 256M --timeout 250 --cmdline native=attack --until 'native: ' --serial-log "$log" \
	</dev/null >/dev/null
status=$?
tr -d '\000\r' <"$log" | sed -n 's/^\[[^]]*\] cpu[0-9]* [a-z]* info: \(ok\|not ok\) \(.*\)/\1 \2/p' | sed 's/^\(not ok [a-z0-9_]*\):* /\1: /'
if [ $status != 0 ]; then
	echo "not ok attack: the suite did not come to its end"
	tr -d '\000\033\r' <"$log" | tail -n 40 >&2
fi
exit $status
