/*
 * Clones of frames, copy-on-write. A clone has its original's root, which takes bounded time however large the frame is; from then
 * on every page of both is shared. Frames that have ever shared nodes are a family, and stay one: clones of clones belong to it
 * too, and one lock guards all their trees, nodes' counts of owners and pages' counts.
 *
 * A frame gets its family with its first clone. Whoever wants its lock looks again after he has it (frame_acquire).
 */
#include "mm/slab.h"
#include "object/frame.h"

static struct slab slab = SLAB_INIT("families of frames", struct frame_family);

/* The frame is held, and let go by the lock that it was held by. False: no memory. */
static bool found_family(struct frame *frame)
{
	struct frame_family *family = slab_alloc(&slab);

	if (!family)
		return false;
	lock_init(&family->lock, RANK_FRAME, "family of frames");
	family->frames = 1;
	frame->family = family;
	__atomic_store_n(&frame->lock, &family->lock, __ATOMIC_RELEASE);
	return true;
}

static uint32_t join_family(struct frame *frame)
{
	frame_acquire(frame);
	struct lock *held = frame->lock;
	uint32_t error = frame->family || found_family(frame) ? ERR_OK : ERR_NO_MEMORY;
	lock_release(held);
	return error;
}

void frame_leave_family(struct frame *frame)
{
	struct frame_family *family = frame->family;

	if (!family)
		return;
	lock_acquire(&family->lock);
	bool last = --family->frames == 0;
	lock_release(&family->lock);
	if (last)
		slab_free(&slab, family);
}

/* `clone` is nobody else's yet. */
static uint32_t share(struct frame *frame, struct frame *clone)
{
	if (frame->walk != FRAME_STANDS || frame->shrinking)
		return FRAME_MORE;
	if (frame->family->frames >= PAGE_TREE_OWNERS_MAX)
		return ERR_TOO_LARGE;
	frame->family->frames++;
	clone->family = frame->family;
	clone->lock = frame->lock;
	clone->length = frame->length;
	clone->cache = frame->cache;
	clone->resident = frame->resident;
	clone->one_way = frame->one_way;
	page_tree_share(&frame->tree, &clone->tree);
	return ERR_OK;
}

uint32_t frame_clone(struct frame *frame, struct group *group, struct frame **out)
{
	struct frame *clone;

	if (!frame_is_lazy(frame))
		return ERR_NOT_SUPPORTED;
	uint32_t error = join_family(frame);
	if (!error)
		error = frame_create_empty(group, frame->length, frame->flags, &clone);
	if (error)
		return error;
	frame_acquire(frame);
	error = share(frame, clone);
	frame_release(frame);
	if (error)
		frame_destroy_step(&clone->object);
	else
		*out = clone;
	return error;
}

/* *walk: 0, then the number of the walk that this call began, plus 1. */
bool frame_clone_finish(struct frame *frame, uint64_t *walk)
{
	bool done = false;

	frame_acquire(frame);
	if (!frame->mappings) {
		done = true;
	} else if (!*walk) {
		if (frame_settle_locked(frame)) {
			frame_walk_begin(frame, FRAME_PROTECTS, 0);
			*walk = frame->walk_number + 1ull;
		}
	} else if (frame->walk == FRAME_STANDS || frame->walk_number + 1ull != *walk) {
		done = true;
	} else {
		frame_walk_step(frame);
	}
	frame_release(frame);
	return done;
}
