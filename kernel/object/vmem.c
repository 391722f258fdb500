/* Making and ending address spaces, and finding the page behind an address. */
#include "object/vmem.h"

#include "arch/cpu.h"
#include "mm/slab.h"
#include "object/group.h"
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"

/* Tables that mapping one page may need, which are paid for in advance; more than twice that is given back. */
#define TABLES_AHEAD 3u

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

static uint32_t charge_tables(struct vmem *vmem)
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

static uint32_t page_of(const struct vmem_mapping *mapping, uint64_t address, struct paddr *out)
{
	return frame_page(mapping->frame, mapping->offset + ((address & ~PAGE_MASK) - mapping->start), true, out);
}

static uint32_t fault_locked(struct vmem *vmem, uint64_t address, uint32_t access)
{
	struct vmem_mapping *mapping = find(vmem, address, access);
	struct paddr page;
	bool replaced;

	if (!mapping)
		return ERR_BAD_ADDRESS;
	uint32_t error = charge_tables(vmem);
	if (!error)
		error = page_of(mapping, address, &page);
	if (error)
		return error;
	address &= ~PAGE_MASK;
	if (!page_table_map(&vmem->table, uaddr(address), page, vmem_mapping_rights(mapping), &replaced))
		return ERR_NO_MEMORY;
	if (replaced)
		page_flush(uaddr(address));
	else
		vmem->resident++;
	return ERR_OK;
}

uint32_t vmem_fault(struct vmem *vmem, uint64_t address, bool write, bool execute)
{
	lock_acquire(&vmem->lock);
	uint32_t error = fault_locked(vmem, address, execute ? MAP_EXECUTE : write ? MAP_WRITE : MAP_READ);
	lock_release(&vmem->lock);
	return error;
}

uint32_t vmem_page(struct vmem *vmem, uint64_t address, bool write, struct paddr *out)
{
	struct paddr page;

	lock_acquire(&vmem->lock);
	const struct vmem_mapping *mapping = find(vmem, address, write ? MAP_WRITE : MAP_READ);
	uint32_t error = ERR_BAD_ADDRESS; /* also for device memory, which the kernel does not reach */
	if (mapping && !(mapping->frame->flags & FRAME_DEVICE))
		error = page_of(mapping, address, &page);
	lock_release(&vmem->lock);
	if (!error)
		*out = paddr_add(page, address & PAGE_MASK);
	return error;
}

bool vmem_forget(struct vmem *vmem, const struct vmem_mapping *mapping, uint64_t start, const struct frame *frame,
        uint64_t length, uint64_t *progress)
{
	bool done;

	lock_acquire(&vmem->lock);
	if (vmem_tree_find(vmem->root, start) != mapping || mapping->frame != frame) {
		done = vmem_clean(vmem, VMEM_BUDGET); /* it is discarded, or was */
	} else {
		uint64_t kept = mapping->offset < length ? length - mapping->offset : 0;
		uint64_t at = mapping->start + (kept > *progress ? kept : *progress);
		unsigned budget = VMEM_BUDGET;

		done = at >= mapping->end || vmem_clear(vmem, &at, mapping->end, &budget);
		*progress = at - mapping->start;
	}
	lock_release(&vmem->lock);
	return done;
}

bool vmem_destroy_step(struct object *object)
{
	struct vmem *vmem = (struct vmem *)object;

	if (arch_cpu_current()->page_root == vmem->table.root.raw)
		page_table_activate_kernel();
	if (!page_table_destroy_step(&vmem->table, DESTROY_BUDGET))
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
