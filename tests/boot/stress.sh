#!/bin/bash
# Does scripts/guest come through a busy host? Runs it many times, two at a time, while other programs use every processor; each run
# must print what its command prints and exit with its status. Not a part of scripts/test: 100 runs take some five minutes.
#
#   tests/boot/stress.sh [RUNS [PREFIX...]]     PREFIX: words before each scripts/guest
#
# What failed is kept in build/stress/: N.out, N.err, N.log (the serial log).
. "$(dirname "$0")/../../scripts/lib.sh"
runs=${1:-100}
prefix=("${@:2}")
folder=$root/build/stress
cd "$root" || exit 1
build system
rm -rf "$folder"
mkdir -p "$folder" || exit 1

burners=()
trap '[ ${#burners[@]} = 0 ] || kill "${burners[@]}"' EXIT
for ((i = 0; i < $(cpus); i++)); do
	(while :; do :; done) &
	burners+=($!)
done

# run N: one of them.
run() {
	local at=$folder/$1 status
	HEARTH_BUILT=1 "${prefix[@]}" scripts/guest --serial-log "$at.log" "echo hi $1; exit $(($1 % 100))" >"$at.out" 2>"$at.err" </dev/null
	status=$?
	if [ $status = $(($1 % 100)) ] && [ "$(<"$at.out")" = "hi $1" ]; then
		rm -f "$at".*
		echo "ok $1"
	else
		echo "not ok $1: status $status, $(grep -a '^guest:' "$at.err" | head -n 1)"
	fi
}

half() {
	local i
	for ((i = $1; i <= runs; i += 2)); do run "$i"; done
}

half 1 >"$folder/first" &
half 2 >"$folder/second" || exit 1
wait $!
cat "$folder/first" "$folder/second" | grep '^not ok'
failed=$(cat "$folder/first" "$folder/second" | grep -c '^not ok')
echo "$((runs - failed)) of $runs passed"
[ "$failed" = 0 ]
