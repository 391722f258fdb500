/* Making and ending address spaces, and finding the page behind an address. */
#include "object/vmem.h"

#include "arch/cpu.h"
#include "mm/slab.h"
#include "object/group.h"
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"

/* Tables that mapping one page may need, which are paid for in advance; more than twice that is given back. */
#define TABLES_AHEAD 3u

#define CONTROL_PAGES_PER_STEP 4u
#define DESTROY_BUDGET 300u /* entries of page tables */

static struct slab slab = SLAB_INIT("vmems", struct vmem);

uint32_t vmem_create(struct group *group, struct vmem **out)
{
	struct vmem *vmem = slab_alloc(&slab);

	if (!vmem)
		return ERR_NO_MEMORY;
	uint32_t error = group_charge_pages(group, 1 + TABLES_AHEAD);
	if (error)
		goto free;
	error = object_init(&vmem->object, OBJECT_VMEM, group);
	if (error)
		goto uncharge;
	error = page_table_create(&vmem->table) ? ERR_OK : ERR_NO_MEMORY;
	if (error)
		goto end;
	lock_init(&vmem->lock, RANK_VMEM, "vmem");
	control_blocks_init(&vmem->blocks);
	vmem->tables_charged = 1 + TABLES_AHEAD;
	vmem->chance = cpu_random() | 1;
	vmem_place_arena(vmem);
	*out = vmem;
	return ERR_OK;

end:
	object_end(&vmem->object);
uncharge:
	group_return_pages(group, 1 + TABLES_AHEAD);
free:
	slab_free(&slab, vmem);
	return error;
}

bool vmem_join(struct vmem *vmem, bool alone)
{
	lock_acquire(&vmem->lock);
	bool joins = !alone || !vmem->processes;
	vmem->processes += joins;
	lock_release(&vmem->lock);
	return joins;
}

uint32_t vmem_leave(struct vmem *vmem)
{
	lock_acquire(&vmem->lock);
	uint32_t left = --vmem->processes;
	lock_release(&vmem->lock);
	return left;
}

uint32_t vmem_charge_tables(struct vmem *vmem)
{
	uint64_t needed = vmem->table.tables + TABLES_AHEAD;

	if (vmem->tables_charged >= needed)
		return ERR_OK;
	uint32_t error = group_charge_pages(vmem->object.group, needed - vmem->tables_charged);
	if (!error)
		vmem->tables_charged = needed;
	return error;
}

void vmem_return_tables(struct vmem *vmem)
{
	uint64_t enough = vmem->table.tables + 2 * TABLES_AHEAD;

	if (vmem->tables_charged > enough) {
		group_return_pages(vmem->object.group, vmem->tables_charged - enough);
		vmem->tables_charged = enough;
	}
}

/* The mapping that has the address and allows the access, or 0. */
static struct vmem_mapping *find(struct vmem *vmem, uint64_t address, uint32_t access)
{
	struct vmem_mapping *mapping = vmem->last;

	if (!mapping || address < mapping->start || address >= mapping->end) {
		mapping = vmem_tree_find(vmem->root, address);
		vmem->last = mapping;
	}
	return mapping && mapping->flags & access ? mapping : 0;
}

static uint32_t page_of(const struct vmem_mapping *mapping, uint64_t address, bool write, struct frame_found *out)
{
	uint64_t offset = mapping->offset + ((address & ~PAGE_MASK) - mapping->start);

	return frame_find(mapping->frame, offset, write ? FRAME_WRITE : FRAME_READ, mapping, out);
}

/* An entry lets write only where the page is not shared; else a write is to fault. */
static uint32_t fault(struct vmem *vmem, const struct vmem_mapping *mapping, uint64_t address, uint32_t access)
{
	struct frame_found found;
	bool replaced;
	uint32_t error = vmem_charge_tables(vmem);

	if (!error)
		error = page_of(mapping, address, access == MAP_WRITE, &found);
	if (error)
		return error;
	address &= ~PAGE_MASK;
	struct page_rights rights = vmem_mapping_rights(mapping);
	rights.writable &= found.own;
	if (!page_table_map(&vmem->table, uaddr(address), found.page, rights, &replaced)) {
		if (found.replaced)
			vmem_forget_page(vmem, address);
		return ERR_NO_MEMORY;
	}
	if (replaced)
		page_flush(uaddr(address));
	else
		vmem->resident++;
	return ERR_OK;
}

