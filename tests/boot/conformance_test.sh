#!/bin/bash
# A sample of what make conformance runs, in one boot: of the tests that busybox's authors wrote for busybox and its shell, the groups
# that tests/conformance/sample lists. A group holds if as many of its tests pass as on Linux.
#
# needs: system

. "$(dirname "$0")/../../scripts/lib.sh"
cd "$root" || exit 1
image=build/conformance.tar.zst
sample=tests/conformance/sample

# It needs Debian's source package, which is fetched once and is no part of what the system is built from.
if ! (HEARTH_BUILT='' build "$image"); then
	[ ! -e build/payload/busybox-source/.unpacked ] || die "the image of the tests can not be built"
	echo "skip conformance: Debian's source package of busybox is not here and can not be fetched"
	exit
fi
folder=$(mktemp -d "$root/build/tests/conformance.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP

mapfile -t groups < <(sed -n 's/^\([a-z]\S*\) .*/\1/p' "$sample")
scripts/guest --memory 512M --timeout 550 --initfs "$image" --serial-log "$folder/serial.log" \
	"cp -a /conformance /tmp/c && exec sh /conformance/run /tmp/c ${groups[*]}" >"$folder/results" </dev/null
status=$?
cat "$folder/results" >&2
if [ $status != 0 ] || [ "$(tail -n 1 "$folder/results")" != DONE ]; then
	tr -d '\000\033\r' <"$folder/serial.log" | tail -n 40 >&2
	echo "not ok conformance: the tests did not come to their end"
	exit 1
fi
awk '
	FILENAME != ARGV[1] && !/^#/ { must[$1] = $2; order[++groups] = $1 }
	FILENAME == ARGV[1] && NF > 1 {
		group = $2
		sub(/:$/, "", group)
		if ($1 == "PASS")
			passed[group]++
		else if ($1 != "SKIP")
			others[group] = others[group] "; " $0
	}
	END {
		for (i = 1; i <= groups; i++) {
			group = order[i]
			if (passed[group] + 0 == must[group])
				print "ok " group
			else {
				print "not ok " group ": " passed[group] + 0 " tests pass and not " must[group] others[group]
				bad = 1
			}
		}
		exit bad
	}' "$folder/results" "$sample"
