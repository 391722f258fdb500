# The checks that scenarios name, and the ways to spoil what is booted. Sourced by tests/boot/run, which has the verdicts pass,
# fail and skip, and the scenario's own `folder`.

# guest ARGUMENT...: boots; status in $status, output in $folder/out, error output in $folder/err and, with the serial log's end,
# on stderr.
guest() {
	"$root/scripts/guest" --timeout 150 --serial-log "$folder/serial.log" "$@" >"$folder/out" 2>"$folder/err" </dev/null
	status=$?
	cat "$folder/err" >&2
	echo "status $status; the end of the serial log:" >&2
	tr -d '\000\033\r' <"$folder/serial.log" | tail -n 40 >&2
}

why() { # the driver's sentence, for a verdict
	grep -m 1 '^guest: ' "$folder/err" || echo "the command ended with status $status"
}

logged() { # PATTERN: a line of the serial log; all of it is read, because tr must not end by a pipe that nobody reads
	tr -d '\000\r' <"$folder/serial.log" | grep -a -e "$1" >/dev/null
}

# The command that a system which has come up must answer, and its answer.
alive='echo $((6*7)); while read -r line; do echo "motd: $line"; done </etc/motd; echo trouble >&2; exit 7'

came_up() {
	[ "$status" = 7 ] || fail "$(why)"
	[ "$(head -n 1 "$folder/out")" = 42 ] && grep -q '^motd: .*Hearth' "$folder/out" ||
		fail "the output is wrong: $(tr '\n' '|' <"$folder/out")"
	[ "$(tail -n 1 "$folder/err")" = trouble ] || fail "the error output is wrong: $(tail -n 1 "$folder/err")"
}

# boots OPTION... [-- QEMU-ARGUMENT...]: the system comes up, with these options of scripts/guest.
boots() {
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	guest "${options[@]}" "$alive" "$@"
	came_up
	pass
}

# dialogue NAME: what a person does at the serial line, as tests/boot/dialogues/NAME has it, gets the answers that it must.
dialogue() {
	guest --timeout 300 --dialogue "$root/tests/boot/dialogues/$1"
	[ "$status" = 0 ] || fail "$(why)"
	pass
}

# boots_with_memory SIZE: as boots, where this machine has that much and half a GiB more.
boots_with_memory() {
	local kilobytes=0 name value need=${1%[MG]}
	while read -r name value _; do
		[ "$name" = MemAvailable: ] && kilobytes=$value
	done </proc/meminfo
	case $1 in *G) need=$((need * 1024)) ;; esac
	[ $((kilobytes / 1024)) -ge $((need + 512)) ] || skip "this machine has not $1 of memory to spare"
	boots --memory "$1"
}

# with OPTION... -- CHECK ARGUMENT...: the check with these options of scripts/guest; for refuses and says.
machine=()
with() {
	while [ "$1" != -- ]; do
		machine+=("$1")
		shift
	done
	shift
	"$@"
}

# refuses PATTERN [SPOIL ARGUMENT...]: the loader gives up with a sentence like this once the ESP is spoilt so.
refuses() {
	local pattern=$1
	shift
	esp_make
	[ $# = 0 ] || "$@" || fail "cannot spoil it: $*"
	guest --esp "$folder/esp" --until 'nothing will say this' "${machine[@]}"
	[ "$status" = 125 ] || fail "$(why)"
	grep -q "^guest: boot failed: .*$pattern" "$folder/err" || fail "it is not refused, or the sentence is another: $(why)"
	pass
}

# says TEXT [SPOIL ARGUMENT...]: the loader does its part, and then these words come on COM1.
says() {
	local text=$1
	shift
	esp_make
	[ $# = 0 ] || "$@" || fail "cannot spoil it: $*"
	guest --esp "$folder/esp" --until "$text" --timeout 60 "${machine[@]}"
	[ "$status" = 0 ] || logged "$text" || fail "nothing says \"$text\": $(why)"
	pass
}

# A folder like the ESP, to be spoilt.
esp_make() {
	mkdir -p "$folder/esp/EFI/BOOT" "$folder/esp/hearth"
	cp "$root/esp/hearth/boot.conf" "$build/initfs.tar.zst" "$build/kernel/kernel.elf" "$folder/esp/hearth/" &&
		cp "$build/boot/BOOTX64.EFI" "$folder/esp/EFI/BOOT/" || fail "not everything is built"
}

# What an initfs of a scenario holds besides: initfs_add PATH [MODE] <CONTENT, then initfs_pack makes $folder/initfs.tar.zst.
initfs_add() {
	[ -d "$folder/stage" ] || cp -a "$build/initfs.stage" "$folder/stage" || fail "there is no initfs"
	mkdir -p "$(dirname "$folder/stage/$1")"
	cat >"$folder/stage/$1"
	chmod "${2:-644}" "$folder/stage/$1"
}
initfs_pack() {
	"$build/tools/initfs_pack" "$folder/initfs.tar" "$folder/stage" &&
		zstd -q -f -1 --check "$folder/initfs.tar" -o "$folder/initfs.tar.zst" || fail "cannot pack an initfs"
}

# Ways to spoil: files are named by their path in the ESP.
as_it_is() { :; }
without() { rm "$folder/esp/$1"; }
emptied() { : >"$folder/esp/$1"; }
cut_to() { truncate -s "$2" "$folder/esp/$1"; }
shortened_by() { truncate -s "-$2" "$folder/esp/$1"; }
filled_with() { printf "$2" >"$folder/esp/$1"; }
flipped_in_the_middle() {
	local file=$folder/esp/$1
	local middle=$(($(stat -c %s "$file") / 2)) byte
	byte=$(od -An -tu1 -j $middle -N 1 "$file")
	printf "\\x$(printf %02x $((byte ^ 255)))" | dd of="$file" bs=1 seek=$middle conv=notrunc status=none
}
conf_line() { echo "$1" >>"$folder/esp/hearth/boot.conf"; }
