/*
 * mremap and mlock: see remap.h.
 *
 * The kernel moves no mappings. Private anonymous memory grows where it is if there is room behind it, and else, where the program lets
 * it, by a copy: what was never touched is touched by that. Everything else only shrinks (ENOMEM, upon which a libc allocates and
 * copies by itself).
 *
 * Memory never leaves the machine, so mlock has only to see that all of it is there; munlock changes nothing.
 */
#include "user/linux/remap.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/mapped.h"
#include "user/linux/memory.h"
#include "user/linux/native.h"
#include "user/linux/own.h"
#include "user/linux/state.h"

#define MLOCK_ONFAULT 1u

/* Whether all of a range is private anonymous memory of one protection. */
static bool is_private(uint64_t address, uint64_t length, uint32_t *out_flags)
{
	struct process *process = process_self();
	uint64_t start, end, offset, file_start, file_end;
	uint32_t flags;
	bool first = true;
	if (!mapped_is_complete(process->heap) ||
	        mapped_next(process->heap, address, address + length, &file_start, &file_end) ||
	        (address < process->program_end && address + length > process->program_start))
		return false;
	for (uint64_t at = address; at < address + length; at = end, first = false) {
		if (sys_vmem_walk(HANDLE_SELF_VMEM, at, &start, &end, &flags, &offset) || start > at || (flags & MAP_SHARE))
			return false;
		if (!first && flags != *out_flags)
			return false;
		*out_flags = flags;
	}
	return true;
}

static uint32_t protection_of(uint32_t flags)
{
	return (flags & MAP_READ ? LINUX_PROT_READ : 0) | (flags & MAP_WRITE ? LINUX_PROT_WRITE : 0) |
	        (flags & MAP_EXECUTE ? LINUX_PROT_EXEC : 0);
}

static int64_t grow(uint64_t address, uint64_t have, uint64_t want, bool may_move)
{
	const uint32_t anonymous = LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS;
	uint32_t flags = 0;
	if (!is_private(address, have, &flags) || !(flags & MAP_READ))
		return -ENOMEM;
	uint32_t prot = protection_of(flags);
	if (user_range(address, want)) {
		int64_t more = memory_mmap(address + have, want - have, prot, anonymous | LINUX_MAP_FIXED_NOREPLACE, -1, 0);
		if (more >= 0)
			return (int64_t)address;
	}
	if (!may_move || !(flags & MAP_WRITE))
		return -ENOMEM;
	int64_t moved = memory_mmap(0, want, prot, anonymous, -1, 0);
	if (moved < 0)
		return moved;
	if (access_copy(user_pointer((uint64_t)moved), user_pointer(address), have)) {
		memory_munmap((uint64_t)moved, want);
		return -ENOMEM; /* the group has no more, or another thread has unmapped it */
	}
	memory_munmap(address, have);
	return moved;
}

int64_t remap_mremap(uint64_t address, uint64_t old_length, uint64_t new_length, uint32_t flags)
{
	if ((address & (PAGE_SIZE - 1)) || !new_length || (flags & ~(LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED)))
		return -EINVAL;
	if (old_length > USER_TOP || new_length > USER_TOP || !user_range(address, page_up(old_length)))
		return -EFAULT;
	uint64_t have = page_up(old_length), want = page_up(new_length);
	if (!have || (flags & LINUX_MREMAP_FIXED))
		return -ENOMEM;
	if (own_is_hit(address, have))
		return -EFAULT;
	if (want > have)
		return grow(address, have, want, flags & LINUX_MREMAP_MAYMOVE);
	if (want < have) {
		status_t status = sys_vmem_unmap(HANDLE_SELF_VMEM, address + want, have - want);
		if (status)
			return errors_to_linux(status);
		mapped_remove(address + want, have - want);
	}
	return (int64_t)address;
}

/* In whole pages; false: no program has such addresses. */
static bool to_pages(uint64_t *address, uint64_t *length)
{
	uint64_t start = page_down(*address);
	if (*length > USER_TOP || !user_range(*address, *length))
		return false;
	*length = page_up(*address + *length) - start;
	*address = start;
	return user_range(start, *length);
}

static bool is_mapped(uint64_t address, uint64_t length)
{
	uint64_t start, end, offset;
	uint32_t flags;
	for (uint64_t at = address; at < address + length; at = end)
		if (sys_vmem_walk(HANDLE_SELF_VMEM, at, &start, &end, &flags, &offset) || start > at)
			return false;
	return true;
}

int64_t remap_mlock2(uint64_t address, uint64_t length, uint32_t flags)
{
	uint8_t byte;
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	if (!to_pages(&address, &length))
		return -ENOMEM;
	for (uint64_t at = address; at < address + length && !(flags & MLOCK_ONFAULT); at += PAGE_SIZE)
		if (!access_read(&byte, at, 1))
			return -ENOMEM;
	return is_mapped(address, length) ? 0 : -ENOMEM;
}

int64_t remap_mlock(uint64_t address, uint64_t length)
{
	return remap_mlock2(address, length, 0);
}

int64_t remap_munlock(uint64_t address, uint64_t length)
{
	return to_pages(&address, &length) && is_mapped(address, length) ? 0 : -ENOMEM;
}
