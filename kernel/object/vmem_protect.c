/*
 * Changing what may be done with mapped memory. First the whole range is looked at: all mapped, and within the rights that each
 * mapping was made with. Then mapping after mapping changes, with the entries in the page table that it has. Whoever changes
 * mappings of the range in between from another thread gets one order or the other, and never more than the rights allow.
 */
#include "arch/paging.h"
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"

#define ACCESS (MAP_READ | MAP_WRITE | MAP_EXECUTE)

/* progress: how many bytes of the range were looked at; with this bit, how many were changed. */
#define CHANGING 1u

#define COST_LOOK 4u
#define COST_CHANGE 20u

struct change {
	uint64_t start, end, at; /* addresses */
	uint32_t flags;
	unsigned budget;
};

/* ERR_OK when the whole range may change. */
static uint32_t look(const struct vmem *vmem, struct change *change)
{
	for (; change->at < change->end; change->budget -= COST_LOOK) {
		const struct vmem_mapping *mapping = vmem_tree_find(vmem->root, change->at);

		if (!mapping)
			return ERR_BAD_ADDRESS;
		if (change->flags & ~mapping->rights)
			return ERR_NO_RIGHT;
		change->at = mapping->end;
		if (change->budget < COST_LOOK)
			return VMEM_MORE;
	}
	return ERR_OK;
}

/* Sees to it that the mapping at change->at has the new flags, and none of it is outside the range if that is a change. */
static uint32_t change_flags(struct vmem *vmem, struct change *change)
{
	struct vmem_mapping *mapping = vmem_tree_find(vmem->root, change->at);

	if ((mapping->flags & ACCESS) == change->flags)
		return ERR_OK;
	if (change->flags & ~mapping->rights)
		return ERR_NO_RIGHT;
	uint32_t error = vmem_mapping_split(vmem, change->at);
	if (!error)
		error = vmem_mapping_split(vmem, change->end);
	if (error) {
		vmem_mapping_join(vmem, change->at);
		return error;
	}
	mapping = vmem_tree_find(vmem->root, change->at);
	mapping->flags = (mapping->flags & ~ACCESS) | change->flags;
	return ERR_OK;
}

/* The entries of one mapping, as many as the budget allows. */
static void change_entries(struct vmem *vmem, struct change *change)
{
	struct vmem_mapping *mapping = vmem_tree_find(vmem->root, change->at);
	uint64_t start = change->at, end = mapping->end < change->end ? mapping->end : change->end;
	struct uaddr at = {start};

	if (!(change->flags & MAP_READ)) {
		vmem_clear(vmem, &change->at, end, &change->budget);
	} else {
		struct page_rights rights = vmem_mapping_rights(mapping);
		rights.writable &= !mapping->frame->family; /* a write to a page that may be shared is to fault */
		if (page_table_protect(&vmem->table, &at, uaddr(end), rights, change->budget))
			vmem_flush(vmem, start, at.raw);
		uint64_t looked = (at.raw - start) / PAGE_SIZE;
		change->budget -= looked < change->budget ? (unsigned)looked : change->budget;
		change->at = at.raw;
	}
	if (change->at == end)
		vmem_mapping_join(vmem, mapping->start);
}

static uint32_t change_mappings(struct vmem *vmem, struct change *change)
{
	while (change->at < change->end) {
		if (change->budget < COST_CHANGE)
			return VMEM_MORE;
		change->budget -= COST_CHANGE;

		struct vmem_mapping *mapping = vmem_tree_above(vmem->root, change->at);
		if (!mapping || mapping->start >= change->end)
			break;
		if (mapping->start > change->at)
			change->at = mapping->start; /* what was here went meanwhile */
		uint32_t error = change_flags(vmem, change);
		if (error)
			return error;
		change_entries(vmem, change);
	}
	vmem_mapping_join(vmem, change->end);
	return ERR_OK;
}

/* Entries of discarded mappings must not get rights that were never theirs, so these go first. */
static uint32_t step(struct vmem *vmem, struct change *change, uint64_t *progress)
{
	uint32_t error;

	if (!vmem_clean(vmem, VMEM_BUDGET))
		return VMEM_MORE;
	if (!(*progress & CHANGING)) {
		error = look(vmem, change);
		*progress = change->at - change->start;
		if (error)
			return error;
		*progress = CHANGING;
		change->at = change->start;
	}
	error = change_mappings(vmem, change);
	*progress = (change->at - change->start) | CHANGING;
	return error;
}

uint32_t vmem_protect(struct vmem *vmem, uint64_t address, uint64_t length, uint32_t flags, uint64_t *progress)
{
	if (!length || (address | length) & PAGE_MASK || address > USER_TOP || length > USER_TOP - address || flags & ~ACCESS ||
	        (flags & MAP_WRITE && flags & MAP_EXECUTE))
		return ERR_BAD_ARGUMENT;
	if (flags)
		flags |= MAP_READ;

	struct change change = {address, address + length, address + (*progress & ~PAGE_MASK), flags, VMEM_BUDGET};

	lock_acquire(&vmem->lock);
	uint32_t error = step(vmem, &change, progress);
	lock_release(&vmem->lock);
	return error;
}
