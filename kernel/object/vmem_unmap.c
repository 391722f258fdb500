/* Taking mappings away: at once out of the tree, cleaned up step by step, and at last the tables that nothing needs any more. */
#include "arch/paging.h"
#include "object/group.h"
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"

/* progress: 0 before anything was done, then this, then an address up to which tables were trimmed and TRIMMING. */
#define CLEANING 1u
#define TRIMMING 2u

#define SPAN_MASK (PAGE_TABLE_SPAN - 1)
#define LOWER_HALF_END (1ull << 47) /* nothing is ever mapped from USER_TOP on, so the last table ends here */
#define TRIM_BUDGET 8u
#define STRETCHES_MAX 4u

/* So few tables are kept, needed or not: a program that maps and unmaps one page again and again would make them again and again. */
#define TABLES_KEPT 8u

static uint64_t span_up(uint64_t address)
{
	return (address + SPAN_MASK) & ~SPAN_MASK;
}

/* The first whole span at or after an address with nothing mapped in it before *out_end, which ends the stretch of such. */
static uint64_t free_stretch(const struct vmem *vmem, uint64_t at, uint64_t *out_end)
{
	const struct vmem_mapping *above = vmem_tree_above(vmem->root, at);

	*out_end = above ? above->start & ~SPAN_MASK : LOWER_HALF_END;
	return above && *out_end <= at ? span_up(above->end) : at;
}

/* Frees tables from *at on, a multiple of the span; true when `end` is reached. */
static bool trim(struct vmem *vmem, uint64_t *at, uint64_t end)
{
	if (vmem->table.tables <= TABLES_KEPT)
		*at = end;
	for (unsigned i = 0; i < STRETCHES_MAX && *at < end; i++) {
		uint64_t stretch_end, start = free_stretch(vmem, *at, &stretch_end);

		if (start != *at) {
			*at = start;
			continue;
		}
		struct uaddr stop = {start};
		page_table_trim(&vmem->table, &stop, uaddr(stretch_end < end ? stretch_end : end), TRIM_BUDGET);
		*at = stop.raw;
		if (stop.raw < end && stop.raw < stretch_end)
			return false;
	}
	return *at >= end;
}

static uint32_t trim_step(struct vmem *vmem, uint64_t address, uint64_t end, uint64_t *progress)
{
	bool done;

	lock_acquire(&vmem->lock);
	if (!(*progress & TRIMMING))
		*progress = (address & ~SPAN_MASK) | TRIMMING;
	if (!vmem_clean(vmem, VMEM_BUDGET)) { /* others discarded something, which may still be in the tables */
		done = false;
	} else {
		uint64_t at = *progress & ~PAGE_MASK;
		done = trim(vmem, &at, span_up(end));
		*progress = at | TRIMMING;
		vmem_return_tables(vmem);
	}
	lock_release(&vmem->lock);
	return done ? ERR_OK : VMEM_MORE;
}

uint32_t vmem_unmap(struct vmem *vmem, uint64_t address, uint64_t length, uint64_t *progress)
{
	uint32_t error;

	if (!*progress) {
		if (!length || (address | length) & PAGE_MASK || address > USER_TOP || length > USER_TOP - address)
			return ERR_BAD_ARGUMENT;
		lock_acquire(&vmem->lock);
		error = vmem_discard(vmem, address, address + length);
		lock_release(&vmem->lock);
		if (error)
			return error;
		*progress = CLEANING;
	}
	if (*progress == CLEANING) {
		error = vmem_finish(vmem);
		if (error)
			return error;
	}
	return trim_step(vmem, address, address + length, progress);
}
