/*
 * Changing a frame's length. Locks are taken in the order vmem, frame, so a shrink cannot hold the frame's lock while it looks
 * after mappings. It goes like this:
 *
 *   1. The new length is set: from here on nobody gets a page beyond it.
 *   2. Mapping for mapping, pages beyond it leave the page table. Mappings that are added meanwhile come before `shrink_at` in
 *      the list and have none; one that is removed hands `shrink_at` on to its successor.
 *   3. The pages leave the tree and are freed.
 *
 * Each call does a bounded part of that. A growth waits until an unfinished shrink is done, so that nothing old comes back.
 */
#include "object/frame.h"

#include "core/panic.h"
#include "object/vmem.h"

#define RESIZE_BUDGET 16u

void frame_add_mapping(struct frame *frame, struct vmem_mapping *mapping)
{
	lock_acquire(&frame->lock);
	mapping->next_of_frame = frame->mappings;
	mapping->link_of_frame = &frame->mappings;
	if (frame->mappings)
		frame->mappings->link_of_frame = &mapping->next_of_frame;
	frame->mappings = mapping;
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

/* Another mapping's part of the second step. Without the lock, because the vmem's comes first. */
static void shrink_mapping(struct frame *frame, struct vmem_mapping *mapping, uint64_t progress)
{
	bool done = vmem_forget(mapping->vmem, mapping, frame, frame->length, &progress);

	lock_acquire(&frame->lock);
	if (frame->shrink_at == mapping) {
		frame->shrink_progress = progress;
		if (done)
			next_mapping_locked(frame);
	}
	lock_release(&frame->lock);
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
	length = (length + PAGE_MASK) & ~PAGE_MASK;

	lock_acquire(&frame->lock);
	bool shrinking = begin_locked(frame, length);
	struct vmem_mapping *mapping = frame->shrink_at;
	uint64_t progress = frame->shrink_progress, offset = frame->length;
	lock_release(&frame->lock);

	if (!shrinking)
		return ERR_OK;
	if (mapping) {
		shrink_mapping(frame, mapping, progress);
		return FRAME_MORE;
	}
	if (!frame_discard(frame, &offset, PAGE_TREE_INDEX_END * PAGE_SIZE, RESIZE_BUDGET))
		return FRAME_MORE;
	lock_acquire(&frame->lock);
	frame->shrinking = false;
	bool reached = frame->length == length;
	lock_release(&frame->lock);
	return reached ? ERR_OK : FRAME_MORE;
}
