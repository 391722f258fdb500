/*
 * Reading from the EFI system partition by the firmware's own FAT driver. A file is read by large parts into the very pages
 * where it will stay: the firmware then lets the disk write there without another copy, and initfs is large.
 */
#include "file.h"

#include "bootconf.h"
#include "firmware.h"
#include "memory.h"
#include "text.h"

#define PART_MAX 0x100000ul /* some firmware's drivers fail when they are asked for more at once */

enum reason { MISSING, FOLDER, EMPTY, TOO_LARGE, UNREADABLE };

static EFI_FILE *volume;

bool file_start(struct failure *failure)
{
	static const EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL, file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_LOADED_IMAGE *image = firmware_protocol(firmware.image, &loaded_image_guid);
	EFI_FILE_IO_INTERFACE *file_system = 0;
	EFI_STATUS status = EFI_NOT_FOUND;

	if (image && image->DeviceHandle)
		file_system = firmware_protocol(image->DeviceHandle, &file_system_guid);
	if (file_system)
		status = file_system->OpenVolume(file_system, &volume);
	if (EFI_ERROR(status)) {
		volume = 0;
		return failure_set(failure, FAILED_NO_VOLUME,
		        "the volume that the loader was started from has no file system that the firmware reads (%s); put the "
		        "loader, %s and the files that it names on one FAT partition",
		        firmware_status_text(status), BOOTCONF_PATH);
	}
	return true;
}

void file_end(void)
{
	if (volume)
		volume->Close(volume);
	volume = 0;
}

static void close_file(EFI_FILE **file)
{
	if (*file)
		(*file)->Close(*file);
}

static EFI_STATUS open_file(const char *path, EFI_FILE **out)
{
	CHAR16 wide[BOOTCONF_PATH_SIZE];
	uint32_t length = 0;

	for (; path[length] && length < BOOTCONF_PATH_SIZE - 1; length++)
		wide[length] = (CHAR16)path[length];
	wide[length] = 0;
	return volume->Open(volume, out, wide, EFI_FILE_MODE_READ, 0);
}

/* The size of an open file; folders are told apart. */
static EFI_STATUS ask_size(EFI_FILE *file, bool *out_folder, uint64_t *out_size)
{
	EFI_GUID guid = EFI_FILE_INFO_ID;
	union {
		EFI_FILE_INFO info;
		uint8_t bytes[sizeof(EFI_FILE_INFO) + 2 * 260]; /* the longest name of FAT follows */
	} buffer;
	UINTN size = sizeof buffer;
	EFI_STATUS status = file->GetInfo(file, &guid, &size, &buffer);

	if (EFI_ERROR(status))
		return status;
	*out_folder = buffer.info.Attribute & EFI_FILE_DIRECTORY;
	*out_size = buffer.info.FileSize;
	return EFI_SUCCESS;
}

/* Fills the range, zeros behind the file's end to that of its last page. Firmware may deliver less than asked, never nothing. */
static EFI_STATUS read_all(EFI_FILE *file, const struct boot_range *range)
{
	uint8_t *memory = memory_at(range);
	uint64_t done = 0;

	while (done < range->length) {
		UINTN part = range->length - done < PART_MAX ? range->length - done : PART_MAX;
		EFI_STATUS status = file->Read(file, &part, memory + done);

		if (EFI_ERROR(status))
			return status;
		if (part == 0 || part > range->length - done)
			return EFI_VOLUME_CORRUPTED;
		done += part;
	}
	__builtin_memset(memory + done, 0, -done % MEMORY_PAGE);
	return EFI_SUCCESS;
}

bool file_read(const char *path, enum failure_code first, uint64_t size_max, enum boot_memory_type type, struct boot_range *out,
        struct failure *failure)
{
	EFI_FILE *file __attribute__((cleanup(close_file))) = 0;
	struct boot_range range;
	EFI_STATUS status = open_file(path, &file);
	uint64_t size;
	bool folder;

	if (status == EFI_NOT_FOUND)
		return failure_set(failure, first + MISSING,
		        "%s is missing on the volume that the loader was started from; put it there%s", path,
		        first == FAILED_CONF_MISSING ? "" : " or name another file in " BOOTCONF_PATH);
	if (!EFI_ERROR(status))
		status = ask_size(file, &folder, &size);
	if (EFI_ERROR(status))
		return failure_set(failure, first + UNREADABLE,
		        "%s can not be opened (%s); check the volume's file system and write the file again", path,
		        firmware_status_text(status));
	if (folder)
		return failure_set(failure, first + FOLDER, "%s is a folder, not a file; put the file in its place", path);
	if (size == 0)
		return failure_set(failure, first + EMPTY, "%s is empty; write the file again", path);
	if (size > size_max)
		return failure_set(failure, first + TOO_LARGE,
		        "%s has %lu KiB, and at most %lu are possible; is it the right file?", path, size / 1024,
		        size_max / 1024);
	if (!memory_allocate(size, type, &range))
		return failure_set(failure, first + TOO_LARGE,
		        "%s has %lu KiB, and the machine has not so much free memory in one piece; use a smaller file or add "
		        "memory",
		        path, (size + 1023) / 1024);
	status = read_all(file, &range);
	if (EFI_ERROR(status)) {
		memory_free(&range);
		return failure_set(failure, first + UNREADABLE,
		        "%s can not be read to its end (%s); check the medium and write the file again", path,
		        firmware_status_text(status));
	}
	*out = range;
	return true;
}
