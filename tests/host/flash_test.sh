#!/bin/bash
# scripts/flash: what it refuses, what it asks, what it writes. lsblk is a script here, and the disk a file.
#
# needs: build/tools/guest
. "$(dirname "$0")/../../scripts/lib.sh"
folder=$(mktemp -d "$root/build/flash test.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
cat >"$folder/bin/lsblk" <<'END'
#!/bin/bash
case "$*" in
*"--output TYPE"*) echo "$DISK_TYPE" ;;
*"--output RM"*) echo " $DISK_REMOVABLE" ;;
*"--bytes --output SIZE"*) echo "$DISK_SIZE" ;;
*"--output MOUNTPOINTS"*) printf '\n%s\n' "$DISK_MOUNTED" ;;
*) echo "sdx 1G the disk" ;;
esac
END
chmod +x "$folder/bin/lsblk"
head -c 3000000 /dev/urandom >"$folder/image"
disk=$folder/disk
export PATH=$folder/bin:$PATH HEARTH_FLASH_TO_FILE=1 HEARTH_IMAGE=$folder/image HEARTH_BUILT=1 HEARTH_NOT_DEBIAN=1
failed=0

# flash ANSWER ARGUMENT...: with a disk that is whole, removable, not mounted and large unless the caller said otherwise
flash() {
	local answer=$1
	shift
	head -c 4000000 /dev/zero >"$disk"
	DISK_TYPE=${type:-disk} DISK_REMOVABLE=${removable:-1} DISK_SIZE=${size:-4000000} DISK_MOUNTED=${mounted:-} \
		"$root/scripts/flash" "$@" >"$folder/out" 2>&1 <<<"$answer"
	status=$?
}
written() { [ $status = 0 ] && cmp -s -n 3000000 "$disk" "$folder/image" && [ "$(stat -c %s "$disk")" = 4000000 ]; }
untouched() { [ $status != 0 ] && cmp -s "$disk" <(head -c 4000000 /dev/zero); }
verdict() {
	local name=$1
	shift
	if "$@"; then
		echo "ok $name"
	else
		echo "not ok $name: status $status: $(tr '\n' '|' <"$folder/out" | tail -c 300)"
		failed=1
	fi
}

flash y "$disk"
verdict a_removable_disk_is_written_and_nothing_beyond_the_image written
flash n "$disk"
verdict no_means_no untouched
flash '' "$disk"
verdict an_empty_answer_means_no untouched
type=part flash y "$disk"
verdict a_partition_is_refused untouched
type=part flash y --force "$disk"
verdict a_partition_is_refused_even_by_force untouched
removable=0 flash y "$disk"
verdict a_disk_that_is_not_removable_is_refused untouched
removable=0 flash "$disk" "$disk"
verdict typing_its_name_alone_is_not_enough untouched
removable=0 flash y --force "$disk"
verdict force_alone_is_not_enough untouched
removable=0 flash "$disk" --force "$disk"
verdict told_twice_it_is_written written
mounted=/mnt flash y "$disk"
verdict a_mounted_disk_is_refused untouched
mounted=/mnt flash "$disk" --force "$disk"
verdict a_mounted_disk_is_written_when_told_twice written
size=2000000 flash y "$disk"
verdict a_disk_that_is_too_small_is_refused untouched
flash y "$folder/nothing"
verdict a_device_that_is_not_there_is_refused untouched
flash y
verdict without_a_device_it_says_how [ $status = 2 ]
unset HEARTH_FLASH_TO_FILE
flash y "$disk"
verdict a_file_is_no_device untouched
exit $failed
