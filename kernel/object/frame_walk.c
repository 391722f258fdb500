/*
 * Going through all mappings of a frame, which may be many and in many address spaces: so it goes in steps, a mapping or a part
 * of one at a time. Locks are taken in the order vmem, frame, so a walk cannot hold the frame's lock while it looks after a
 * mapping.
 *
 * One walk is under way at a time. Whoever wants the frame otherwise does steps of it first, which is quicker than waiting, and a
 * walk whose starter is gone is finished by the next. Mappings that come meanwhile are no matter: a new one comes first in the
 * list and has no entries; one that takes over another's entries (split off, or a clone's) comes right behind that; one that is
 * removed hands `walk_at` on; and none are joined.
 */
#include "object/frame.h"
#include "object/vmem.h"

void frame_add_mapping(struct frame *frame, struct vmem_mapping *mapping, struct vmem_mapping *after)
{
	frame_acquire(frame);
	mapping->link_of_frame = after ? &after->next_of_frame : &frame->mappings;
	mapping->next_of_frame = *mapping->link_of_frame;
	if (mapping->next_of_frame)
		mapping->next_of_frame->link_of_frame = &mapping->next_of_frame;
	*mapping->link_of_frame = mapping;
	frame_release(frame);
}

static void next_mapping(struct frame *frame)
{
	frame->walk_at = frame->walk_at->next_of_frame;
	frame->walk_progress = 0;
}

void frame_remove_mapping(struct frame *frame, struct vmem_mapping *mapping)
{
	frame_acquire(frame);
	if (frame->walk_at == mapping)
		next_mapping(frame);
	*mapping->link_of_frame = mapping->next_of_frame;
	if (mapping->next_of_frame)
		mapping->next_of_frame->link_of_frame = mapping->link_of_frame;
	frame_release(frame);
}

void frame_walk_begin(struct frame *frame, enum frame_walk walk, uint64_t index)
{
	frame->walk = (uint8_t)walk;
	frame->walk_number++;
	frame->walk_index = index;
	frame->walk_at = frame->mappings;
	frame->walk_progress = 0;
}

/* All mappings are done. */
static void end_walk(struct frame *frame)
{
	struct frame_found found;
	bool replaces = frame->walk == FRAME_REPLACES;
	uint64_t index = frame->walk_index;

	frame->walk = FRAME_STANDS;
	if (!replaces || index * PAGE_SIZE >= frame->length)
		return;

	/* What fails here fails again for the one who wants it, and is told then. */
	struct page_tree_place place;
	bool there = page_tree_locate(&frame->tree, index, &place) && *place.entry;
	if (there && (place.shared || page_tree_is_shared(paddr(*place.entry))))
		(void)!frame_replace_page(frame, index, &found);
}

void frame_walk_step(struct frame *frame)
{
	struct vmem_mapping *mapping = frame->walk_at;

	if (!mapping) {
		end_walk(frame);
		return;
	}
	struct vmem *vmem = mapping->vmem;
	uint32_t number = frame->walk_number;
	struct vmem_forgetting what = {
	        .mapping = mapping,
	        .frame = frame,
	        .start = mapping->start,
	        .from = frame->walk == FRAME_SHRINKS    ? frame->length
	                : frame->walk == FRAME_REPLACES ? frame->walk_index * PAGE_SIZE
	                                                : 0,
	        .to = frame->walk == FRAME_REPLACES ? (frame->walk_index + 1) * PAGE_SIZE : FRAME_END,
	        .writing_only = frame->walk == FRAME_PROTECTS,
	        .progress = frame->walk_progress,
	};

	frame_release(frame);
	bool done = vmem_forget(vmem, &what);
	frame_acquire(frame);
	if (frame->walk_at != mapping || frame->walk_number != number)
		return;
	frame->walk_progress = what.progress;
	if (done)
		next_mapping(frame);
}

bool frame_settle_locked(struct frame *frame)
{
	if (frame->walk != FRAME_STANDS)
		frame_walk_step(frame);
	else if (frame->shrinking)
		frame_shrink_step(frame);
	return frame->walk == FRAME_STANDS && !frame->shrinking;
}

bool frame_settle(struct frame *frame)
{
	frame_acquire(frame);
	bool settled = frame_settle_locked(frame);
	frame_release(frame);
	return settled;
}
