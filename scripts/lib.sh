# What the scripts share; sourced by them. Needs bash and coreutils. Sets `root`, the folder of the tree.
set -u -o pipefail

export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
case :$PATH: in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin:/sbin ;; esac
export PATH
unset MAKEFLAGS MFLAGS MAKELEVEL CDPATH

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
program=${0##*/}

# die SENTENCE...: the end, with a reason.
die() {
	echo "$program: $*" >&2
	exit 1
}

# cpus: how many the machine has.
cpus() {
	nproc 2>/dev/null || echo 1
}

# missing_packages SET...: prints those Debian packages of scripts/packages that are not installed.
missing_packages() {
	local sets=" $* " set package installed
	installed=$'\n'$(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/:[a-z0-9]* installed$/ installed/; s/ installed$//p')$'\n'
	while read -r set package _; do
		case $set in '' | '#'*) continue ;; esac
		case $sets in *" $set "*) ;; *) continue ;; esac
		case $installed in *$'\n'"$package"$'\n'*) ;; *) echo "$package" ;; esac
	done <"$root/scripts/packages"
}

# set_up SET...: installs what is missing of these sets; silent when nothing is.
set_up() {
	if ! command -v dpkg-query >/dev/null; then
		[ -n "${HEARTH_NOT_DEBIAN:-}" ] ||
			die "this is no Debian system: install the programs that scripts/packages lists by hand, then set HEARTH_NOT_DEBIAN=1"
		return
	fi
	local packages
	mapfile -t packages < <(missing_packages "$@")
	[ ${#packages[@]} -eq 0 ] || install_packages "${packages[@]}"
}

install_packages() {
	local as_root=() line="apt-get update && apt-get install --yes --no-install-recommends $*"
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null; then
			die $'some Debian packages are missing and there is no sudo here. Run as root:\n\n    '"$line"$'\n'
		fi
		as_root=(sudo env "DEBIAN_FRONTEND=$DEBIAN_FRONTEND" "PATH=$PATH")
		if ! sudo -n true 2>/dev/null && ! [ -t 0 -o -t 2 ]; then
			die $'some Debian packages are missing and sudo wants a password. Run as root:\n\n    '"$line"$'\n'
		fi
	fi
	echo "$program: installing the Debian packages $*" >&2
	"${as_root[@]}" apt-get -qq update >&2 ||
		echo "$program: apt-get update reported errors; going on with the package lists there are" >&2
	"${as_root[@]}" apt-get -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 install "$@" </dev/null >&2 ||
		die $'apt-get could not install what is missing. The command was:\n\n    '"$line"$'\n'
}

# build [TARGET...]: makes it, one build at a time in this tree. Commands are shown only with HEARTH_VERBOSE=1.
build() {
	[ -n "${HEARTH_BUILT:-}" ] && return
	local silent=-s
	[ -n "${HEARTH_VERBOSE:-}" ] && silent=
	mkdir -p "$root/build" || die "cannot write in $root"
	(
		flock 9
		exec make $silent -C "$root" --no-print-directory "-j$(cpus)" "$@" 9>&-
	) 9>"$root/build/.lock" >&2 || die "the build failed"
}
