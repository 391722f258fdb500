/*
 * Single mappings from their making to their end, and the cleaning up after those that were taken away (see vmem.h): out of the
 * page table, then their pages, if they were fresh memory, then the frame.
 */
#include "object/vmem_mapping.h"

#include "arch/cpu.h"
#include "mm/slab.h"
#include "object/group.h"
#include "object/vmem_tree.h"

#define MAPPINGS_PER_PAGE 32u

/* What an action costs, in the units of VMEM_BUDGET. */
#define COST_PAGE 24u
#define COST_MAPPING 40u

/* Beyond so many pages it is cheaper to forget everything than page by page. */
#define FLUSH_PAGES_MAX 16u

static struct slab slab = SLAB_INIT("mappings", struct vmem_mapping);

_Static_assert((PAGE_SIZE - 64) / sizeof(struct vmem_mapping) >= MAPPINGS_PER_PAGE, "what is charged covers what is used");

/* Xorshift (Marsaglia 2003): quick, and good enough for a tree. */
static uint32_t random_priority(struct vmem *vmem)
{
	vmem->chance ^= vmem->chance << 13;
	vmem->chance ^= vmem->chance >> 7;
	vmem->chance ^= vmem->chance << 17;
	return (uint32_t)(vmem->chance >> 32);
}

uint32_t vmem_mapping_create(struct vmem *vmem, struct frame *frame, struct vmem_mapping **out)
{
	struct group *group = vmem->object.group;
	bool pays = vmem->mapping_count % MAPPINGS_PER_PAGE == 0;

	if (vmem->mapping_count >= VMEM_MAPPINGS_MAX)
		return ERR_TOO_LARGE;
	uint32_t error = pays ? group_charge_pages(group, 1) : ERR_OK;
	if (error)
		return error;
	struct vmem_mapping *mapping = slab_alloc(&slab);
	if (!mapping) {
		if (pays)
			group_return_pages(group, 1);
		return ERR_NO_MEMORY;
	}
	vmem->mapping_count++;
	mapping->vmem = vmem;
	mapping->frame = frame;
	mapping->priority = random_priority(vmem);
	*out = mapping;
	return ERR_OK;
}

/* The last reference to fresh memory or a control page is ours, and nobody can make another. */
void vmem_release_frame(struct frame *frame, bool fresh)
{
	if (!fresh || __atomic_load_n(&frame->object.references, __ATOMIC_ACQUIRE) > 1 || !frame_destroy_step(&frame->object))
		object_release(&frame->object);
}

void vmem_mapping_free(struct vmem_mapping *mapping)
{
	struct vmem *vmem = mapping->vmem;

	slab_free(&slab, mapping);
	if (--vmem->mapping_count % MAPPINGS_PER_PAGE == 0)
		group_return_pages(vmem->object.group, 1);
}

/* The mapping is in no tree any more. */
static void mapping_end(struct vmem_mapping *mapping)
{
	mapping->vmem->mapped -= mapping->end - mapping->start;
	frame_remove_mapping(mapping->frame, mapping);
	vmem_release_frame(mapping->frame, mapping->flags & (MAPPING_FRESH | MAPPING_CONTROL));
	vmem_mapping_free(mapping);
}

void vmem_mapping_insert(struct vmem_mapping *mapping, struct vmem_mapping *after)
{
	mapping->vmem->mapped += mapping->end - mapping->start;
	vmem_tree_insert(&mapping->vmem->root, mapping);
	frame_add_mapping(mapping->frame, mapping, after);
}

uint32_t vmem_mapping_split(struct vmem *vmem, uint64_t address)
{
	struct vmem_mapping *low = vmem_tree_find(vmem->root, address), *high;

	if (!low || low->start == address)
		return ERR_OK;
	uint32_t error = vmem_mapping_create(vmem, low->frame, &high);
	if (error)
		return error;
	object_reference(&low->frame->object);
	high->start = address;
	high->end = low->end;
	high->offset = low->offset + (address - low->start);
	high->flags = low->flags;
	high->rights = low->rights;
	low->end = address;
	vmem->mapped -= high->end - address; /* which its insertion adds again */
	vmem_mapping_insert(high, low);
	return ERR_OK;
}

