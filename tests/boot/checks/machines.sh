# Machines, what they boot from and how fast, and archives and kernels that are not as they should be.

disk() {
	local disk="$folder/a disk, with a comma"
	head -c 1048576 /dev/urandom >"$disk"
	cp "$disk" "$folder/copy"
	guest --disk "$disk" "$alive"
	came_up
	cmp -s "$disk" "$folder/copy" || fail "the disk was written to"
	pass
}

# No command can be given to it: the shell's prompt must come.
prompt_text=' # '
image() {
	HEARTH_IMAGE="$folder/hearth.img" "$root/scripts/image" >&2 || fail "scripts/image failed"
	guest --image "$folder/hearth.img" --boot-from usb --until "$prompt_text"
	[ "$status" = 0 ] || fail "$(why)"
	pass
}

prompt() {
	guest --until "$prompt_text"
	[ "$status" = 0 ] || fail "$(why)"
	logged 'Welcome to Hearth' || fail "the motd is not there"
	pass
}

clock() {
	guest "$(cat "$root/tests/boot/clock.sh")" -- -rtc base=2001-02-03T04:05:06
	[ "$status" = 0 ] || fail "$(grep -m 1 '^not ok' "$folder/out" || why)"
	[ "$(grep -c '^ok clock' "$folder/out")" = 16 ] || fail "not all of it has run"
	pass
}

# From the loader's first instruction to the kernel's: at most 20 million instructions, which is the same whatever else this machine
# does, and at most 0.4 s of translated execution in the best of five runs. That is not held against a machine that is too busy.
loader_in_time() {
	local ticks mhz ms best=
	head -c 16M /dev/urandom | initfs_add tests/bytes
	initfs_pack
	loader_ticks --icount
	[ "$ticks" -le 20000000 ] || fail "$ticks instructions with an initfs of 16 MiB"
	for _ in 1 2 3 4 5; do
		HEARTH_ACCEL=tcg loader_ticks
		mhz=$(tr -d '\000\r' <"$folder/serial.log" | sed -n 's/.*clock: TSC at \([0-9]*\)\.[0-9]* MHz.*/\1/p')
		ms=$((ticks / mhz / 1000))
		[ -n "$best" ] && [ "$best" -le "$ms" ] || best=$ms
		[ "$best" -gt 400 ] || { echo "$best ms" >&2 && pass; }
	done
	read -r load _ </proc/loadavg
	[ "${load%.*}" -lt "$(cpus)" ] || skip "$best ms, but this machine is busy (its load is $load)"
	fail "$best ms with an initfs of 16 MiB"
}

loader_ticks() { # OPTION...: sets `ticks`
	guest --initfs "$folder/initfs.tar.zst" --cmdline bench --until 'bench: boot.kernel' "$@"
	ticks=$(tr -d '\000\r' <"$folder/serial.log" | sed -n 's/.*bench: boot.loader \([0-9]*\) ticks.*/\1/p')
	[ "$status" = 0 ] && [ -n "$ticks" ] || fail "$(why)"
	echo "the loader took $ticks ticks" >&2
}

# A loader of the same source with another version in abi/bootinfo.h.
other_bootinfo_version() {
	local other=$folder/other
	mkdir "$other" && cp -R "$root/Makefile" "$root/abi" "$root/boot" "$root/common" "$other/" &&
		sed -i 's/^\(#define BOOTINFO_VERSION\) .*/\1 4711/' "$other/abi/bootinfo.h" &&
		make -s -C "$other" build/boot/BOOTX64.EFI >&2 && cp "$other/build/boot/BOOTX64.EFI" "$folder/esp/EFI/BOOT/"
}

initfs_of_gigabytes() {
	head -c 3G /dev/zero | zstd -q -1 -f -o "$folder/esp/hearth/initfs.tar.zst"
}

# Nothing lies at a page, and the header does not say how large it is.
initfs_by_tar() {
	tar -cf - -C "$build/initfs.stage" . | zstd -q >"$folder/initfs.tar.zst" || fail "tar and zstd failed"
	guest --initfs "$folder/initfs.tar.zst" "$alive"
	came_up
	pass
}

# An initfs that nobody can unpack ends root, and root's end is a panic.
panic_report() {
	esp_make
	filled_with hearth/initfs.tar.zst 'this is no archive'
	guest --esp "$folder/esp" --reset-after-panic --until 'last-panic' --timeout 60
	[ "$status" = 0 ] || fail "the next boot does not print the last one's panic: $(why)"
	pass
}

panic_ends_run() {
	local started=$SECONDS
	esp_make
	filled_with hearth/initfs.tar.zst 'this is no archive'
	guest --esp "$folder/esp" true
	[ "$status" = 125 ] && grep -q '^guest: the kernel ended: panic: ' "$folder/err" || fail "$(why)"
	[ $((SECONDS - started)) -lt 60 ] || fail "the run did not end at once"
	grep -a -q '\.[cS]:[0-9]' "$folder/err" || fail "the report has no line with file and line"
	pass
}

service_that_cannot_start() {
	{ cat "$build/initfs.stage/etc/services"; echo 'nonsense /sbin/nonsense'; } | initfs_add etc/services
	initfs_add sbin/nonsense 755 <<<'this is no program'
	initfs_pack
	guest --initfs "$folder/initfs.tar.zst" "$alive"
	came_up
	logged 'nonsense' || fail "the log does not say why /sbin/nonsense did not start"
	pass
}
