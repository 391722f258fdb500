#!/bin/bash
# The kernel's machine layer: tests/machine/, a kernel that runs pieces of code in user mode and looks at what arrives. Run on
# machines of several kinds; then one start for each way in which the kernel itself can go wrong, which must end in a panic that
# says so. Where Bochs is installed (packages bochs and bochs-term) it is a machine too: it has what QEMU's emulation lacks, among
# it SIMD and alignment exceptions, an iretq that refuses bad addresses, AVX-512 and the TSC deadline; but no ACPI and no pins.
#
# usage: machine_test.sh [PATTERN]   only the machines and panics whose name matches
# needs: build/boot/BOOTX64.EFI build/tests/machine.elf
# environment: HEARTH_QEMU, HEARTH_OVMF_CODE, HEARTH_OVMF_VARS as for scripts/guest
. "$(dirname "$0")/../../scripts/lib.sh"
cd "$root" || exit 1
pattern=${1:-*}
qemu=${HEARTH_QEMU:-qemu-system-x86_64}
code=${HEARTH_OVMF_CODE:-/usr/share/OVMF/OVMF_CODE_4M.fd}
vars=${HEARTH_OVMF_VARS:-/usr/share/OVMF/OVMF_VARS_4M.fd}
kernel=build/tests/machine.elf
build build/boot/BOOTX64.EFI "$kernel"

mkdir -p build/tests/boot
work=$(mktemp -d "$root/build/tests/boot/machine.XXXXXX") || exit 1
machine_pid=
after=0 # seconds from the end of a start to that of QEMU
cleanup() {
	[ -z "$machine_pid" ] || kill "$machine_pid" 2>/dev/null
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
mkdir -p "$work/files/hearth"
cp "$kernel" "$work/files/hearth/kernel.elf"
echo initfs >"$work/files/hearth/initfs"

# What every start ends with.
end='The machine test has (passed|failed)|The machine has stopped'

failed=0
not_ok() {
	echo "not ok machine: $1: $2"
	failed=1
}

# machine LOG SECONDS END COMMAND-LINE QEMU-ARGS...: runs until END is in the log or QEMU ends; 124 for neither in time
machine() {
	local log=$1 seconds=$2 end=$3 line=$4 i
	shift 4
	printf 'kernel = kernel.elf\ninitfs = initfs\ncommand_line = %s\n' "$line" >"$work/files/hearth/boot.conf"
	scripts/esp "$work/esp.img" --files "$work/files" || return 1
	cp "$vars" "$work/vars.fd"
	: >"$log"
	"$qemu" -m 128M -nodefaults -no-user-config -display none -monitor none \
		-drive if=pflash,unit=0,format=raw,readonly=on,file="${code//,/,,}" \
		-drive if=pflash,unit=1,format=raw,file="${work//,/,,}/vars.fd" \
		-drive if=none,id=esp,format=raw,snapshot=on,file="${work//,/,,}/esp.img" -device virtio-blk-pci,drive=esp \
		-device isa-debug-exit,iobase=0xf4,iosize=4 -serial "file:$log" "$@" </dev/null >"$log.qemu" 2>&1 &
	machine_pid=$!
	for ((i = seconds * 10; i > 0; i--)); do
		kill -0 "$machine_pid" 2>/dev/null || break
		grep -qaE "$end" "$log" && break
		sleep 0.1
	done
	sleep "$after"
	kill "$machine_pid" 2>/dev/null
	wait "$machine_pid" 2>/dev/null
	machine_pid=
	[ "$i" -gt 0 ] || return 124
}

# bochs LOG SECONDS END CPU
bochs() {
	local log=$1 seconds=$2 end=$3 i
	printf 'kernel = kernel.elf\ninitfs = initfs\n' >"$work/files/hearth/boot.conf"
	scripts/esp "$work/disk.img" --files "$work/files" || return 1
	cat >"$work/bochsrc" <<-END
		cpu: model=$4, count=1, ips=100000000, reset_on_triple_fault=0
		memory: guest=128, host=128
		romimage: file=/usr/share/ovmf/OVMF.fd, address=0xffe00000, options=none
		vgaromimage: file=/usr/share/seabios/vgabios-stdvga.bin
		ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
		ata0-master: type=disk, path=disk.img, mode=flat
		boot: disk
		com1: enabled=1, mode=file, dev=serial.log
		display_library: term
		log: bochs.log
		panic: action=report
		error: action=ignore
		info: action=ignore
		pci: enabled=1, chipset=i440fx
		clock: sync=none
	END
	echo c >"$work/commands"
	: >"$work/serial.log"
	# It draws on a terminal, and Debian's begins with its debugger's prompt.
	(cd "$work" && TERM=xterm exec script -qec 'exec bochs -q -f bochsrc -rc commands' /dev/null) </dev/null >/dev/null 2>&1 &
	machine_pid=$!
	for ((i = seconds * 10; i > 0; i--)); do
		kill -0 "$machine_pid" 2>/dev/null || break
		grep -qaE "$end" "$work/serial.log" && break
		sleep 0.1
	done
	kill "$machine_pid" 2>/dev/null
	wait "$machine_pid" 2>/dev/null
	machine_pid=
	cp "$work/serial.log" "$log"
	rm -f "$work/disk.img" "$work/disk.img.lock"
}

# steps NAME QEMU-ARGS...: all steps on that machine; each line of the log that is a test's becomes one here
steps() {
	local name=$1 log=$work/steps.log count
	shift
	case $name in $pattern) ;; *) return ;; esac
	if [ "$name" = bochs ]; then
		if ! command -v bochs >/dev/null || [ ! -f /usr/share/ovmf/OVMF.fd ]; then
			echo 'skip machine: bochs: the packages bochs and bochs-term are not installed'
			return
		fi
		bochs "$log" 120 "$end" tigerlake
	else
		machine "$log" 90 "$end" '' "$@"
	fi
	tr -d '\r' <"$log" | grep -aE '^(ok|not ok|skip) machine: ' | sed "s/machine: /machine: $name: /"
	count=$(grep -acE '^(ok|skip) machine: ' "$log")
	if ! grep -qaF 'The machine test has passed' "$log"; then
		not_ok "$name" "it did not come to its end after $count steps: $(tail -n 3 "$log" | tr -d '\r' | tr '\n' ' ')"
	fi
}