/* Without any lock: a step of what the frame must be done with before. */
static __attribute__((noinline)) uint32_t settle(struct frame *frame, uint32_t error)
{
	if (error == FRAME_MORE)
		frame_settle(frame);
	return error;
}

uint32_t vmem_fault(struct vmem *vmem, uint64_t address, bool write, bool execute)
{
	uint32_t access = execute ? MAP_EXECUTE : write ? MAP_WRITE : MAP_READ;

	lock_acquire(&vmem->lock);
	const struct vmem_mapping *mapping = find(vmem, address, access);
	struct frame *frame = mapping ? mapping->frame : 0;
	uint32_t error = mapping ? fault(vmem, mapping, address, access) : ERR_BAD_ADDRESS;
	lock_release(&vmem->lock);
	return __builtin_expect(error == ERR_OK, 1) ? error : settle(frame, error);
}

/* Entries of [*at, end) of a mapping. */
static bool forget_range(struct vmem *vmem, const struct vmem_forgetting *what, uint64_t *at, uint64_t end)
{
	unsigned budget = VMEM_BUDGET;
	uint64_t start = *at;
	struct uaddr stop = {start};

	if (!what->writing_only)
		return vmem_clear(vmem, at, end, &budget);
	if (!(what->mapping->rights & MAP_WRITE)) { /* not the flags: a vmem_protect may be half-way */
		*at = end;
		return true;
	}
	struct page_rights rights = vmem_mapping_rights(what->mapping);
	rights.writable = false;
	if (page_table_protect(&vmem->table, &stop, uaddr(end), rights, budget))
		vmem_flush(vmem, start, stop.raw);
	*at = stop.raw;
	return stop.raw == end;
}

bool vmem_forget(struct vmem *vmem, struct vmem_forgetting *what)
{
	const struct vmem_mapping *mapping = what->mapping;
	bool done;

	lock_acquire(&vmem->lock);
	if (vmem_tree_find(vmem->root, what->start) != mapping || mapping->frame != what->frame) {
		done = vmem_clean(vmem, VMEM_BUDGET); /* it is discarded, or was */
	} else {
		uint64_t length = mapping->end - mapping->start;
		uint64_t first = mapping->offset < what->from ? what->from - mapping->offset : 0;
		uint64_t end = mapping->offset < what->to ? what->to - mapping->offset : 0;

		first = what->progress > first ? what->progress : first;
		end = end < length ? end : length;
		done = first >= end;
		if (!done) {
			uint64_t at = mapping->start + first;
			done = forget_range(vmem, what, &at, mapping->start + end);
			what->progress = at - mapping->start;
		}
	}
	lock_release(&vmem->lock);
	return done;
}

bool vmem_destroy_step(struct object *object)
{
	struct vmem *vmem = (struct vmem *)object;

	if (arch_cpu_current()->page_root == vmem->table.root.raw)
		page_table_activate_kernel();
	if (!page_table_destroy_step(&vmem->table, DESTROY_BUDGET) ||
	        !control_blocks_destroy_step(&vmem->blocks, CONTROL_PAGES_PER_STEP))
		return false;

	lock_acquire(&vmem->lock);
	vmem->resident = 0;
	if (vmem->root) {
		vmem->root->next_discarded = vmem->discarded;
		vmem->discarded = vmem->root;
		vmem->root = vmem->last = 0;
	}
	bool done = vmem_clean(vmem, VMEM_BUDGET);
	lock_release(&vmem->lock);
	if (!done)
		return false;
	group_return_pages(vmem->object.group, vmem->tables_charged);
	object_end(&vmem->object);
	slab_free(&slab, vmem);
	return true;
}
