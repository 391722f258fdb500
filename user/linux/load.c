/*
 * The program's file is a part of a frame. execve tells what its headers say; else it is mapped readable once to read them, and
 * unmapped again. Segments that are not writable are mapped from the frame where file and memory agree within a page, so
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

struct file {
	handle_t frame;
	uint64_t offset; /* in the frame */
	uint64_t length;
};

static bool fail(struct load_failure *failure, uint32_t status, const char *reason, const char *more)
{
	*failure = (struct load_failure){reason, more, status};
	return false;
}

static bool find_file(const struct start_block *start, struct file *file, struct load_failure *failure)
{
	if (!start->program_frame)
		return fail(failure, NOT_FOUND, "was not handed over by its starter", "");
	*file = (struct file){start->program_frame, start->program_offset, start->program_length};
	if (!file->length || file->offset > INT64_MAX || file->length > INT64_MAX)
		return fail(failure, NOT_EXECUTABLE, "is empty or has an impossible size", "");
	return true;
}

status_t load_read_headers(handle_t frame, uint64_t offset, uint64_t length, struct elf_image *out, enum elf_error *out_wrong)
{
	uint64_t first = page_down(offset), size = page_up(offset + length) - first, mapping;
	status_t status = sys_vmem_map(HANDLE_SELF_VMEM, 0, size, MAP_READ, frame, first, &mapping);
	if (status)
		return status;
	/* A position-independent file counts from 0; where it may lie is decided by the kernel. */
	*out_wrong = elf_read((const char *)mapping + (offset - first), length, 0, USER_TOP, out);
	status = sys_vmem_unmap(HANDLE_SELF_VMEM, mapping, size);
	(void)status; /* only the image knows of the mapping; it harms nobody */
	return ERR_OK;
}

/* What the headers say: in the block, or read into `own`; NULL: failed. */
static const struct elf_image *read_headers(
        const struct start_block *start, const struct file *file, struct elf_image *own, struct load_failure *failure)
{
	enum elf_error wrong;
	if (start->program_headers_read)
		return (const struct elf_image *)((const char *)start + start->program_headers_read);
	if (load_read_headers(file->frame, file->offset, file->length, own, &wrong)) {
		fail(failure, NOT_EXECUTABLE,
		        "could not be mapped to be read: the starter's frame is too small or may not be read", "");
		return NULL;
	}
	if (wrong)
		fail(failure, NOT_EXECUTABLE, elf_error_text(wrong), "");
	return wrong ? NULL : own;
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
	return sys_vmem_map(
	        HANDLE_SELF_VMEM, first, length, map_flags(segment) | placing | MAP_READY, file->frame, offset, &unused);
}

static status_t place_copy(const struct file *file, const struct elf_segment *segment, uint64_t at, uint32_t placing)
{
	uint64_t first = page_down(at), unused;
	uint64_t length = page_up(at + segment->memory_size) - first;
	status_t status =
	        sys_vmem_map(HANDLE_SELF_VMEM, first, length, MAP_READ | MAP_WRITE | placing, HANDLE_NONE, 0, &unused);
	if (status)
		return status;
	uint64_t copied = 0, offset = file->offset + segment->file_offset;
	if (segment->file_size)
		status = sys_frame_read(file->frame, offset, user_pointer(at), segment->file_size, &copied);
	if (status || copied != segment->file_size)
		return status ? status : ERR_NO_MEMORY;
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

bool load_program(const struct start_block *start, struct load_result *out, struct load_failure *failure)
{
	struct elf_image own;
	struct file file;
	if (!find_file(start, &file, failure))
		return false;
	const struct elf_image *image = read_headers(start, &file, &own, failure);
	if (!image)
		return false;
	if (image->interpreter_size)
		return fail(failure, NOT_EXECUTABLE,
		        "is linked dynamically, which does not work yet:", " a statically linked program is needed");
	if (!image->position_independent && image->lowest < USER_BOTTOM)
		return fail(failure, NOT_EXECUTABLE, elf_error_text(ELF_SEGMENT_OUT_OF_RANGE), "");
	uint64_t slide;
	if (!choose_slide(image, &slide, failure) || !place(&file, image, slide, failure))
		return false;
	*out = (struct load_result){
	        .entry = image->entry + slide,
	        .headers = image->headers_address ? image->headers_address + slide : 0,
	        .header_count = image->header_count,
	        .start = page_down(image->lowest + slide),
	        .end = image->end + slide,
	};
	return true;
}
