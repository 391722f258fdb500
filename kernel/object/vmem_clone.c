#include "object/vmem_clone.h"

#include "arch/cpu.h"
#include "object/vmem_mapping.h"
#include "object/vmem_tree.h"

/* Pages that the copy finds in its page table. A larger process makes do with faults. */
#define PAGES_AT_ONCE 1024u

static uint64_t last_stamp;

void vmem_clone_begin(struct vmem_clone *clone, struct vmem *from, struct vmem *to)
{
	*clone = (struct vmem_clone){
	        .from = from,
	        .to = to,
	        .stamp = __atomic_add_fetch(&last_stamp, 1, __ATOMIC_RELAXED),
	        .pages_left = PAGES_AT_ONCE,
	};
	lock_acquire(&from->lock);
	to->arena = from->arena;
	to->arena_next = from->arena_next;
	to->arena_end = from->arena_end;
	lock_release(&from->lock);
}

static void let_go(struct frame **frame)
{
	if (*frame)
		object_release(&(*frame)->object);
	*frame = 0;
}

void vmem_clone_end(struct vmem_clone *clone)
{
	let_go(&clone->source);
	let_go(&clone->clone);
	if (clone->flushes)
		vmem_flush(clone->from, 0, USER_TOP);
}

static bool is_shared(const struct vmem_mapping *mapping)
{
	return mapping->flags & MAP_SHARE || !(mapping->rights & MAP_WRITE) || !frame_is_lazy(mapping->frame);
}

/* From now on two mappings lead there: fresh memory becomes a frame like others. */
static struct frame *share_frame(struct vmem_mapping *mapping)
{
	struct frame *frame = mapping->frame;

	if (mapping->flags & MAPPING_FRESH) {
		mapping->flags &= ~MAPPING_FRESH;
		frame_acquire(frame);
		frame->one_way = false;
		frame_release(frame);
	}
	return frame;
}

/* Makes the clone of a frame of which this copy has none yet. */
static uint32_t make_clone(struct vmem_clone *clone, struct frame *source)
{
	struct frame *made;
	uint32_t error = frame_clone(source, clone->to->object.group, &made);

	if (error)
		return error;
	let_go(&clone->source);
	let_go(&clone->clone);
	object_reference(&source->object);
	clone->source = source;
	clone->clone = made;
	clone->walk = 0;
	clone->walked = source->one_way; /* no other way leads to it, and these entries are looked at anyway */
	source->clone = made;
	source->clone_stamp = clone->stamp;
	return ERR_OK;
}

/* The frame that the copy maps. FRAME_MORE: something has to be done with the original's before, or after it was cloned. */
static uint32_t choose_frame(struct vmem_clone *clone, struct vmem_mapping *mapping, struct frame **out)
{
	struct frame *source = mapping->frame;
	uint32_t error = ERR_OK;

	if (is_shared(mapping)) {
		*out = share_frame(mapping);
		return ERR_OK;
	}
	if (source->clone_stamp != clone->stamp)
		error = make_clone(clone, source);
	if (!error && source == clone->source && !clone->walked)
		error = FRAME_MORE;
	if (!error)
		*out = source->clone;
	return error;
}

/* The part of a mapping from an address on, in the copy. */
static uint32_t add_mapping(struct vmem_clone *clone, struct vmem_mapping *mapping, uint64_t start, struct frame *frame)
{
	struct vmem_mapping *above = vmem_tree_above(clone->to->root, start), *copy;

	if (above && above->start < mapping->end)
		return ERR_EXISTS;
	uint32_t error = vmem_mapping_create(clone->to, frame, &copy);
	if (error)
		return error;
	object_reference(&frame->object);
	copy->start = start;
	copy->end = mapping->end;
	copy->offset = mapping->offset + (start - mapping->start);
	copy->flags = mapping->flags;
	copy->rights = mapping->rights;
	vmem_mapping_insert(copy, frame == mapping->frame ? mapping : 0);

	clone->at = copy->end;
	clone->entries_at = start;
	clone->frame = frame;
	clone->offset = copy->offset;
	clone->flags = copy->flags;
	clone->protects = frame != mapping->frame;
	return ERR_OK;
}

