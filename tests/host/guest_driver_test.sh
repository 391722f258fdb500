#!/bin/bash
# scripts/guest's driver (tools/guest/) against a QEMU that is a bash script: how a run ends and what it prints, without a
# machine. The script speaks on the sockets that the driver hands to QEMU; FAKE names what it does.
#
# needs: build/tools/guest

if [ -n "${FAKE:-}" ]; then
	for argument; do
		case $argument in
		socket,id=com1,fd=*) com1=${argument##*=} ;;
		socket,id=com2,fd=*) com2=${argument##*=} ;;
		socket,id=control,fd=*) control=${argument##*=} ;;
		esac
	done
	say() { printf '%b' "$*" >&"$com1"; }
	# record TYPE FILE: a record with the file's bytes
	record() {
		local size
		size=$(stat -c %s "$2")
		printf '%b' "$1\\x$(printf %02x $((size & 255)))\\x$(printf %02x $((size >> 8 & 255)))\\x$(printf %02x $((size >> 16)))\\0" >&"$com2"
		cat "$2" >&"$com2"
	}
	greet() { printf '\033[2J\033[01;01HH\1\0\0\0\1' >&"$com2"; }
	command() { # prints what was sent
		local header size
		header=$(head -c 5 <&"$com2" | od -An -tu1)
		set -- $header
		size=$(($2 + $3 * 256 + $4 * 65536))
		head -c "$size" <&"$com2"
	}
	exit_with() { printf '%b' "X\\4\\0\\0\\0\\x$(printf %02x "$1")\\0\\0\\0" >&"$com2"; }
	echo $$ >"$FAKE_FOLDER/pid"
	case $FAKE in
	echo)
		greet
		command >"$FAKE_FOLDER/command"
		record O "$FAKE_FOLDER/command"
		printf 'oops' >"$FAKE_FOLDER/error"
		record E "$FAKE_FOLDER/error"
		exit_with 7
		sleep 60
		;;
	megabyte)
		greet
		command >/dev/null
		split -b 65536 "$FAKE_FOLDER/megabyte" "$FAKE_FOLDER/piece."
		for piece in "$FAKE_FOLDER"/piece.*; do record O "$piece"; done
		exit_with 0
		;;
	quick_end) # everything is in the sockets before QEMU ends
		greet
		command >/dev/null
		exit_with 3
		;;
	silent) sleep 60 ;;
	panic)
		say '[   0.000001] cpu0 kernel info: Hearth\r\n[   0.5] cpu0 kernel info: last panic: old news\r\n'
		say 'a user may say panic: without harm\r\n'
		say '[   0.123456] cpu0 panic: nobody is left\r\n  at nowhere.c:1\r\n'
		sleep 60
		;;
	boot_failed)
		say 'BdsDxe: starting\r\n\033[01;02Hboot failed: \\hearth\\kernel.elf: not an ELF file\r\n'
		sleep 60
		;;
	nothing_to_boot) say 'BdsDxe: No bootable option or device was found.\r\n'; sleep 60 ;;
	dies) echo 'qemu: it hurts' >&2; exit 1 ;;
	off)
		greet
		command >/dev/null
		printf '{"timestamp": {}, "event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}\r\n' >&"$control"
		;;
	failed)
		greet
		command >/dev/null
		printf 'no shell' >"$FAKE_FOLDER/reason"
		record F "$FAKE_FOLDER/reason"
		sleep 60
		;;
	huge) greet; printf 'O\377\377\377\377' >&"$com2"; sleep 60 ;;
	unknown) greet; printf 'Z\0\0\0\0' >&"$com2"; sleep 60 ;;
	version) printf 'H\1\0\0\0\2' >&"$com2"; sleep 60 ;;
	firmware) say 'BdsDxe'; sleep 5 ;; # the probe hears it; the run then waits
	broken_kvm)
		case " $* " in *" kvm "*) echo 'qemu-system-x86_64: error: no such MSR' >&2; exit 1 ;; esac
		say 'up'
		sleep 30
		;;
	dialogue) # answers each key, and asks again when it has had the last
		say 'name? '
		for _ in 1 2 3 4 5; do keys+=$(head -c 1 <&"$com1" | od -An -tx1); done
		say "\r\033[1mgot$keys\033[0m more? end\r\n"
		sleep 60
		;;
	prompt) say 'hello\r\nhearth:/ # '; sleep 60 ;;
	shell) say 'ready> '; head -c 5 <&"$com1" >"$FAKE_FOLDER/typed" ;;
	esac
	exit 0
fi

