/* Making frames and ending them. */
#include "object/frame.h"

#include "arch/paging.h"
#include "lib/string.h"
#include "mm/pages.h"
#include "mm/slab.h"
#include "object/group.h"

/* Pages that one step of destroy frees: some 2,000 instructions. */
#define DESTROY_BUDGET 8u

struct touched_bits {
	uint64_t word[FRAME_CONTIGUOUS_MAX / PAGE_SIZE / 64];
};

static struct slab slab = SLAB_INIT("frames", struct frame);
static struct slab touched_slab = SLAB_INIT("contiguous frames' bits", struct touched_bits);

_Static_assert(FRAME_CONTIGUOUS_MAX == PAGES_RUN_MAX * PAGE_SIZE, "as much as can be had in one piece");
_Static_assert(FRAME_LENGTH_MAX <= PAGE_TREE_INDEX_END * PAGE_SIZE, "every page of a frame has its place in the tree");

uint32_t frame_create_empty(struct group *group, uint64_t length, uint32_t flags, struct frame **out)
{
	struct frame *frame = slab_alloc(&slab);

	if (!frame)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&frame->object, OBJECT_FRAME, group);
	if (error) {
		slab_free(&slab, frame);
		return error;
	}
	lock_init(&frame->own_lock, RANK_FRAME, "frame");
	frame->lock = &frame->own_lock;
	frame->length = length;
	frame->end = UINT64_MAX;
	frame->flags = flags;
	frame->cache = CACHE_WRITE_BACK;
	*out = frame;
	return ERR_OK;
}

/* Takes the range of a contiguous frame; what fails leaves nothing but the frame's charge, which its end gives back. */
static uint32_t fill_contiguous(struct frame *frame)
{
	uint64_t pages = frame->length / PAGE_SIZE;
	uint32_t error = group_charge_pages(frame->object.group, pages);

	if (error)
		return error;
	frame->range_pages = pages;
	frame->touched = slab_alloc(&touched_slab);
	if (!frame->touched || !pages_alloc_run(pages, frame->flags & FRAME_BELOW_4G ? PAGES_BELOW_4G : 0, &frame->start))
		return ERR_NO_MEMORY;
	frame->resident = pages;
	return ERR_OK;
}

static void free_contiguous(struct frame *frame)
{
	if (frame->start.raw && frame->length == PAGE_SIZE)
		pages_free(frame->start, 0);
	else if (frame->start.raw)
		pages_free_run(frame->start, frame->length / PAGE_SIZE);
	if (frame->touched)
		slab_free(&touched_slab, frame->touched);
	frame->resident = 0;
}

/* The last act; the frame has no pages of its own any more. */
static void end(struct frame *frame)
{
	frame_leave_family(frame);
	if (frame->range_pages)
		group_return_pages(frame->object.group, frame->range_pages);
	object_end(&frame->object);
	slab_free(&slab, frame);
}

uint32_t frame_create(struct group *group, uint64_t length, uint32_t flags, struct frame **out)
{
	struct frame *frame;

	if (!length || flags & ~(FRAME_CONTIGUOUS | FRAME_BELOW_4G) || (flags & FRAME_BELOW_4G && !(flags & FRAME_CONTIGUOUS)))
		return ERR_BAD_ARGUMENT;
	if (length > (flags & FRAME_CONTIGUOUS ? FRAME_CONTIGUOUS_MAX : FRAME_LENGTH_MAX))
		return ERR_TOO_LARGE;
	uint32_t error = frame_create_empty(group, whole_pages(length), flags, &frame);
	if (error)
		return error;
	if (flags & FRAME_CONTIGUOUS) {
		error = fill_contiguous(frame);
		if (error) {
			free_contiguous(frame);
			end(frame);
			return error;
		}
	}
	*out = frame;
	return ERR_OK;
}

uint32_t frame_create_page(struct group *group, struct frame **out)
{
	struct frame *frame;
	uint32_t error = frame_create_empty(group, PAGE_SIZE, FRAME_CONTIGUOUS, &frame);

	if (error)
		return error;
	error = group_charge_pages(group, 1);
	if (!error) {
		frame->range_pages = 1;
		error = pages_alloc(0, PAGES_ZERO, &frame->start) ? ERR_OK : ERR_NO_MEMORY;
	}
	if (error) {
		end(frame);
		return error;
	}
	frame->resident = 1;
	*out = frame;
	return ERR_OK;
}

static uint32_t create_range(struct group *group, struct paddr start, uint64_t length, uint32_t flags, struct frame **out)
{
	struct frame *frame;

	if (!length || (start.raw | length) & PAGE_MASK || length > FRAME_LENGTH_MAX ||
	        start.raw > page_physical_end() - length)
		return ERR_BAD_ARGUMENT;
	uint32_t error = frame_create_empty(group, length, flags, &frame);
	if (error)
		return error;
	frame->start = start;
	*out = frame;
	return ERR_OK;
}

uint32_t frame_create_device(struct group *group, struct paddr start, uint64_t length, uint32_t cache, struct frame **out)
{
	if (cache > CACHE_UNCACHED || length > page_physical_end())
		return ERR_BAD_ARGUMENT;
	if (pages_is_ram(start, length))
		return ERR_DENIED;
	uint32_t error = create_range(group, start, length, FRAME_DEVICE, out);
	if (!error)
		(*out)->cache = cache;
	return error;
}

uint32_t frame_create_over(struct group *group, struct paddr start, uint64_t length, struct frame **out)
{
	uint32_t error = create_range(group, start, length, FRAME_OVER, out);

	if (!error)
		(*out)->resident = length / PAGE_SIZE;
	return error;
}

uint32_t frame_copy_in(struct frame *frame, uint64_t offset, const void *from, uint64_t length)
{
	struct frame_found found;

	if (frame->flags & (FRAME_DEVICE | FRAME_OVER))
		return ERR_NOT_SUPPORTED;
	uint32_t error = frame_find(frame, offset, FRAME_WRITE, 0, &found);
	if (!error)
		memcpy(direct_map(paddr_add(found.page, offset & PAGE_MASK)), from, length);
	return error;
}

bool frame_destroy_step(struct object *object)
{
	struct frame *frame = (struct frame *)object;
	uint64_t offset = 0;
	unsigned budget = DESTROY_BUDGET;

	if (frame->tree.root && frame_is_lazy(frame) && !frame_discard(frame, &offset, FRAME_END, &budget))
		return false;
	if (frame->flags & FRAME_CONTIGUOUS)
		free_contiguous(frame);
	end(frame);
	return true;
}
