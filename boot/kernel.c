/*
 * Loading kernel.elf. The file is read into pages of its own, which are given back once the segments are where they belong. The
 * kernel is a static PIE linked at KERNEL_VIRTUAL_BASE; it runs at that plus a random slide, so all addresses in it are
 * relocated here, and it needs no code for that itself. Its physical place is wherever the firmware has room.
 */
#include "kernel.h"

#include "bootconf.h"
#include "common/elf.h"
#include "file.h"
#include "memory.h"
#include "text.h"

#define SLIDE_STEP 0x200000ull

/* The image must end below the last GiB of the address space at every slide. */
#define IMAGE_END (KERNEL_VIRTUAL_BASE + 0x40000000ull - KERNEL_SLIDE_MAX)

static bool refuse(const char *path, enum elf_error error, struct failure *failure)
{
	return failure_set(failure, FAILED_KERNEL_ELF + error, "%s %s; build the kernel again or name another file in %s", path,
	        elf_error_text(error), BOOTCONF_PATH);
}

/* Copies the segments; zeros only where the file has nothing, gaps between segments included. */
static void copy_segments(const struct elf_image *image, const uint8_t *file, uint8_t *memory)
{
	uint64_t done = 0;

	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];
		uint64_t offset = segment->address - image->lowest;

		__builtin_memset(memory + done, 0, offset - done);
		__builtin_memcpy(memory + offset, file + segment->file_offset, segment->file_size);
		done = offset + segment->file_size;
	}
	__builtin_memset(memory + done, 0, image->end - image->lowest - done);
}

bool kernel_load(const char *path, uint64_t random, struct kernel *out, struct failure *failure)
{
	struct boot_range file MEMORY_SCOPED = {0};
	struct kernel kernel = {0};
	struct elf_image image;
	enum elf_error error;

	if (!file_read(path, FAILED_KERNEL_MISSING, IMAGE_END - KERNEL_VIRTUAL_BASE, BOOT_MEMORY_LOADER, &file, failure))
		return false;
	error = elf_read(memory_at(&file), file.length, KERNEL_VIRTUAL_BASE, IMAGE_END, &image);
	if (error != ELF_OK)
		return refuse(path, error, failure);
	if (!image.position_independent)
		return failure_set(
		        failure, FAILED_KERNEL_FIXED, "%s is linked at fixed addresses; link the kernel as a static PIE", path);
	if (!memory_allocate(image.end - image.lowest, BOOT_MEMORY_KERNEL, &kernel.memory))
		return failure_set(failure, FAILED_KERNEL_TOO_LARGE,
		        "%s needs %lu KiB in one piece, which the machine does not have; add memory", path,
		        (image.end - image.lowest) / 1024);
	copy_segments(&image, memory_at(&file), memory_at(&kernel.memory));
	kernel.slide = random % (KERNEL_SLIDE_MAX / SLIDE_STEP + 1) * SLIDE_STEP;
	error = elf_relocate(&image, memory_at(&kernel.memory), kernel.slide);
	if (error != ELF_OK) {
		memory_free(&kernel.memory);
		return refuse(path, error, failure);
	}
	kernel.virtual = image.lowest + kernel.slide;
	kernel.entry = image.entry + kernel.slide;
	kernel.file_size = file.length;
	kernel.piece_count = segments_pieces(&image, kernel.pieces);
	*out = kernel;
	return true;
}