. "$(dirname "$0")/../../scripts/lib.sh"
driver=$root/build/tools/guest
folder=$(mktemp -d "$root/build/guest driver.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/esp/EFI/BOOT"
echo loader >"$folder/esp/EFI/BOOT/BOOTX64.EFI"
export FAKE_FOLDER=$folder HEARTH_ACCEL=tcg HEARTH_QEMU=$folder/qemu
ln -s "$root/tests/host/guest_driver_test.sh" "$folder/qemu"
failed=0

# guest NAME-OF-FAKE ARGUMENT...: runs the driver; its status, output and error output are in the variables and files.
guest() {
	local fake=$1
	shift
	FAKE=$fake "$driver" guest --esp "$folder/esp" "$@" >"$folder/out" 2>"$folder/err" </dev/null
	status=$?
	gone=1
	[ -s "$folder/pid" ] && kill -0 "$(cat "$folder/pid")" 2>/dev/null && gone=0
}

# verdict NAME CONDITION...: what must hold.
verdict() {
	local name=$1
	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name: status $status, stdout '$(head -c 200 "$folder/out" | tr -d '\0' | tr '\n' '|')', stderr '$(head -c 600 "$folder/err" | tr '\n' '|')'"
		failed=1
	fi
}
ends() { [ "$status" = "$1" ] && [ $gone = 1 ]; }
says() { grep -q -e "$1" "$folder/err"; }

guest echo 'printf "%s\n" "two words"'
exact() {
	ends 7 && printf '%s' 'printf "%s\n" "two words"' | cmp -s - "$folder/out" &&
		[ "$(cat "$folder/err")" = "accelerator: TCG (HEARTH_ACCEL asks for it)
oops" ]
}
verdict guest_passes_command_output_errors_and_status exact

guest echo --tty "echo 'one  two' \"\$x\"" # the fake guest shows the line that it was sent
pty() { # as /bin/pty: its arguments, one to a line
	printf '<%s>\n' "$@"
}
quoted() {
	[ "$(sed 's,exec /bin/pty ,pty ,' "$folder/out" >"$folder/line" && . "$folder/line")" = "<sh>
<-c>
<echo 'one  two' \"\$x\">" ]
}
verdict guest_with_a_terminal_has_the_line_run_by_pty quoted

head -c 1048576 /dev/urandom >"$folder/megabyte"
guest megabyte x
equal() { ends 0 && cmp -s "$folder/megabyte" "$folder/out"; }
verdict guest_passes_a_megabyte_of_random_bytes_unchanged equal

guest quick_end x
verdict guest_reads_everything_that_qemu_wrote_before_it_ended ends 3

guest silent --timeout 0.3 x
timed_out() { ends 124 && says '^guest: time is up'; }
verdict guest_ends_with_124_on_timeout_and_kills_qemu timed_out

started=$SECONDS
guest panic --timeout 30 x
panicked() {
	ends 125 && says '^guest: the kernel ended: panic: nobody is left' && says 'at nowhere.c:1' && [ $((SECONDS - started)) -lt 10 ]
}
verdict guest_ends_with_125_at_a_panic_and_shows_the_report panicked

guest boot_failed --timeout 30 x
boot_failed() { ends 125 && says '^guest: boot failed: .hearth.kernel.elf: not an ELF file'; }
verdict guest_ends_with_125_when_the_loader_gives_up boot_failed

guest nothing_to_boot --timeout 30 x
nothing() { ends 125 && says '^guest: the firmware found nothing to boot'; }
verdict guest_ends_with_125_when_the_firmware_finds_no_loader nothing

guest dies x
died() { ends 125 && says '^guest: QEMU ended with status 1' && says 'it hurts'; }
verdict guest_shows_what_qemu_said_when_it_ended died

guest off x
off() { ends 125 && says 'switched off by the guest'; }
verdict guest_tells_that_the_machine_switched_itself_off off

guest failed x
refused() { ends 125 && says '^guest: the command could not be started: no shell'; }
verdict guest_tells_why_the_command_could_not_be_started refused

guest huge x
huge() { ends 125 && says 'announced a record of 4294967295 bytes'; }
verdict guest_refuses_a_record_that_is_too_long huge

guest unknown x
unknown() { ends 125 && says 'unknown type 0x5a'; }
verdict guest_refuses_a_record_of_unknown_type unknown

guest version x
version() { ends 125 && says 'version 2 of the link'; }
verdict guest_refuses_another_version_of_the_link version

guest prompt --serial-log "$folder/log" --until 'hearth:/ # '
until_prompt() { ends 0 && [ "$(cat "$folder/log")" = $'hello\r\nhearth:/ # ' ]; }
verdict guest_ends_well_at_the_text_it_waits_for until_prompt

printf '%s\n' '# a person' 'wait me? ' 'type a\t\x7f\\' 'line ' '' 'wait got 61 09 7f 5c 0d more?' 'wait end' >"$folder/steps"
guest dialogue --serial-log "$folder/log" --dialogue "$folder/steps"
dialogue() { ends 0 && grep -a -q 'more? end' "$folder/log"; }
verdict guest_types_when_what_it_waits_for_has_come dialogue

echo 'wait never' >>"$folder/steps"
guest dialogue --timeout 2 --dialogue "$folder/steps"
dialogue_stuck() { ends 124 && says 'line 8 of .*steps waits for: never'; }
verdict guest_tells_which_step_did_not_come dialogue_stuck

echo 'say hello' >"$folder/steps"
guest dialogue --dialogue "$folder/steps"
dialogue_refused() { ends 125 && says 'line 1: a step is wait, type or line'; }
verdict guest_refuses_a_step_that_is_none dialogue_refused

# Whether KVM works is found out by running the firmware on it, once for each QEMU; so each case has a QEMU of its own name.
accelerator() { # NAME TEXT: what is said with that fake
	ln -sf "$root/tests/host/guest_driver_test.sh" "$folder/qemu for $1"
	HEARTH_ACCEL= HEARTH_QEMU="$folder/qemu for $1" guest "$1" --until 'up' --timeout 1
	says "$2"
}
if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
	verdict kvm_is_used_if_the_firmware_runs_on_it accelerator firmware '^accelerator: KVM$'
	verdict kvm_is_not_used_if_qemu_fails_with_it accelerator broken_kvm '^accelerator: TCG (no KVM: error: no such MSR)'
	verdict and_the_run_is_a_good_one [ "$status" = 0 ]
else
	echo 'skip kvm_is_used_if_the_firmware_runs_on_it: there is no /dev/kvm to try'
fi

FAKE=silent "$driver" guest --esp "$folder/esp" x >"$folder/out" 2>"$folder/err" </dev/null &
job=$!
for ((i = 0; i < 100; i++)); do
	[ -s "$folder/pid" ] && grep -q accelerator "$folder/err" && pgrep -P $job >/dev/null && break
	sleep 0.1
done
sleep 0.3
kill -TERM $job
wait $job
status=$?
sleep 0.2
gone=1
kill -0 "$(cat "$folder/pid")" 2>/dev/null && gone=0
cleaned() { ends 143 && [ ! -e "$root/build/run/$job" ]; }
verdict guest_killed_by_a_signal_takes_qemu_and_its_folder_along cleaned

FAKE=silent "$driver" guest --esp "$folder/esp" x >"$folder/out" 2>"$folder/err" </dev/null &
job=$!
sleep 1
kill -KILL $job
wait $job 2>/dev/null
status=$?
sleep 0.3
gone=1
kill -0 "$(cat "$folder/pid")" 2>/dev/null && gone=0
guest quick_end x # whose start removes what the killed one left
swept() { [ $gone = 1 ] && [ ! -e "$root/build/run/$job" ]; }
verdict guest_that_was_killed_hard_leaves_nothing_for_long swept

guest_parallel() {
	local i jobs=()
	for i in 1 2 3 4; do
		FAKE=prompt "$driver" guest --esp "$folder/esp" --until 'hello' 2>/dev/null &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do wait "$i" || return 1; done
}
verdict guests_run_side_by_side guest_parallel

printf 'abcde' | FAKE=shell "$driver" run --esp "$folder/esp" --timeout 20 >"$folder/out" 2>"$folder/err"
status=$?
typed() { ends 0 && [ "$(cat "$folder/out")" = 'ready> ' ] && [ "$(cat "$folder/typed")" = abcde ]; }
verdict run_joins_terminal_and_serial_line typed

for bad in '--smp 0' '--smp x' '--memory 3X' '--machine vax' '--boot-from tape' '--timeout -1' '--nonsense' '--image x'; do
	guest echo $bad x
	[ "$status" = 2 ] || break
done
verdict guest_refuses_options_that_make_no_sense [ "$status" = 2 ]
guest echo
verdict guest_refuses_to_run_without_a_command [ "$status" = 2 ]
guest echo --disk "$folder/none" x
missing() { ends 125 && says '^guest: --disk .*: No such file'; }
verdict guest_names_the_disk_that_is_not_there missing

exit $failed
