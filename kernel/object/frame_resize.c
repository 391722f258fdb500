/*
 * Changing a frame's length. A shrink goes like this:
 *
 *   1. The nodes of the tree in which the new end lies become the frame's own, which can fail. The new length is set: from here on
 *      nobody gets a page beyond it.
 *   2. Mapping for mapping, pages beyond it leave the page table (frame_walk.c).
 *   3. The pages leave the tree and are freed. Whatever other frames share of it goes as whole nodes.
 *
 * Each call does a bounded part of that. A growth waits until an unfinished shrink is done, so that nothing old comes back, and so
 * does a clone, so that step 3 finds the nodes of step 1 unshared.
 */
#include "object/frame.h"

#define RESIZE_BUDGET 8u /* pages: some 2,000 instructions if no two lie side by side */

bool frame_shrink_step(struct frame *frame)
{
	uint64_t offset = frame->length;
	unsigned budget = RESIZE_BUDGET;

	if (frame_discard_locked(frame, &offset, FRAME_END, &budget))
		frame->shrinking = false;
	return !frame->shrinking;
}

/* Sets the length as far as that is allowed now. */
static uint32_t begin(struct frame *frame, uint64_t length)
{
	if (length < frame->length && (frame->walk == FRAME_STANDS || frame->walk == FRAME_SHRINKS)) {
		uint32_t error = frame_cut(frame, length);
		if (error)
			return error;
		frame->length = length;
		frame->shrinking = true;
		frame_walk_begin(frame, FRAME_SHRINKS, 0);
	}
	if (length > frame->length && !frame->shrinking)
		frame->length = length;
	return ERR_OK;
}

uint32_t frame_resize(struct frame *frame, uint64_t length)
{
	if (!frame_is_lazy(frame))
		return ERR_NOT_SUPPORTED;
	if (!length)
		return ERR_BAD_ARGUMENT;
	if (length > FRAME_LENGTH_MAX)
		return ERR_TOO_LARGE;
	length = whole_pages(length);

	frame_acquire(frame);
	uint32_t error = begin(frame, length);
	if (!error && (frame->shrinking || frame->length != length)) {
		frame_settle_locked(frame);
		error = frame->shrinking || frame->length != length ? FRAME_MORE : ERR_OK;
	}
	frame_release(frame);
	return error;
}