void vmem_mapping_join(struct vmem *vmem, uint64_t address)
{
	struct vmem_mapping *low = vmem_tree_below(vmem->root, address), *high = vmem_tree_find(vmem->root, address);

	if (!low || !high || low->end != address || high->start != address || low->frame != high->frame ||
	        low->offset + (low->end - low->start) != high->offset || low->flags != high->flags ||
	        low->rights != high->rights || low->frame->walk != FRAME_STANDS)
		return;
	vmem_tree_cut(&vmem->root, high->start, high->end);
	low->end = high->end;
	vmem->mapped += high->end - address;
	if (vmem->last == high)
		vmem->last = 0;
	mapping_end(high);
}

uint32_t vmem_discard(struct vmem *vmem, uint64_t start, uint64_t end)
{
	uint32_t error = vmem_mapping_split(vmem, start);

	if (!error)
		error = vmem_mapping_split(vmem, end);
	if (error) {
		vmem_mapping_join(vmem, start);
		return error;
	}
	struct vmem_mapping *range = vmem_tree_cut(&vmem->root, start, end);
	if (!range)
		return ERR_OK;
	range->next_discarded = vmem->discarded;
	vmem->discarded = range;
	vmem->last = 0;
	if (start >= vmem->arena && start < vmem->arena_next)
		vmem->arena_next = start;
	return ERR_OK;
}

void vmem_flush(const struct vmem *vmem, uint64_t start, uint64_t end)
{
	if (arch_cpu_current()->page_root != vmem->table.root.raw)
		return; /* it is flushed when this CPU comes back to it */
	if ((end - start) / PAGE_SIZE > FLUSH_PAGES_MAX) {
		page_flush_all();
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		page_flush(uaddr(start));
}

bool vmem_clear(struct vmem *vmem, uint64_t *at, uint64_t end, unsigned *budget)
{
	struct uaddr stop = {*at};

	if (!vmem->table.root.raw) { /* it went first, at the vmem's end */
		*at = end;
		return true;
	}
	uint64_t met = page_table_unmap(&vmem->table, &stop, uaddr(end), *budget);

	if (met)
		vmem_flush(vmem, *at, stop.raw);
	vmem->resident -= met;
	uint64_t looked = (stop.raw - *at) / PAGE_SIZE + 4; /* and the walk */
	*budget -= looked < *budget ? (unsigned)looked : *budget;
	*at = stop.raw;
	return stop.raw >= end;
}

void vmem_forget_page(struct vmem *vmem, uint64_t address)
{
	vmem_clear(vmem, &address, address + PAGE_SIZE, &(unsigned){1});
}

/* One step for a discarded mapping that is in no tree; true when nothing holds it any more. */
static bool clean_mapping(struct vmem *vmem, struct vmem_mapping *mapping, unsigned *budget)
{
	if (mapping->cleared < mapping->end && !vmem_clear(vmem, &mapping->cleared, mapping->end, budget))
		return false;
	if (!(mapping->flags & MAPPING_FRESH))
		return true;

	/* It was the only way to its part of the frame. */
	struct frame *frame = mapping->frame;
	uint64_t offset = mapping->offset, end = offset + (mapping->end - mapping->start);
	unsigned before = *budget / COST_PAGE, pages = before;
	bool done = frame_discard(frame, &offset, end, &pages);

	*budget -= (before - pages) * COST_PAGE;
	return done;
}

/* Takes the first mapping off the discarded ones. */
static struct vmem_mapping *take_discarded(struct vmem *vmem)
{
	struct vmem_mapping *root = vmem->discarded, *next = root->next_discarded;
	struct vmem_mapping *mapping = vmem_tree_take_first(&root);

	if (root)
		root->next_discarded = next;
	vmem->discarded = root ? root : next;
	if (!mapping->cleared)
		mapping->cleared = mapping->start;
	return mapping;
}

bool vmem_clean(struct vmem *vmem, unsigned budget)
{
	while (vmem->discarded) {
		struct vmem_mapping *mapping;

		if (budget < COST_MAPPING)
			return false;
		mapping = take_discarded(vmem);
		if (clean_mapping(vmem, mapping, &budget)) {
			budget -= COST_MAPPING < budget ? COST_MAPPING : budget;
			mapping_end(mapping);
		} else {
			mapping->next_discarded = vmem->discarded;
			vmem->discarded = mapping;
		}
	}
	return true;
}

uint32_t vmem_finish(struct vmem *vmem)
{
	lock_acquire(&vmem->lock);
	bool done = vmem_clean(vmem, VMEM_BUDGET);
	lock_release(&vmem->lock);
	return done ? ERR_OK : VMEM_MORE;
}
