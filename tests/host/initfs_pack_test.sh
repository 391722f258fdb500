#!/bin/bash
# initfs_pack against GNU tar: what it packs is unpacked the same, lies at pages, and depends on nothing but the content.
export LC_ALL=C
pack=$PWD/build/tools/initfs_pack
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0
check() { # NAME COMMAND...: the command must succeed
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then echo "ok initfs_pack: $name"; else
		echo "not ok initfs_pack: $name: ${output:-$* failed}"
		failed=1
	fi
}

long=$(printf 'x%.0s' {1..120})
stage() { # FOLDER: the same content in another order, with other times and modes
	mkdir -p "$1/sub dir/$long" "$1/empty" && cd "$1" || return
	for name in ${2:-a b c d}; do head -c $((${#name} * 5000)) <<<"$(yes "$name" | head -c 5000)" >"$name"; done
	printf 'x' >"sub dir/$long/$long"
	printf 'program' >program && chmod 7${3:-55} program
	: >nothing
	ln -s a link
	ln -s "$long/$long" "sub dir/long link"
	seq 1 2000 | while read -r i; do printf '%4095d' "$i"; done >large
	cd - >/dev/null || return
}

(umask 077 && stage "$folder/one" "" 00)
sleep 1
(umask 000 && stage "$folder/two" "d c b a" 77)
export SOURCE_DATE_EPOCH=1700000000

same_bytes() {
	"$pack" "$folder/one.tar" "$folder/one" && "$pack" "$folder/two.tar" "$folder/two" && cmp "$folder/one.tar" "$folder/two.tar"
}
same_content() {
	mkdir "$folder/out" && tar -xf "$folder/one.tar" -C "$folder/out" && diff -r --no-dereference "$folder/one" "$folder/out"
}
# `block N: path` is where the member's header is; its content follows. A pax header may stand before.
at_pages() {
	local block path bad=0 files=0
	while read -r _ block path; do
		[ -f "$folder/one/$path" ] && [ ! -L "$folder/one/$path" ] && [ -s "$folder/one/$path" ] || continue
		files=$((files + 1))
		grep -abo "$(head -c 40 "$folder/one/$path")" "$folder/one.tar" | cut -d: -f1 | while read -r at; do
			[ $((at % 4096)) -eq 0 ] && echo found
		done | grep -q found || { echo "$path of block $block is not at a page" && bad=1; }
	done < <(tar -tRf "$folder/one.tar" 2>/dev/null)
	[ $files -eq 7 ] || { echo "$files files were looked at" && bad=1; }
	[ $(($(stat -c %s "$folder/one.tar") % 4096)) -eq 0 ] || bad=1
	return $bad
}
attributes() {
	local listing
	listing=$(tar --utc --full-time -tvf "$folder/one.tar") || return
	! grep -v ' 0/0 .* 2023-11-14 22:13:20 ' <<<"$listing" || return
	grep -q '^-rwxr-xr-x .* program$' <<<"$listing" && grep -q '^-rw-r--r-- .* a$' <<<"$listing" &&
		[ "$(awk '{print $6}' <<<"$listing")" = "$(awk '{print $6}' <<<"$listing" | sort)" ]
}
refuses_fifo() {
	mkdir "$folder/fifo" && mkfifo "$folder/fifo/pipe" || return
	local said
	said=$("$pack" "$folder/fifo.tar" "$folder/fifo" 2>&1) && return 1
	[[ $said == *fifo/pipe*neither* ]] && [ ! -e "$folder/fifo.tar" ]
}
refuses_missing() {
	local said
	said=$("$pack" "$folder/none.tar" "$folder/none" 2>&1) && return 1
	[[ $said == *"cannot read the folder $folder/none"* ]]
}
empty_folder() { "$pack" "$folder/empty.tar" "$folder/one/empty" && [ -z "$(tar -tf "$folder/empty.tar")" ]; }

check "the same content gives the same bytes" same_bytes
check "tar unpacks what was packed" same_content
check "every content begins at a page" at_pages
check "members are root's, dated, sorted, with plain modes" attributes
check "what is no file is refused and nothing is left" refuses_fifo
check "a missing folder is named" refuses_missing
check "an empty folder makes an empty archive" empty_folder
exit $failed
