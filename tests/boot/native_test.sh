#!/bin/bash
# The native suite (tests/guest/native/) in QEMU, on the kernel that has it in root's place. Prints its lines.
. "$(dirname "$0")/../../scripts/lib.sh"
cd "$root" || exit 1
kernel=build/tests/guest/native/kernel.elf
build "$kernel"
log=$(mktemp "$root/build/tests/native.XXXXXX") || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP

scripts/guest --kernel "$kernel" --memory 256M --timeout 250 --until 'native: ' --serial-log "$log" </dev/null >/dev/null
status=$?
tr -d '\000\r' <"$log" | sed -n 's/^\[[^]]*\] cpu[0-9]* [a-z]* info: \(ok\|not ok\) \(.*\)/\1 \2/p' | sed 's/^\(not ok [a-z0-9_]*\):* /\1: /'
if [ $status != 0 ]; then
	echo "not ok native: the suite did not come to its end"
	tr -d '\000\033\r' <"$log" | tail -n 40 >&2
fi
exit $status
