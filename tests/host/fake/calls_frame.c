/* The kernel for tests of programs: frames and mappings. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The build machine's name for something that is not used here. */
#undef MAP_FIXED

#include "fake/calls_internal.h"

/* Frames: files in memory, so that two mappings of one are the same bytes. */

status_t fake_frame_create(uint64_t *word)
{
	struct frame *frame = fake_must(calloc(1, sizeof *frame));
	struct capability *capability = fake_capability(OBJECT_FRAME, RIGHTS_ALL);
	frame->length = (word[0] + PAGE - 1) / PAGE * PAGE;
	frame->file = memfd_create("frame", 0);
	frame->filled = fake_must(calloc(frame->length / PAGE, 1));
	if (frame->file < 0 || ftruncate(frame->file, (off_t)frame->length))
		abort();
	capability->frame = frame;
	word[0] = fake_install(fake_current, capability);
	return ERR_OK;
}

static status_t frame_copy(const struct capability *capability, bool write, uint64_t *word)
{
	struct frame *frame = capability->frame;
	uint64_t end = frame->length;
	if (!write && !(capability->rights & RIGHT_MANAGE) && frame->limited && frame->end < end)
		end = frame->end;
	if (word[0] >= end)
		word[2] = 0;
	else if (word[2] > end - word[0])
		word[2] = end - word[0];
	for (uint64_t page = word[0] / PAGE; write && page * PAGE < word[0] + word[2]; page++) {
		if (!frame->filled[page] && !fake_pages_left)
			return ERR_NO_MEMORY;
		fake_pages_left -= !frame->filled[page];
		frame->filled[page] = true;
	}
	void *ours = (void *)(uintptr_t)word[1];
	ssize_t done =
	        write ? pwrite(frame->file, ours, word[2], (off_t)word[0]) : pread(frame->file, ours, word[2], (off_t)word[0]);
	word[0] = (uint64_t)done;
	return done < 0 ? ERR_BAD_ADDRESS : ERR_OK;
}

/* Pages that a longer frame gains are not filled; those that a shorter one loses come back as zeros. */
static status_t frame_resize(struct frame *frame, uint64_t length)
{
	if (!length)
		return ERR_BAD_ARGUMENT;
	uint64_t pages = (length + PAGE - 1) / PAGE, before = frame->length / PAGE;
	for (uint64_t page = pages; page < before; page++)
		fake_pages_left += frame->filled[page];
	frame->filled = fake_must(realloc(frame->filled, pages));
	if (pages > before)
		memset(frame->filled + before, 0, pages - before);
	frame->length = pages * PAGE;
	if (ftruncate(frame->file, (off_t)frame->length))
		abort();
	return ERR_OK;
}

int fake_protection(uint64_t flags)
{
	return (flags & MAP_READ ? PROT_READ : 0) | (flags & MAP_WRITE ? PROT_WRITE : 0);
}

status_t fake_map(uint64_t *word)
{
	struct capability *capability;
	uint32_t rights = (word[2] & MAP_READ ? RIGHT_READ : 0) | (word[2] & MAP_WRITE ? RIGHT_WRITE : 0);
	status_t status = fake_look_up((handle_t)word[3], OBJECT_FRAME, rights, &capability);
	if (status)
		return status;
	void *wanted = word[2] & MAP_FIXED_EMPTY ? (void *)(uintptr_t)word[0] : NULL;
	int how = MAP_SHARED | (wanted ? MAP_FIXED_NOREPLACE : 0);
	void *address = mmap(wanted, word[1], fake_protection(word[2]), how, capability->frame->file, (off_t)word[4]);
	if (address == MAP_FAILED)
		return wanted ? ERR_EXISTS : ERR_NO_SPACE;
	word[0] = (uintptr_t)address;
	return ERR_OK;
}

status_t fake_frame_call(uint32_t number, handle_t handle, uint64_t *word)
{
	struct capability *frame;
	uint32_t right = number == SYS_frame_info ? RIGHT_INSPECT
	        : number == SYS_frame_resize      ? RIGHT_MANAGE
	        : number == SYS_frame_set_end     ? RIGHT_MANAGE
	        : number == SYS_frame_read        ? RIGHT_READ
	                                          : RIGHT_WRITE;
	struct stat stat;
	status_t status = fake_look_up(handle, OBJECT_FRAME, right, &frame);
	if (status)
		return status;
	if (number == SYS_frame_resize)
		return frame_resize(frame->frame, word[0]);
	if (number == SYS_frame_set_end) {
		frame->frame->limited = true;
		frame->frame->end = word[0];
		return ERR_OK;
	}
	if (number != SYS_frame_info)
		return frame_copy(frame, number == SYS_frame_write, word);
	if (fstat(frame->frame->file, &stat))
		abort();
	word[0] = frame->frame->length;
	word[1] = (uint64_t)stat.st_blocks * 512 / PAGE; /* also those that were written through a mapping */
	word[2] = 0;
	return ERR_OK;
}