# panics NAME SENTENCE WORD...: a start with test=NAME ends in this panic, whose report has all the words
panics() {
	local name=$1 sentence=$2 log=$work/panic.log word
	shift 2
	case panic.$name in $pattern) ;; *) return ;; esac
	machine "$log" 60 "$end" "test=$name" -machine q35 -cpu max -smp 2
	if sed '1,/panic: /d' "$log" | grep -qaF 'Another CPU runs'; then
		not_ok "panic.$name" 'another CPU went on after the panic began'
		return
	fi
	for word in "panic: $sentence" "$@"; do
		if ! grep -qaF -- "$word" "$log"; then
			not_ok "panic.$name" "its report lacks '$word'"
			return
		fi
	done
	echo "ok machine: panic.$name"
}

steps q35 -machine q35 -cpu max
steps pc -machine pc -cpu max
steps no_hpet -machine q35,hpet=off -cpu max
steps bochs
steps four_cpus -machine q35 -cpu max -smp 4
steps eight_cpus_in_sockets -machine pc -cpu max -smp 8,sockets=4,cores=1,threads=2
steps few_protections -machine q35 -cpu max,-smap,-smep,-umip,-pge

panics null 'page fault in the kernel: it wrote address 0x0, so a null pointer was followed' 'rax 0000' 'The kernel went this way'
panics stack "the kernel's stack overflowed" 'rax 0000'
panics user 'page fault in the kernel: it read address 0x400000, which its page' 'cr2 0000000000400000'
after=0.5
panics other 'page fault in the kernel: it wrote address 0x0' ', cpu1, '
panics others 'the first CPU has had enough' 'Another CPU runs' 'cpu0'
after=0
panics constants 'page fault in the kernel: it wrote address 0xffffffff' "which its page's rights do not allow"

exit $failed
