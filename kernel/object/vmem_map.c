/* Adding mappings: check, allot, then act under the lock, where the address is chosen and nothing can fail half-way. */
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"

#include "arch/paging.h"

#define ACCESS (MAP_READ | MAP_WRITE | MAP_EXECUTE)
#define PLACED (MAP_FIXED | MAP_FIXED_EMPTY)
#define READY_MAX (128u * PAGE_SIZE)

/* progress: the address that was mapped, with this bit, once only cleaning up is left. */
#define DONE 1u

struct want {
	uint64_t address, length;
	uint32_t flags, rights; /* flags with MAPPING_FRESH */
	struct frame *frame;    /* 0: fresh */
	uint64_t offset;
};

static uint32_t check(const struct want *want)
{
	uint32_t flags = want->flags;

	if (!want->length || want->length > USER_TOP - USER_BOTTOM ||
	        (want->address | want->length | want->offset) & PAGE_MASK || flags & ~(PLACED | MAPPING_TOLD) ||
	        (flags & PLACED) == PLACED || (flags & MAP_WRITE && flags & MAP_EXECUTE) ||
	        (flags & MAP_SHARE && flags & MAP_NO_INHERIT))
		return ERR_BAD_ARGUMENT;
	if (flags & PLACED &&
	        (want->address < USER_BOTTOM || want->address > USER_TOP || want->length > USER_TOP - want->address))
		return ERR_BAD_ARGUMENT;
	if (!(flags & PLACED) && want->address)
		return ERR_BAD_ARGUMENT;
	if (want->frame && (want->offset > want->frame->length || want->length > want->frame->length - want->offset))
		return ERR_BAD_ARGUMENT;
	return flags & ACCESS & ~want->rights ? ERR_NO_RIGHT : ERR_OK;
}

static bool is_empty(const struct vmem *vmem, uint64_t start, uint64_t end)
{
	const struct vmem_mapping *above = vmem_tree_above(vmem->root, start);

	return !above || above->start >= end;
}

/* Fresh memory right behind the end of fresh memory needs no mapping of its own: a heap that grows stays one. */
static bool extend(struct vmem *vmem, const struct want *want)
{
	struct vmem_mapping *low = vmem_tree_below(vmem->root, want->address);

	if (!(want->flags & PLACED) || !low || low->end != want->address || low->flags != (want->flags & ~PLACED) ||
	        low->rights != want->rights || !is_empty(vmem, want->address, want->address + want->length))
		return false;

	/* What the frame has beyond this mapping may still be waiting to be freed. */
	uint64_t length = low->offset + (low->end - low->start);
	if (length != low->frame->length || frame_resize(low->frame, length + want->length))
		return false;
	low->end += want->length;
	vmem->mapped += want->length;
	return true;
}

/* Finds the place, or makes it free. */
static uint32_t place(struct vmem *vmem, struct want *want)
{
	if (!(want->flags & PLACED))
		return vmem_place(vmem, want->length, want->flags, &want->address);
	if (want->flags & MAP_FIXED)
		return vmem_discard(vmem, want->address, want->address + want->length);
	return is_empty(vmem, want->address, want->address + want->length) ? ERR_OK : ERR_EXISTS;
}

/* On success the mapping has the caller's reference to the frame. */
static uint32_t add(struct vmem *vmem, struct want *want)
{
	struct vmem_mapping *mapping;
	uint32_t error = vmem_mapping_create(vmem, want->frame, &mapping);

	if (error)
		return error;
	error = place(vmem, want);
	if (error) {
		vmem_mapping_free(mapping);
		return error;
	}
	mapping->start = want->address;
	mapping->end = want->address + want->length;
	mapping->offset = want->offset;
	mapping->flags = want->flags & ~PLACED;
	mapping->rights = want->rights;
	vmem_mapping_insert(mapping, 0);
	return ERR_OK;
}

static uint32_t add_frame(struct vmem *vmem, struct want *want)
{
	object_reference(&want->frame->object);
	uint32_t error = add(vmem, want);
	if (error)
		object_release(&want->frame->object);
	return error;
}

static uint32_t add_fresh(struct vmem *vmem, struct want *want)
{
	want->flags |= MAPPING_FRESH;
	want->rights = ACCESS;
	want->offset = 0;
	if (extend(vmem, want))
		return ERR_OK;
	uint32_t error = frame_create(vmem->object.group, want->length, 0, &want->frame);
	if (error)
		return error;
	want->frame->one_way = true;
	error = add(vmem, want);
	if (error)
		vmem_release_frame(want->frame, true);
	return error;
}

