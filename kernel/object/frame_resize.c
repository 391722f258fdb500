/*
 * Changing a frame's length. Locks are taken in the order vmem, frame, so a shrink cannot hold the frame's lock while it looks
 * after mappings. It goes like this:
 *
 *   1. The new length is set: from here on nobody gets a page beyond it.
 *   2. Mapping for mapping, pages beyond it leave the page table. New mappings come first in the list and have none; one that is
 *      split off comes behind the other part; one that is removed hands `shrink_at` on; and none are joined meanwhile.
 *   3. The pages leave the tree and are freed.
 *
 * Each call does a bounded part of that. A growth waits until an unfinished shrink is done, so that nothing old comes back.
 */
#include "object/frame.h"

#include "core/panic.h"
#include "object/vmem.h"

#define RESIZE_BUDGET 8u /* pages: some 2,000 instructions if no two lie side by side */

void frame_add_mapping(struct frame *frame, struct vmem_mapping *mapping, struct vmem_mapping *after)
{
	lock_acquire(&frame->lock);
	mapping->link_of_frame = after ? &after->next_of_frame : &frame->mappings;
	mapping->next_of_frame = *mapping->link_of_frame;
	if (mapping->next_of_frame)
		mapping->next_of_frame->link_of_frame = &mapping->next_of_frame;
	*mapping->link_of_frame = mapping;
	lock_release(&frame->lock);
}

static void next_mapping_locked(struct frame *frame)
{
	frame->shrink_at = frame->shrink_at->next_of_frame;
	frame->shrink_progress = 0;
}

void frame_remove_mapping(struct frame *frame, struct vmem_mapping *mapping)
{
	lock_acquire(&frame->lock);
	if (frame->shrink_at == mapping)
		next_mapping_locked(frame);
	*mapping->link_of_frame = mapping->next_of_frame;
	if (mapping->next_of_frame)
		mapping->next_of_frame->link_of_frame = mapping->link_of_frame;
	lock_release(&frame->lock);
}

/* One mapping's part of the second step, which begins without the lock, because the vmem's comes first. */
static void shrink_mapping(struct frame *frame)
{
	struct vmem_mapping *mapping = frame->shrink_at;
	struct vmem *vmem = mapping->vmem;
	uint64_t start = mapping->start, length = frame->length, progress = frame->shrink_progress;

	lock_release(&frame->lock);
	bool done = vmem_forget(vmem, mapping, start, frame, length, &progress);
	lock_acquire(&frame->lock);
	if (frame->shrink_at != mapping)
		return;
	frame->shrink_progress = progress;
	if (done)
		next_mapping_locked(frame);
}

/* Sets the length as far as that is allowed now. True: there is a shrink to go on with. */
static bool begin_locked(struct frame *frame, uint64_t length)
{
	if (length < frame->length) {
		frame->length = length;
		frame->shrinking = true;
		frame->shrink_at = frame->mappings;
		frame->shrink_progress = 0;
	}
	if (!frame->shrinking)
		frame->length = length;
	return frame->shrinking;
}

uint32_t frame_resize(struct frame *frame, uint64_t length)
{
	if (frame->flags & (FRAME_CONTIGUOUS | FRAME_DEVICE | FRAME_OVER))
		return ERR_NOT_SUPPORTED;
	if (!length)
		return ERR_BAD_ARGUMENT;
	if (length > FRAME_LENGTH_MAX)
		return ERR_TOO_LARGE;
	length = whole_pages(length);

	lock_acquire(&frame->lock);
	bool more = begin_locked(frame, length);
	if (more) {
		if (frame->shrink_at)
			shrink_mapping(frame);
		else if (frame_discard_locked(frame, &(uint64_t){frame->length}, FRAME_END, RESIZE_BUDGET))
			frame->shrinking = false;
		more = frame->shrinking || frame->length != length;
	}
	lock_release(&frame->lock);
	return more ? FRAME_MORE : ERR_OK;
}
