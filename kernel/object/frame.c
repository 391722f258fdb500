/*
 * Making frames, finding and filling their pages, ending them. Charging follows the tree: a page for each page, and one for each
 * PAGE_TREE_NODES_PER_PAGE nodes but the first, which the charge for the object pays.
 */
#include "object/frame.h"

#include "arch/paging.h"
#include "lib/string.h"
#include "mm/pages.h"
#include "mm/slab.h"
#include "object/group.h"

/* Pages that one step of destroy frees: some 2,000 instructions. */
#define DESTROY_BUDGET 8u

#define DISCARD_BATCH 8u

struct touched_bits {
	uint64_t word[FRAME_CONTIGUOUS_MAX / PAGE_SIZE / 64];
};

static struct slab slab = SLAB_INIT("frames", struct frame);
static struct slab touched_slab = SLAB_INIT("contiguous frames' bits", struct touched_bits);

_Static_assert(FRAME_CONTIGUOUS_MAX == PAGES_RUN_MAX * PAGE_SIZE, "as much as can be had in one piece");
_Static_assert(FRAME_LENGTH_MAX <= PAGE_TREE_INDEX_END * PAGE_SIZE, "every page of a frame has its place in the tree");

static uint32_t create(struct group *group, uint64_t length, uint32_t flags, struct frame **out)
{
	struct frame *frame = slab_alloc(&slab);

	if (!frame)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&frame->object, OBJECT_FRAME, group);
	if (error) {
		slab_free(&slab, frame);
		return error;
	}
	lock_init(&frame->lock, RANK_FRAME, "frame");
	frame->length = length;
	frame->flags = flags;
	frame->cache = CACHE_WRITE_BACK;
	*out = frame;
	return ERR_OK;
}

static bool is_lazy(const struct frame *frame)
{
	return !(frame->flags & (FRAME_CONTIGUOUS | FRAME_DEVICE | FRAME_OVER));
}

/* Takes the range of a contiguous frame; what fails leaves nothing but the frame's charge, which its end gives back. */
static uint32_t fill_contiguous(struct frame *frame)
{
	uint64_t pages = frame->length / PAGE_SIZE;
	uint32_t error = group_charge_pages(frame->object.group, pages);

	if (error)
		return error;
	frame->pages_charged = pages;
	frame->touched = slab_alloc(&touched_slab);
	if (!frame->touched || !pages_alloc_run(pages, frame->flags & FRAME_BELOW_4G ? PAGES_BELOW_4G : 0, &frame->start))
		return ERR_NO_MEMORY;
	frame->resident = pages;
	return ERR_OK;
}

static void free_contiguous(struct frame *frame)
{
	if (frame->start.raw)
		pages_free_run(frame->start, frame->length / PAGE_SIZE);
	if (frame->touched)
		slab_free(&touched_slab, frame->touched);
	frame->resident = 0;
}

