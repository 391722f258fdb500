/*
 * The program's file is a part of a frame. It is mapped readable once to read its headers and copy its writable segments from,
 * and unmapped again. Segments that are not writable are mapped from the frame where file and memory agree within a page, so
 * that all processes share them; the rest is fresh memory with a copy. W^X holds at every moment: what is copied and then
 * executed is protected in between.
 *
 * A position-independent program goes to an address that the kernel picks, and relocates itself (static-pie). One with an
 * interpreter needs a dynamic linker, which does not exist yet.
 */
#include "user/linux/load.h"

#include <string.h>

#include "common/elf.h"
#include "user/linux/native.h"
#include "user/linux/state.h"

#define NOT_FOUND 127u
#define NOT_EXECUTABLE 126u

/* The file as it is mapped for reading. */
struct file {
	handle_t frame;
	uint64_t offset; /* in the frame */
	const char *content;
	uint64_t length;
	uint64_t mapping, mapping_length;
};

static bool fail(struct load_failure *failure, uint32_t status, const char *reason, const char *more)
{
	*failure = (struct load_failure){reason, more, status};
	return false;
}

static bool open_file(const struct start_block *start, struct file *file, struct load_failure *failure)
{
	if (!start->program_frame)
		return fail(failure, NOT_FOUND, "was not handed over by its starter", "");
	uint64_t offset = start->program_offset, length = start->program_length;
	if (!length || offset > INT64_MAX || length > INT64_MAX)
		return fail(failure, NOT_EXECUTABLE, "is empty or has an impossible size", "");
	uint64_t first = page_down(offset);
	file->frame = start->program_frame;
	file->offset = offset;
	file->length = length;
	file->mapping_length = page_up(offset + length) - first;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, file->mapping_length, MAP_READ, file->frame, first, &file->mapping))
		return fail(failure, NOT_EXECUTABLE,
		        "could not be mapped to be read: the starter's frame is too small or may not be read", "");
	file->content = (const char *)(file->mapping + (offset - first));
	return true;
}

static uint32_t map_flags(const struct elf_segment *segment)
{
	return MAP_READ | (segment->writable ? MAP_WRITE : 0) | (segment->executable ? MAP_EXECUTE : 0);
}

/* Whether the segment can be the frame's own pages. */
static bool can_share(const struct file *file, const struct elf_segment *segment)
{
	uint64_t in_frame = file->offset + segment->file_offset;
	return !segment->writable && segment->memory_size == segment->file_size &&
	        ((in_frame ^ segment->address) & (PAGE_SIZE - 1)) == 0;
}

static status_t place_shared(const struct file *file, const struct elf_segment *segment, uint64_t at, uint32_t placing)
{
	uint64_t first = page_down(at), unused;
	uint64_t length = page_up(at + segment->memory_size) - first;
	uint64_t offset = file->offset + segment->file_offset - (at - first);
	return sys_vmem_map(HANDLE_SELF_VMEM, first, length, map_flags(segment) | placing, file->frame, offset, &unused);
}

static status_t place_copy(const struct file *file, const struct elf_segment *segment, uint64_t at, uint32_t placing)
{
	uint64_t first = page_down(at), unused;
	uint64_t length = page_up(at + segment->memory_size) - first;
	status_t status =
	        sys_vmem_map(HANDLE_SELF_VMEM, first, length, MAP_READ | MAP_WRITE | placing, HANDLE_NONE, 0, &unused);
	if (status)
		return status;
	memcpy(user_pointer(at), file->content + segment->file_offset, segment->file_size);
	if (map_flags(segment) == (MAP_READ | MAP_WRITE))
		return ERR_OK;
	return sys_vmem_protect(HANDLE_SELF_VMEM, first, length, map_flags(segment));
}

static bool place(const struct file *file, const struct elf_image *image, uint64_t slide, struct load_failure *failure)
{
	/* With a slide the range is reserved and holds no-access pages so far; without, nothing may be there. */
	uint32_t placing = image->position_independent ? MAP_FIXED : MAP_FIXED_EMPTY;
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];
		if (!segment->memory_size)
			continue;
		uint64_t at = segment->address + slide;
		status_t status = can_share(file, segment) ? place_shared(file, segment, at, placing) : ERR_NO_RIGHT;
		if (status == ERR_NO_RIGHT) /* or its frame is not for executing */
			status = place_copy(file, segment, at, placing);
		if (status == ERR_EXISTS)
			return fail(failure, NOT_EXECUTABLE, "wants an address where something else is already", "");
		if (status)
			return fail(failure, NOT_EXECUTABLE, "does not fit into memory", "");
	}
	return true;
}

/* What is added to the file's addresses. */
static bool choose_slide(const struct elf_image *image, uint64_t *out_slide, struct load_failure *failure)
{
	uint64_t base;
	*out_slide = 0;
	if (!image->position_independent)
		return true;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, image->end - image->lowest, 0, HANDLE_NONE, 0, &base))
		return fail(failure, NOT_EXECUTABLE, "does not fit into memory", "");
	*out_slide = base - image->lowest;
	return true;
}

static bool load(const struct file *file, struct load_result *out, struct load_failure *failure)
{
	struct elf_image image;
	/* A position-independent file counts from 0; where it may lie is decided by the kernel. */
	enum elf_error error = elf_read(file->content, file->length, 0, USER_TOP, &image);
	if (error)
		return fail(failure, NOT_EXECUTABLE, elf_error_text(error), "");
	if (image.interpreter_size)
		return fail(failure, NOT_EXECUTABLE,
		        "is linked dynamically, which does not work yet:", " a statically linked program is needed");
	if (!image.position_independent && image.lowest < USER_BOTTOM)
		return fail(failure, NOT_EXECUTABLE, elf_error_text(ELF_SEGMENT_OUT_OF_RANGE), "");
	uint64_t slide;
	if (!choose_slide(&image, &slide, failure) || !place(file, &image, slide, failure))
		return false;
	*out = (struct load_result){
	        .entry = image.entry + slide,
	        .headers = image.headers_address ? image.headers_address + slide : 0,
	        .header_count = image.header_count,
	        .start = page_down(image.lowest + slide),
	        .end = image.end + slide,
	};
	return true;
}

bool load_program(const struct start_block *start, struct load_result *out, struct load_failure *failure)
{
	struct file file;
	if (!open_file(start, &file, failure))
		return false;
	bool loaded = load(&file, out, failure);
	status_t status = sys_vmem_unmap(HANDLE_SELF_VMEM, file.mapping, file.mapping_length);
	(void)status; /* only the image knows of the mapping; it harms nobody */
	return loaded;
}
