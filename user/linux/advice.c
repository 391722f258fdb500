/*
 * madvise. Advice that changes nothing a program can see is taken. MADV_DONTNEED and MADV_FREE give private anonymous memory back: fresh
 * memory is mapped in its place, which reads as zeros. Memory that is shared, or a file's and not writable, would come back with what
 * it holds, and stays. What was written to a private mapping of a file, or to the program's own data, can not be taken back: EINVAL.
 */
#include "user/linux/advice.h"

#include "user/linux/errors.h"
#include "user/linux/mapped.h"
#include "user/linux/native.h"
#include "user/linux/own.h"
#include "user/linux/state.h"

enum {
	NORMAL,
	RANDOM,
	SEQUENTIAL,
	WILLNEED,
	DONTNEED,
	FREE = 8,
	MERGEABLE = 12,
	UNMERGEABLE,
	HUGEPAGE,
	NOHUGEPAGE,
	DONTDUMP,
	DODUMP
};

/* A part of the address space of one kind. */
struct part {
	uint64_t start, end;
	uint32_t flags; /* MAP_* */
	bool of_file;   /* or of the program */
};

/* The part that begins at part->start, cut at part->end; false: nothing is mapped there. */
static bool find_part(struct part *part)
{
	const struct process *process = process_self();
	uint64_t start, end, offset, file_start, file_end;
	if (sys_vmem_walk(HANDLE_SELF_VMEM, part->start, &start, &end, &part->flags, &offset) || start > part->start)
		return false;
	if (end < part->end)
		part->end = end;
	if (!mapped_next(process->heap, part->start, part->end, &file_start, &file_end)) {
		file_start = process->program_start;
		file_end = process->program_end;
	}
	part->of_file = part->start >= file_start && part->start < file_end;
	if (part->of_file && file_end < part->end)
		part->end = file_end;
	else if (!part->of_file && file_start > part->start && file_start < part->end)
		part->end = file_start;
	return true;
}

static int64_t drop_part(const struct part *part)
{
	uint64_t unused;
	if (part->flags & MAP_SHARE)
		return 0;
	if (part->of_file)
		return part->flags & MAP_WRITE ? -EINVAL : 0;
	uint32_t flags = part->flags & (MAP_READ | MAP_WRITE | MAP_EXECUTE | MAP_NO_INHERIT);
	return errors_to_linux(sys_vmem_map(
	        HANDLE_SELF_VMEM, part->start, part->end - part->start, flags | MAP_FIXED, HANDLE_NONE, 0, &unused));
}

/* Holes are passed over and told at the end, as Linux does. */
static int64_t drop(uint64_t start, uint64_t end)
{
	int64_t result = 0, error = 0;
	if (!mapped_is_complete(process_self()->heap))
		return -EAGAIN;
	while (start < end && !error) {
		struct part part = {.start = start, .end = end};
		uint64_t hole_end, unused, offset;
		uint32_t flags;
		if (find_part(&part)) {
			error = drop_part(&part);
			start = part.end;
			continue;
		}
		result = -ENOMEM;
		if (sys_vmem_walk(HANDLE_SELF_VMEM, start, &hole_end, &unused, &flags, &offset))
			break;
		start = hole_end;
	}
	return error ? error : result;
}

int64_t advice_madvise(uint64_t address, uint64_t length, int advice)
{
	bool drops = advice == DONTNEED || advice == FREE;
	if ((address & (PAGE_SIZE - 1)) || length > USER_TOP)
		return -EINVAL;
	if (!drops && !(advice >= NORMAL && advice <= WILLNEED) && !(advice >= MERGEABLE && advice <= DODUMP))
		return -EINVAL;
	if (!drops || !length)
		return 0;
	if (!user_range(address, page_up(length)))
		return -ENOMEM;
	if (own_is_hit(address, page_up(length)))
		return -EINVAL;
	return drop(address, address + page_up(length));
}