/* The last act; the frame has no pages of its own any more. */
static void end(struct frame *frame)
{
	group_return_pages(frame->object.group, frame->pages_charged);
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
	uint32_t error = create(group, whole_pages(length), flags, &frame);
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

static uint32_t create_range(struct group *group, struct paddr start, uint64_t length, uint32_t flags, struct frame **out)
{
	struct frame *frame;

	if (!length || (start.raw | length) & PAGE_MASK || length > FRAME_LENGTH_MAX ||
	        start.raw > page_physical_end() - length)
		return ERR_BAD_ARGUMENT;
	uint32_t error = create(group, length, flags, &frame);
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

static struct paddr range_page(struct frame *frame, uint64_t offset)
{
	uint64_t index = offset / PAGE_SIZE;
	struct paddr page = paddr_add(frame->start, index * PAGE_SIZE);

	if (frame->touched && !(frame->touched[index / 64] & 1ull << index % 64)) {
		memset(direct_map(page), 0, PAGE_SIZE);
		frame->touched[index / 64] |= 1ull << index % 64;
	}
	return page;
}

static uint64_t node_pages(uint64_t nodes)
{
	return (nodes + PAGE_TREE_NODES_PER_PAGE - 2) / PAGE_TREE_NODES_PER_PAGE;
}

/* Charges for what the frame will consist of; what it did pay for already counts. */
static uint32_t charge(struct frame *frame, uint64_t pages, uint64_t nodes)
{
	uint64_t needed = pages + node_pages(nodes);

	if (needed <= frame->pages_charged)
		return ERR_OK;
	uint32_t error = group_charge_pages(frame->object.group, needed - frame->pages_charged);
	if (!error)
		frame->pages_charged = needed;
	return error;
}

static void return_charge(struct frame *frame)
{
	uint64_t needed = frame->resident + node_pages(frame->tree.nodes);

	if (frame->pages_charged > needed)
		group_return_pages(frame->object.group, frame->pages_charged - needed);
	frame->pages_charged = needed;
}

/* A page where the tree needs no node for it. */
static uint32_t fill_place(struct frame *frame, struct page_tree_place *place, struct paddr *out)
{
	uint32_t error = group_charge_pages(frame->object.group, 1);

	if (error)
		return error;
	if (!pages_alloc(0, PAGES_ZERO, out)) {
		group_return_pages(frame->object.group, 1);
		return ERR_NO_MEMORY;
	}
	page_tree_put(place, *out);
	frame->pages_charged++;
	frame->resident++;
	return ERR_OK;
}

/* A page whose leaf is not there yet. */
static uint32_t fill(struct frame *frame, uint64_t index, struct paddr *out)
{
	struct paddr page;
	uint32_t error = charge(frame, frame->resident + 1, frame->tree.nodes + page_tree_missing(&frame->tree, index));

	if (error)
		return error;
	if (!pages_alloc(0, PAGES_ZERO, &page)) {
		return_charge(frame);
		return ERR_NO_MEMORY;
	}
	if (!page_tree_insert(&frame->tree, index, page)) {
		pages_free(page, 0);
		return_charge(frame);
		return ERR_NO_MEMORY;
	}
	frame->resident++;
	*out = page;
	return ERR_OK;
}

static uint32_t page_locked(struct frame *frame, uint64_t offset, bool may_fill, struct paddr *out)
{
	if (offset >= frame->length)
		return ERR_BAD_ADDRESS;
	if (!is_lazy(frame)) {
		*out = range_page(frame, offset);
		return ERR_OK;
	}

	struct page_tree_place place;
	bool located = page_tree_locate(&frame->tree, offset / PAGE_SIZE, &place);
	if (located && *place.entry) {
		*out = paddr(*place.entry);
		return ERR_OK;
	}
	if (!may_fill)
		return ERR_PAGE_ABSENT;
	return located ? fill_place(frame, &place, out) : fill(frame, offset / PAGE_SIZE, out);
}

uint32_t frame_page(struct frame *frame, uint64_t offset, bool may_fill, struct paddr *out)
{
	struct paddr page;

	lock_acquire(&frame->lock);
	uint32_t error = page_locked(frame, offset, may_fill, &page);
	lock_release(&frame->lock);
	if (!error)
		*out = page;
	return error;
}

bool frame_discard_locked(struct frame *frame, uint64_t *offset, uint64_t end_offset, unsigned budget)
{
	uint64_t index = *offset / PAGE_SIZE;
	struct paddr page[DISCARD_BATCH];
	unsigned count = DISCARD_BATCH;

	while (budget && count) {
		count = page_tree_take(
		        &frame->tree, &index, end_offset / PAGE_SIZE, page, budget < DISCARD_BATCH ? budget : DISCARD_BATCH);
		pages_free_many(page, count);
		frame->resident -= count;
		budget -= count;
	}
	*offset = index * PAGE_SIZE;
	return_charge(frame);
	return !count;
}

bool frame_discard(struct frame *frame, uint64_t *offset, uint64_t end_offset, unsigned budget)
{
	lock_acquire(&frame->lock);
	bool done = frame_discard_locked(frame, offset, end_offset, budget);
	lock_release(&frame->lock);
	return done;
}

uint32_t frame_copy_in(struct frame *frame, uint64_t offset, const void *from, uint64_t length)
{
	struct paddr page;

	if (frame->flags & (FRAME_DEVICE | FRAME_OVER))
		return ERR_NOT_SUPPORTED;
	uint32_t error = frame_page(frame, offset, true, &page);
	if (!error)
		memcpy(direct_map(paddr_add(page, offset & PAGE_MASK)), from, length);
	return error;
}

bool frame_destroy_step(struct object *object)
{
	struct frame *frame = (struct frame *)object;
	uint64_t offset = 0;

	if (is_lazy(frame) && !frame_discard(frame, &offset, FRAME_END, DESTROY_BUDGET))
		return false;
	if (frame->flags & FRAME_CONTIGUOUS)
		free_contiguous(frame);
	end(frame);
	return true;
}