uint32_t vmem_map(struct vmem *vmem, uint64_t address, uint64_t length, uint32_t flags, struct frame *frame, uint64_t offset,
        uint32_t allowed, uint64_t *progress, uint64_t *out_address)
{
	if (flags & (MAP_WRITE | MAP_EXECUTE))
		flags |= MAP_READ;

	struct want want = {address, length, flags, frame ? allowed : ACCESS, frame, offset};
	uint32_t error = ERR_OK;

	if (frame && frame->flags & FRAME_OVER && !(frame->flags & FRAME_OVER_WRITABLE))
		want.rights &= ~MAP_WRITE;

	if (!*progress) {
		error = check(&want);
		if (error)
			return error;
		lock_acquire(&vmem->lock);
		error = frame ? add_frame(vmem, &want) : add_fresh(vmem, &want);
		lock_release(&vmem->lock);
		if (error)
			return error;
		*progress = want.address | DONE;
	}
	error = vmem_finish(vmem);
	if (!error)
		*out_address = *progress & ~PAGE_MASK;
	return error;
}

/* The pages of one last-level table, as many as are looked for at once. */
static uint64_t ready_step(struct vmem *vmem, uint64_t address, uint64_t end)
{
	struct paddr pages[PAGES_GATHERED];
	uint64_t own, table_end = (address | (PAGE_TABLE_SPAN - 1)) + 1, next = address + PAGES_GATHERED * PAGE_SIZE;

	next = next < end ? next : end;
	next = next < table_end ? next : table_end;
	lock_acquire(&vmem->lock);
	struct vmem_mapping *mapping = vmem_tree_find(vmem->root, address);
	if (!mapping || mapping->frame->flags & FRAME_DEVICE || !(mapping->flags & MAP_READ) || next > mapping->end) {
		lock_release(&vmem->lock);
		return end;
	}
	uint64_t wanted = (1ull << (next - address) / PAGE_SIZE) - 1;
	uint64_t there = frame_look(mapping->frame, mapping->offset + (address - mapping->start), wanted, pages, &own);
	if (there && !vmem_charge_tables(vmem))
		vmem->resident +=
		        page_table_map_gathered(&vmem->table, uaddr(address), pages, there, own, vmem_mapping_rights(mapping));
	lock_release(&vmem->lock);
	return next;
}

void vmem_make_ready(struct vmem *vmem, uint64_t address, uint64_t length)
{
	uint64_t end = address + (length < READY_MAX ? length : READY_MAX);

	while (address < end)
		address = ready_step(vmem, address, end);
}

/* What is not entered now comes with a fault. */
static void enter_page(struct vmem *vmem, uint64_t address, struct paddr page)
{
	const struct page_rights rights = {.writable = true};
	bool replaced;

	if (!vmem_charge_tables(vmem) && page_table_map(&vmem->table, uaddr(address), page, rights, &replaced))
		vmem->resident += !replaced;
}

static uint32_t map_pinned(struct vmem *vmem, struct want *want, void **out_kernel, struct frame **out_frame)
{
	uint32_t error = frame_create_page(vmem->object.group, &want->frame);

	if (error)
		return error;
	lock_acquire(&vmem->lock);
	/* First: a page that was unmapped at the chosen address must not show through. */
	error = vmem_clean(vmem, VMEM_BUDGET) ? add_frame(vmem, want) : VMEM_MORE;
	if (!error)
		enter_page(vmem, want->address, want->frame->start);
	lock_release(&vmem->lock);
	if (error) {
		vmem_release_frame(want->frame, true);
		return error;
	}
	*out_kernel = direct_map(want->frame->start);
	*out_frame = want->frame;
	return ERR_OK;
}

#define PINNED (MAP_READ | MAP_WRITE | MAPPING_CONTROL)

uint32_t vmem_map_pinned(struct vmem *vmem, uint64_t *out_address, void **out_kernel, struct frame **out_frame)
{
	struct want want = {0, PAGE_SIZE, PINNED, MAP_READ | MAP_WRITE, 0, 0};
	uint32_t error = map_pinned(vmem, &want, out_kernel, out_frame);

	if (!error)
		*out_address = want.address;
	return error;
}

uint32_t vmem_map_pinned_at(struct vmem *vmem, uint64_t address, void **out_kernel, struct frame **out_frame)
{
	struct want want = {address, PAGE_SIZE, PINNED | MAP_FIXED_EMPTY, MAP_READ | MAP_WRITE, 0, 0};

	return map_pinned(vmem, &want, out_kernel, out_frame);
}
