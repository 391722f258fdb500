#!/bin/bash
# The loader in QEMU. Every bad input is tried in one machine, from the firmware's shell: the sentence, the status that the
# firmware is given, and that no memory is kept. Then tests/boot/probe.c, a kernel that checks the handoff, is booted on
# machines of many kinds. Prints "ok NAME" or "not ok NAME: why" for each.
#
# usage: loader_test.sh [PATTERN]   only the machines whose name matches; "failures" is the one with all bad inputs
# needs: build/boot/BOOTX64.EFI build/tests/boot/probe.elf
# environment: HEARTH_QEMU, HEARTH_OVMF_CODE, HEARTH_OVMF_VARS as for scripts/guest
. "$(dirname "$0")/../../scripts/lib.sh"
cd "$root" || exit 1
pattern=${1:-*}
qemu=${HEARTH_QEMU:-qemu-system-x86_64}
code=${HEARTH_OVMF_CODE:-/usr/share/OVMF/OVMF_CODE_4M.fd}
vars=${HEARTH_OVMF_VARS:-/usr/share/OVMF/OVMF_VARS_4M.fd}
loader=build/boot/BOOTX64.EFI
probe=build/tests/boot/probe.elf
build "$loader" "$probe"

work=$(mktemp -d "$root/build/tests/boot/run.XXXXXX") || exit 1
machine_pid=
cleanup() {
	[ -z "$machine_pid" ] || kill "$machine_pid" 2>/dev/null
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

failed=0
ok() { echo "ok loader: $1"; }
not_ok() {
	echo "not ok loader: $1: $2"
	failed=1
}
# check NAME WHY COMMAND...: ok if the command succeeds
check() {
	local name=$1 why=$2
	shift 2
	if "$@"; then ok "$name"; else not_ok "$name" "$why"; fi
}

# volume IMAGE MIB FOLDER: a FAT file system with the folder's files
volume() {
	export MTOOLS_SKIP_CHECK=1 MTOOLSRC=/dev/null
	rm -f "$1"
	truncate -s "$2M" "$1" && mformat -i "$1" -F -c 1 -N 48454152 :: && mcopy -s -i "$1" "$3"/* ::/ </dev/null ||
		die "cannot make $1"
}

# machine LOG SECONDS END QEMU-ARGS...: runs until END is in the log or QEMU ends; its status is QEMU's, 0 for END, 124 for time
machine() {
	local log=$1 seconds=$2 end=$3 status
	shift 3
	cp "$vars" "$work/vars.fd"
	: >"$log"
	"$qemu" -machine q35 -cpu max -m 256M -nodefaults -no-user-config -display none -monitor none \
		-drive if=pflash,unit=0,format=raw,readonly=on,file="${code//,/,,}" \
		-drive if=pflash,unit=1,format=raw,file="${work//,/,,}/vars.fd" \
		-device isa-debug-exit,iobase=0xf4,iosize=4 -serial "file:$log" "$@" </dev/null >"$log.qemu" 2>&1 &
	machine_pid=$!
	for ((i = seconds * 10; i > 0; i--)); do
		if ! kill -0 "$machine_pid" 2>/dev/null; then
			wait "$machine_pid"
			status=$?
			machine_pid=
			return $status
		fi
		if [ -n "$end" ] && grep -qaF "$end" "$log"; then break; fi
		sleep 0.1
	done
	kill "$machine_pid"
	wait "$machine_pid" 2>/dev/null
	machine_pid=
	[ "$i" -gt 0 ] || return 124
	return 0
}

# plain LOG: without the terminal's escapes
plain() {
	sed -e 's/\x1b\[[0-9;=?]*[A-Za-z]//g' -e 's/\r//g' "$1"
}

# ---- bad inputs

# patch FILE OFFSET BYTES: overwrites, BYTES as printf has them
patch() {
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# program_header FILE INDEX: its offset in the probe (headers begin at 64 and have 56 bytes)
header_at() { echo $((64 + 56 * $1)); }

names=() sentences=() statuses=()
# bad NAME STATUS SENTENCE: the next bad input; its boot.conf is $files/cases/N.conf if that exists, else it is missing
bad() {
	names+=("$1") statuses+=("$2") sentences+=("$3")
}
conf() {
	printf "$1" >"$files/cases/$((${#names[@]})).conf"
}
# kernel_case NAME STATUS SENTENCE: the kernel is $kernel, a changed copy of the probe
kernel_case() {
	local short=k${#names[@]}.elf
	mv "$kernel" "$files/hearth/$short"
	conf "kernel = $short\ninitfs = initfs\n"
	bad "$1" "$2" "\\\\hearth\\\\$short $3"
}
fresh_kernel() {
	kernel=$work/kernel
	cp "$probe" "$kernel"
}

make_failures() {
	local text rodata data dynamic table i zeros7='\0\0\0\0\0\0\0' zeros8='\0\0\0\0\0\0\0\0'
	# Which program header is which.
	text=$(readelf -lW "$probe" | awk '/^  [A-Z]/ && $1 != "Type" { if (/R E/) print n; n++ }')
	data=$(readelf -lW "$probe" | awk '/^  [A-Z]/ && $1 != "Type" { if ($1 == "LOAD" && /RW/) print n; n++ }')
	rodata=0
	dynamic=$(readelf -lW "$probe" | awk '$1 == "DYNAMIC" { print strtonum($2) }' 2>/dev/null)
	[ -n "$dynamic" ] || dynamic=$(($(readelf -lW "$probe" | awk '$1 == "DYNAMIC" { print $2 }')))

	bad 'boot.conf is missing' 10 'boot\.conf is missing on the volume'
	conf ''
	bad 'boot.conf is empty' 12 'boot\.conf is empty'
	conf '# nothing\n\n'
	bad 'boot.conf says nothing' 8 'boot\.conf names no kernel'
	conf 'kernel = probe.elf\n'
	bad 'boot.conf names no initfs' 9 'boot\.conf names no initfs'
	head -c 65537 /dev/zero | tr '\0' '#' >"$files/cases/${#names[@]}.conf"
	bad 'boot.conf is too large' 13 'boot\.conf has 64 KiB, and at most 64'
	mkdir "$files/cases/${#names[@]}.conf"
	bad 'boot.conf is a folder' 11 'boot\.conf is a folder'

	conf 'kernel = nothing.elf\ninitfs = initfs\n'
	bad 'the kernel is missing' 20 '\\hearth\\nothing\.elf is missing'
	conf 'kernel = /no/such/folder/k\ninitfs = initfs\n'
	bad 'the kernel'"'"'s folder is missing' 20 '\\no\\such\\folder\\k is missing'
	conf 'kernel = /hearth\ninitfs = initfs\n'
	bad 'the kernel is a folder' 21 '\\hearth is a folder'
	: >"$files/hearth/empty"
	conf 'kernel = empty\ninitfs = initfs\n'
	bad 'the kernel is empty' 22 '\\hearth\\empty is empty'
	conf 'kernel = large\ninitfs = initfs\n'
	bad 'the kernel is too large' 23 '\\hearth\\large has [0-9]* KiB, and at most 131072 are possible'
	fresh_kernel
	patch "$kernel" $(($(header_at "$data") + 40)) '\0\0\0\7'
	kernel_case 'the kernel needs too much memory' 23 'needs [0-9]* KiB in one piece'

	kernel=$work/kernel
	head -c 50 "$probe" >"$kernel"
	kernel_case 'the kernel is too short' 41 'is too short to be an ELF file'
	head -c 5000 /dev/zero >"$kernel"
	kernel_case 'the kernel is no ELF file' 42 'is not an ELF file'
	fresh_kernel
	patch "$kernel" 4 '\1'
	kernel_case 'the kernel is 32-bit' 43 'is not a 64-bit ELF file for x86-64'
	fresh_kernel
	patch "$kernel" 18 '\267'
	kernel_case 'the kernel is for another processor' 43 'is not a 64-bit ELF file for x86-64'
	fresh_kernel
	patch "$kernel" 16 '\1'
	kernel_case 'the kernel is an object file' 44 'is an ELF file but no program'
	fresh_kernel
	patch "$kernel" 32 '\377\377\377\377\377\377\377\377'
	kernel_case 'the kernel has headers outside the file' 45 'has ELF headers that contradict'
	fresh_kernel
	patch "$kernel" 56 '\0\0'
	kernel_case 'the kernel has no segments' 46 'has no segment to load'
	head -c 64 "$probe" >"$kernel"
	for ((i = 0; i < 17; i++)); do # type, flags; offset 0; address base + i pages; physical 0; 64 bytes in file and memory; alignment 0
		printf '\1\0\0\0\4\0\0\0%b\0%b\200\377\377\377\377%b\100%b\100%b%b' "$zeros8" "\\x$(printf %02x $((i % 16 * 16)))\\$((i / 16))" "$zeros8" \
			"$zeros7" "$zeros7" "$zeros8" >>"$kernel"
	done
	patch "$kernel" 56 '\21\0'
	kernel_case 'the kernel has too many segments' 47 'has more segments'
	fresh_kernel
	truncate -s 12000 "$kernel"
	kernel_case 'the kernel is cut off' 48 'has a segment that reaches beyond the end of the file'
	fresh_kernel
	patch "$kernel" $(($(header_at "$rodata") + 16)) '\0\0\0\160'
	kernel_case 'the kernel is linked too low' 49 'has a segment at addresses outside'
	fresh_kernel
	patch "$kernel" $(($(header_at "$data") + 40)) '\0\0\0\20'
	kernel_case 'the kernel reaches too high' 49 'has a segment at addresses outside'
	fresh_kernel
	patch "$kernel" $(($(header_at "$rodata") + 40)) '\1\20\0\0'
	kernel_case 'segments of the kernel overlap' 4a 'has segments that overlap'
	fresh_kernel
	patch "$kernel" $(($(header_at "$text") + 8)) '\20'
	kernel_case 'a segment of the kernel is misaligned' 4b 'has a segment whose address and file offset differ'
	fresh_kernel
	patch "$kernel" $(($(header_at "$text") + 4)) '\7'
	kernel_case 'a segment of the kernel is writable and executable' 4c 'has a segment that is both writable and executable'
	fresh_kernel
	patch "$kernel" 24 '\0\0\0\200'
	kernel_case 'the kernel'"'"'s entry is outside its text' 4d 'has an entry point outside'
	fresh_kernel
	i=$(od -An -v -tu8 -w16 -j "$dynamic" -N 512 "$kernel" | awk '$1 == 8 { print NR - 1; exit }')
	patch "$kernel" $((dynamic + 16 * i + 8)) '\1'
	kernel_case 'the kernel'"'"'s dynamic section is broken' 4e 'has a dynamic section that contradicts'
	fresh_kernel
	table=$((16#$(readelf -SW "$probe" | sed -n 's/.*\.rela\.dyn *RELA *[0-9a-f]* \([0-9a-f]*\).*/\1/p')))
	patch "$kernel" $((table + 8)) '\1'
	kernel_case 'the kernel has an unknown relocation' 4f 'has a relocation of an unknown kind'
	fresh_kernel
	i=$(od -An -v -tx8 -w16 -j "$dynamic" -N 512 "$kernel" | awk '$1 == "000000006ffffffb" { print NR - 1; exit }')
	patch "$kernel" $((dynamic + 16 * i + 8)) '\0\0\0\0'
	patch "$kernel" 16 '\2'
	kernel_case 'the kernel is linked at fixed addresses' 60 'is linked at fixed addresses'

	conf 'kernel = probe.elf\ninitfs = nothing.tar.zst\n'
	bad 'initfs is missing' 30 '\\hearth\\nothing\.tar\.zst is missing'
	conf 'kernel = probe.elf\ninitfs = /hearth/\n'
	bad 'initfs is a folder' 31 '\\hearth\\ is a folder'
	conf 'kernel = probe.elf\ninitfs = empty\n'
	bad 'initfs is empty' 32 '\\hearth\\empty is empty'
	conf 'kernel = probe.elf\ninitfs = large\n'
	bad 'initfs is larger than memory' 33 '\\hearth\\large has [0-9]* KiB, and the machine has not so much'
	conf 'kernel = probe.elf\ninitfs = unreadable\n'
	bad 'initfs is on a bad sector' 34 '\\hearth\\unreadable can not be read to its end (device error)'
}

# The firmware's shell runs startup.nsh, which puts each boot.conf in its place and starts the loader.
write_shell_script() {
	local i
	echo '@echo -off'
	echo 'fs0:'
	# The first start loads what the firmware keeps anyway (a driver's buffers), so that memory is compared after it.
	echo 'loader.efi'
	echo 'echo MEMORY BEFORE'
	echo 'memmap'
	for ((i = 0; i < ${#names[@]}; i++)); do
		echo 'if exist \hearth\boot.conf then'
		echo '  rm -q \hearth\boot.conf'
		echo 'endif'
		if [ -d "$files/cases/$i.conf" ]; then
			echo 'mkdir \hearth\boot.conf'
		elif [ -e "$files/cases/$i.conf" ]; then
			echo "cp -q \\cases\\$i.conf \\hearth\\boot.conf"
		fi
		echo "echo CASE $i"
		echo 'loader.efi'
		echo 'echo STATUS %lasterror%'
	done
	echo 'echo CASE end'
	echo 'echo MEMORY AFTER'
	echo 'memmap'
	echo 'echo CASES DONE'
}

loader_pages() { # LOG WHEN: of the firmware's summary
	plain "$1" | awk -v when="MEMORY $2" '$0 ~ when { on = 1 } on && /LoaderData|LoaderCode/ && /Pages/ { print; if (++n == 2) exit }'
}

test_failures() {
	local log=$work/failures.log i part status
	files=$work/files
	mkdir -p "$files/hearth" "$files/cases"
	cp "$loader" "$files/loader.efi"
	cp "$probe" "$files/hearth/probe.elf"
	head -c 4096 /dev/urandom >"$files/hearth/initfs"
	truncate -s 260M "$files/hearth/large"
	{ head -c 65536 /dev/urandom && printf 'HERE IS A SECTOR THAT CAN NOT BE READ' && head -c 65536 /dev/urandom; } >"$files/hearth/unreadable"
	make_failures
	write_shell_script | sed 's/$/\r/' >"$files/startup.nsh"
	volume "$work/failures.img" 320 "$files"
	sector=$(($(grep -obaF 'HERE IS A SECTOR THAT CAN' "$work/failures.img" | head -1 | cut -d: -f1) / 512))
	machine "$log" 120 'CASES DONE' -m 128M \
		-blockdev "driver=file,node-name=file,filename=${work//,/,,}/failures.img" \
		-blockdev "driver=raw,node-name=raw,file=file" \
		-blockdev "driver=blkdebug,node-name=esp,image=raw,inject-error.0.event=none,inject-error.0.iotype=read,inject-error.0.sector=$sector,inject-error.0.once=off" \
		-device virtio-blk-pci,drive=esp || {
		not_ok 'every bad input is answered' "the machine stopped: $(plain "$log" | tail -1)"
		return
	}
	for ((i = 0; i < ${#names[@]}; i++)); do
		part=$(plain "$log" | awk -v from="CASE $i" -v to="^CASE" '$0 == from { on = 1; next } on && $0 ~ to { exit } on')
		status=$(sed -n 's/^STATUS 0x//p' <<<"$part")
		if ! grep -q "^boot failed: .*${sentences[i]}" <<<"$part"; then
			not_ok "${names[i]}" "the sentence is: $part"
		elif [ "$status" = "" ] || [ $((16#$status)) != $((16#${statuses[i]})) ]; then # the shell shows the low half alone
			not_ok "${names[i]}" "the status is $status"
		else
			ok "${names[i]}"
		fi
	done
	check 'each sentence is printed once' "$(grep -ac 'boot failed:' "$log") times" [ "$(grep -ac 'boot failed:' "$log")" = $((${#names[@]} + 1)) ]
	check 'failures keep no memory' "$(loader_pages "$log" BEFORE) became $(loader_pages "$log" AFTER)" \
		[ -n "$(loader_pages "$log" BEFORE)" -a "$(loader_pages "$log" BEFORE)" = "$(loader_pages "$log" AFTER)" ]
}

# ---- machines

# prepare COMMAND-LINE [MORE-CONF]: a volume with the probe
prepare() {
	rm -rf "$work/esp"
	mkdir -p "$work/esp/EFI/BOOT" "$work/esp/hearth"
	cp "$loader" "$work/esp/EFI/BOOT/BOOTX64.EFI"
	cp "$probe" "$work/esp/hearth/kernel.elf"
	[ -e "$work/initfs" ] || head -c 5000001 /dev/urandom >"$work/initfs"
	cp "$work/initfs" "$work/esp/hearth/initfs.tar.zst"
	printf 'kernel = kernel.elf\ninitfs = initfs.tar.zst\ncommand_line = %s\n%b' "$1" "${2:-}" >"$work/esp/hearth/boot.conf"
	volume "$work/esp.img" 48 "$work/esp"
	esp="if=none,id=esp,format=raw,snapshot=on,file=${work//,/,,}/esp.img"
}

# value LOG NAME: what the probe printed
value() {
	plain "$1" | sed -n "s/^probe $2 //p" | head -1
}

# boots NAME QEMU-ARGS...: the probe must find that all holds; the log is $log
boots() {
	local name=$1 status
	shift
	log=$work/probe.log
	machine "$log" 60 '' "$@"
	status=$?
	if [ $status = 33 ]; then
		ok "$name"
		return 0
	fi
	not_ok "$name" "QEMU ended with $status: $(plain "$log" | grep -a '^not ok\|boot failed' | head -3 | tr '\n' ' ')$(plain "$log" | tail -1) $(head -1 "$log.qemu")"
	return 1
}

wanted() {
	case $1 in $pattern) return 0 ;; esac
	return 1
}

checksum() { # of a file as the probe computes it
	od -An -v -tu1 -w1 "$1" | awk '{ sum = (sum + $1 * NR) % 4294967296 } END { printf "0x%x\n", sum }'
}

test_machines() {
	local places feature
	prepare 'one  two=3 # four' 'resolution = 1024x768\nfrobnicate = yes\n'
	if wanted q35 && boots 'q35' -drive "$esp" -device virtio-blk-pci,drive=esp -vga std -device virtio-rng-pci; then
		check 'initfs arrives equal' "$(value "$log" initfs.checksum)" [ "$(value "$log" initfs.checksum)" = "$(checksum "$work/initfs")" ]
		check 'the command line arrives' "$(value "$log" 'command line')" [ "$(value "$log" 'command line')" = 'one  two=3 # four' ]
		check 'the wanted resolution is set' "$(value "$log" framebuffer.width)" [ "$(value "$log" framebuffer.width)x$(value "$log" framebuffer.height)" = 0x400x0x300 ]
		check 'an unknown key is reported with its line' 'it is not' grep -qa 'boot.conf line 5: unknown key "frobnicate" is ignored' "$log"
		check 'the seed is the firmware'"'"'s' "$(value "$log" seed.source)" [ "$(value "$log" seed.source)" = 0x1 ]
		check 'the clock is right to a minute' "$(value "$log" wall)" [ $(($(date +%s) - $(value "$log" wall))) -lt 60 -a $(($(date +%s) - $(value "$log" wall))) -gt -5 ]
		places=$(value "$log" slide)$(value "$log" direct_map)
	fi
	prepare '' 'resolution = 123x45\n'
	if wanted 'no generator' && boots 'no random number generator' -drive "$esp" -device virtio-blk-pci,drive=esp -vga std -cpu max,-rdrand; then
		check 'a resolution that does not exist is reported' 'it is not' grep -qa 'no screen mode is 123x45' "$log"
		check 'there is no seed' "$(value "$log" seed.source)" [ "$(value "$log" seed.source)" = 0x0 ]
		check 'slide and direct map differ from boot to boot all the same' "$places" [ "$places" != "$(value "$log" slide)$(value "$log" direct_map)" ]
	fi
	prepare 'panic=write'
	wanted reset && boots 'a reset' -drive "$esp" -device virtio-blk-pci,drive=esp -vga std &&
		check 'the panic area survives a reset' 'it does not' grep -qa 'ok the panic report has survived the reset' "$log"
	prepare ''
	if wanted pc && boots 'pc, AHCI, no screen' -machine pc -drive "$esp" -device ahci,id=hba -device ide-hd,bus=hba.0,drive=esp; then
		check 'no screen is said' 'it is not' grep -qa 'KiB, no screen' "$log"
		check 'the seed is the processor'"'"'s' "$(value "$log" seed.source)" [ "$(value "$log" seed.source)" = 0x2 ]
	fi
	wanted blt && boots 'a screen without framebuffer' -drive "$esp" -device nvme,serial=h,drive=esp -device virtio-gpu-pci &&
		check 'counts as none' "$(value "$log" framebuffer.width)" [ "$(value "$log" framebuffer.width)" = 0x0 ]
	wanted 'two screens' && boots 'two screens, the first without framebuffer' -drive "$esp" -device qemu-xhci -device usb-storage,drive=esp -device virtio-gpu-pci -device bochs-display &&
		check 'the other is found' "$(value "$log" framebuffer.width)" [ "$(value "$log" framebuffer.width)" != 0x0 ]
	wanted ramfb && boots 'a framebuffer in RAM' -drive "$esp" -device ide-hd,drive=esp -device ramfb &&
		check 'is found' "$(value "$log" framebuffer.width)" [ "$(value "$log" framebuffer.width)" != 0x0 ]
	wanted small && boots '96 MiB' -m 96M -drive "$esp" -device virtio-blk-pci,drive=esp
	wanted large && boots '6 GiB' -m 6G -drive "$esp" -device virtio-scsi-pci -device scsi-hd,drive=esp &&
		check 'pages of 1 GiB are used' "$(value "$log" pages.1g)" [ $(($(value "$log" pages.1g))) -gt 0 ]
	wanted 'no 1 GiB' && boots '5 GiB without pages of 1 GiB' -m 5G -cpu max,-pdpe1gb -drive "$esp" -device virtio-blk-pci,drive=esp &&
		check 'none are used' "$(value "$log" pages.1g)" [ "$(value "$log" pages.1g)" = 0x0 ]
	for feature in fsgsbase xsave cx16 nx; do
		wanted "cpu $feature" || continue
		log=$work/cpu.log
		machine "$log" 30 'failed to start' -cpu "max,-$feature" -drive "$esp" -device virtio-blk-pci,drive=esp
		check "a processor without $feature" "$(plain "$log" | tail -3 | tr '\n' ' ')" \
			grep -qaE '^boot failed: the processor lacks (FSGSBASE|XSAVE|CMPXCHG16B|NX),' <(plain "$log")
	done
}

if wanted failures; then test_failures; fi
test_machines
exit $failed
