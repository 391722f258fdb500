#!/bin/bash
# What the scripts say and do where Debian packages are missing (set_up in scripts/lib.sh), on a machine whose dpkg-query, apt-get,
# sudo and id are fakes in a folder that is all of PATH.
#
# needs: scripts/setup

. "$(dirname "$0")/../../scripts/lib.sh"
folder=$(mktemp -d "${TMPDIR:-/tmp}/hearth setup.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

for name in bash dirname sed nproc env; do ln -s "$(command -v "$name")" "$folder/$name" || exit 1; done
fake() { # NAME <TEXT: a program
	{ echo "#!$(command -v bash)"; cat; } >"$folder/$1"
	chmod 755 "$folder/$1"
}
# machine USER PACKAGE...: who runs the script, and what is installed
machine() {
	local user=$1
	shift
	rm -f "$folder"/{sudo,apt-get,log}
	printf 'echo %s\n' "$user" | fake id
	fake dpkg-query < <([ $# = 0 ] || printf "echo '%s installed'\n" "$@")
	echo 'echo "apt-get $*" >>"'"$folder"'/log"' | fake apt-get
}
# setup ARGUMENT...: runs scripts/setup; its status, output and error output, and what it has run, are kept
setup() {
	PATH=$folder "$folder/bash" "$root/scripts/setup" "$@" >"$folder/out" 2>"$folder/err" </dev/null
	status=$?
}
verdict() { # NAME CONDITION...
	local name=$1
	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name: status $status, stdout '$(tr '\n' '|' <"$folder/out")', stderr '$(tr '\n' '|' <"$folder/err")', run '$(tr '\n' '|' 2>/dev/null <"$folder/log")'"
		failed=1
	fi
}
says() { grep -q -e "$1" "$folder/err"; }
nothing_was_run() { [ ! -e "$folder/log" ]; }

mapfile -t all < <(awk '$1 ~ /^(build|test|check)$/ { print $2 }' "$root/scripts/packages")
command="    apt-get update \&\& apt-get install --yes --no-install-recommends"

machine 1000
setup
told() { [ "$status" = 1 ] && says 'there is no sudo here. Run as root:$' && says "^$command ${all[*]}\$" && nothing_was_run; }
verdict without_sudo_a_user_is_told_the_one_command_for_root told

machine 1000 "${all[@]:2}"
setup
only() { [ "$status" = 1 ] && says "^$command ${all[0]} ${all[1]}\$"; }
verdict the_command_names_only_what_is_missing only

machine 1000 "${all[@]}"
setup
quiet() { [ "$status" = 0 ] && [ ! -s "$folder/err" ] && nothing_was_run; }
verdict where_nothing_is_missing_nothing_is_done quiet

machine 1000 "${all[@]:1}"
echo 'exit 1' | fake sudo
setup
password() { [ "$status" = 1 ] && says 'sudo wants a password. Run as root:$' && says "^$command ${all[0]}\$" && nothing_was_run; }
verdict a_sudo_that_would_ask_nobody_is_not_waited_for password

machine 1000 "${all[@]:1}"
printf 'echo sudo >>"%s/log"\n[ "$1" = -n ] && shift\n[ "$1" = true ] || exec "$@"\n' "$folder" | fake sudo
setup
by_sudo() {
	[ "$status" = 0 ] && grep -v '^sudo$' "$folder/log" | cut -d ' ' -f 1 | sort -u | cmp -s - <(echo apt-get) &&
		grep -q " update\$" "$folder/log" && grep -q " install ${all[0]}\$" "$folder/log" && [ "$(grep -c '^sudo$' "$folder/log")" = 3 ]
}
verdict a_user_installs_through_sudo by_sudo

machine 0 "${all[@]:1}"
echo 'echo sudo; exit 1' | fake sudo
setup
by_root() { [ "$status" = 0 ] && grep -q " install ${all[0]}\$" "$folder/log"; }
verdict root_installs_without_sudo by_root

machine 0 "${all[@]:1}"
echo 'case "$*" in *install*) exit 100 ;; esac' | fake apt-get
setup
failure() { [ "$status" = 1 ] && says 'could not install what is missing' && says "^$command ${all[0]}\$"; }
verdict an_installation_that_fails_says_with_which_command failure

machine 1000
rm "$folder/dpkg-query"
setup
not_debian() { [ "$status" = 1 ] && says 'this is no Debian system'; }
verdict another_system_than_debian_is_told_what_to_do not_debian

exit $failed