static uint32_t copy_mapping_locked(struct vmem_clone *clone, struct vmem_mapping *mapping)
{
	struct frame *frame;

	if (mapping->flags & (MAP_NO_INHERIT | MAPPING_CONTROL)) {
		clone->at = clone->entries_at = mapping->end;
		return ERR_OK;
	}
	uint32_t error = choose_frame(clone, mapping, &frame);
	if (!error)
		error = add_mapping(clone, mapping, mapping->start > clone->at ? mapping->start : clone->at, frame);
	return error;
}

/* The next mapping, or a step of what comes before. ERR_OK: there is none. */
static uint32_t copy_mapping(struct vmem_clone *clone)
{
	struct vmem *from = clone->from;
	struct frame *source = 0;
	uint32_t error = ERR_OK;

	lock_acquire(&from->lock);
	struct vmem_mapping *mapping = vmem_tree_above(from->root, clone->at);
	if (mapping) {
		source = mapping->frame;
		error = copy_mapping_locked(clone, mapping);
	}
	lock_release(&from->lock);
	if (!source)
		return ERR_OK;
	if (error == FRAME_MORE && source == clone->source && !clone->walked)
		clone->walked = frame_clone_finish(source, &clone->walk);
	else if (error == FRAME_MORE)
		frame_settle(source);
	return error ? error : VMEM_MORE;
}

/* Entries of the copy for pages that the original has one for. Only to save faults: whatever is in the way, they come later. */
static void map_pages(struct vmem_clone *clone, uint64_t address, uint64_t wanted)
{
	struct vmem *to = clone->to;
	struct paddr pages[PAGES_GATHERED];
	uint64_t own;

	if (!clone->pages_left || !(clone->flags & MAP_READ))
		return;
	lock_acquire(&to->lock);
	struct vmem_mapping *mapping = vmem_tree_find(to->root, address);
	uint64_t there = frame_look(clone->frame, clone->offset + (address - clone->entries_at), wanted, pages, &own);
	if (there && vmem_charge_tables(to))
		there = clone->pages_left = 0;
	if (there) {
		unsigned count =
		        page_table_map_gathered(&to->table, uaddr(address), pages, there, own, vmem_mapping_rights(mapping));
		to->resident += count;
		clone->pages_left -= count < clone->pages_left ? count : clone->pages_left;
	}
	lock_release(&to->lock);
}

/* Passes by what the copy has no pages for: looking for them in the frame is quicker than in the page table. False: there are no more. */
static bool find_entries(struct vmem_clone *clone)
{
	uint64_t left = clone->at - clone->entries_at, next = frame_next(clone->frame, clone->offset);

	if (next >= clone->offset + left) {
		clone->entries_at = clone->at;
		return false;
	}
	clone->entries_at += next - clone->offset;
	clone->offset = next;
	return true;
}

/* Entries of the original, as many as one step looks at. */
static void copy_entries(struct vmem_clone *clone)
{
	struct vmem *from = clone->from;
	struct uaddr at, first;
	unsigned budget = VMEM_BUDGET;

	if (!find_entries(clone))
		return;
	at = uaddr(clone->entries_at);
	lock_acquire(&from->lock);
	uint64_t found = page_table_gather(&from->table, &at, uaddr(clone->at), &budget, clone->protects, &first);
	lock_release(&from->lock);
	if (found) {
		clone->flushes |= clone->protects;
		map_pages(clone, first.raw, found);
	}
	clone->offset += at.raw - clone->entries_at;
	clone->entries_at = at.raw;
}

uint32_t vmem_clone_step(struct vmem_clone *clone)
{
	if (clone->entries_at < clone->at) {
		copy_entries(clone);
		return VMEM_MORE;
	}
	return copy_mapping(clone);
}
