/*
 * Finding, filling, replacing and freeing the pages of frames.
 *
 * Who pays: a page and a node are charged to the group of the frame that they were made for, from then until they are free, which
 * may be when another frame of the family lets go of them. Each bears the number of that group (mm/page_tree.h).
 */
#include "lib/string.h"
#include "mm/pages.h"
#include "object/frame.h"
#include "object/group.h"
#include "object/vmem.h"

/* Of a frame that is not lazy: whether a page has been zeroed, if it has to be. */
static bool is_touched(const struct frame *frame, uint64_t index)
{
	return !frame->touched || frame->touched[index / 64] & 1ull << index % 64;
}

static struct paddr range_page(struct frame *frame, uint64_t offset)
{
	uint64_t index = offset / PAGE_SIZE;
	struct paddr page = paddr_add(frame->start, index * PAGE_SIZE);

	if (!is_touched(frame, index)) {
		memset(direct_map(page), 0, PAGE_SIZE);
		frame->touched[index / 64] |= 1ull << index % 64;
	}
	return page;
}

/* A page for an index that has none, with the nodes that this takes. */
static uint32_t fill(struct frame *frame, uint64_t index, struct page_tree_place *place, struct paddr *out)
{
	struct group *group = frame->object.group;
	bool ready = place->entry && !place->shared;
	unsigned missing = ready ? 0 : page_tree_missing(&frame->tree, index);
	uint32_t error = group_charge_memory(group, 1, missing);

	if (error)
		return error;
	if (!pages_alloc(0, PAGES_ZERO, out))
		goto uncharge;
	if (!ready && !page_tree_own(&frame->tree, index, group->number, place)) {
		pages_free(*out, 0);
		goto uncharge;
	}
	page_tree_put(place, *out, group->number);
	frame->resident++;
	return ERR_OK;

uncharge:
	group_return_memory(group, 1, missing);
	return ERR_NO_MEMORY;
}

uint32_t frame_replace_page(struct frame *frame, uint64_t index, struct frame_found *out)
{
	struct group *group = frame->object.group;
	unsigned missing = page_tree_missing(&frame->tree, index);
	struct page_tree_place place;
	struct paddr page;
	uint32_t error = group_charge_memory(group, 1, missing);

	if (error)
		return error;
	if (!pages_alloc(0, 0, &page))
		goto uncharge;
	if (!page_tree_own(&frame->tree, index, group->number, &place)) {
		pages_free(page, 0);
		goto uncharge;
	}
	memcpy(direct_map(page), direct_map(paddr(*place.entry)), PAGE_SIZE);
	page_tree_replace(&place, page, group->number);
	*out = (struct frame_found){page, true, true};
	return ERR_OK;

uncharge:
	group_return_memory(group, 1, missing);
	return ERR_NO_MEMORY;
}

/* Whether nothing but the mapping that wants it can have an entry for a page, so that it may become another at once. */
static bool is_alone(const struct frame *frame, const struct vmem_mapping *by)
{
	const struct vmem_mapping *first = frame->mappings;

	return frame->one_way || !first || (first == by && !first->next_of_frame);
}

/* A page that another frame has too. */
static uint32_t find_shared(
        struct frame *frame, uint64_t index, enum frame_access access, const struct vmem_mapping *by, struct frame_found *out)
{
	if (frame->walk == FRAME_REPLACES && frame->walk_index == index)
		return FRAME_MORE; /* no entry for it may be made */
	if (access != FRAME_WRITE)
		return ERR_OK;
	if (is_alone(frame, by))
		return frame_replace_page(frame, index, out);
	if (frame->walk == FRAME_STANDS)
		frame_walk_begin(frame, FRAME_REPLACES, index);
	return FRAME_MORE;
}

static uint32_t find(
        struct frame *frame, uint64_t offset, enum frame_access access, const struct vmem_mapping *by, struct frame_found *out)
{
	struct page_tree_place place;
	uint64_t index = offset / PAGE_SIZE;

	if (offset >= frame->length)
		return ERR_BAD_ADDRESS;
	out->replaced = false;
	out->own = true;
	if (!frame_is_lazy(frame)) {
		out->page = range_page(frame, offset);
		return ERR_OK;
	}
	if (!page_tree_locate(&frame->tree, index, &place))
		place.entry = 0;
	if (!place.entry || !*place.entry)
		return access == FRAME_LOOK ? ERR_PAGE_ABSENT : fill(frame, index, &place, &out->page);
	out->page = paddr(*place.entry);
	if (!frame->family)
		return ERR_OK;
	out->own = !place.shared && !page_tree_is_shared(out->page);
	return out->own ? ERR_OK : find_shared(frame, index, access, by, out);
}

uint32_t frame_find(
        struct frame *frame, uint64_t offset, enum frame_access access, const struct vmem_mapping *by, struct frame_found *out)
{
	struct frame_found found;

	frame_acquire(frame);
	uint32_t error = find(frame, offset, access, by, &found);
	frame_release(frame);
	if (!error)
		*out = found;
	return error;
}

/* Those of the pages in `there` that no other frame has. */
static uint64_t own_ones(const struct paddr *pages, uint64_t there)
{
	uint64_t own = 0;

	for (; there; there &= there - 1) {
		if (!page_tree_is_shared(pages[__builtin_ctzll(there)]))
			own |= there & -there;
	}
	return own;
}

/* The usual case: pages side by side that are all there. False: it is another. */
static inline bool copy_run(const uint64_t *entry, uint64_t wanted, struct paddr *out_pages)
{
	if (!wanted)
		return false;
	unsigned i = (unsigned)__builtin_ctzll(wanted), end = 64 - (unsigned)__builtin_clzll(wanted);
	bool hole = wanted >> i & ((wanted >> i) + 1);

	for (; i < end; i++) {
		uint64_t page = entry[i];
		out_pages[i] = paddr(page);
		hole |= !page;
	}
	return !hole;
}

/* Answers which of them are there. */
static uint64_t copy_single(const uint64_t *entry, uint64_t wanted, struct paddr *out_pages)
{
	uint64_t found = 0;

	for (; wanted; wanted &= wanted - 1) {
		unsigned i = (unsigned)__builtin_ctzll(wanted);
		out_pages[i] = paddr(entry[i]);
		found |= entry[i] ? wanted & -wanted : 0;
	}
	return found;
}

/* Of a lazy frame. One walk down the tree for the pages of a leaf. */
static uint64_t look(struct frame *frame, uint64_t offset, uint64_t wanted, struct paddr *out_pages, uint64_t *out_own)
{
	uint64_t first = offset / PAGE_SIZE, pages = frame->length / PAGE_SIZE, there = 0, own = 0;
	struct page_tree_place place;

	if (first < pages && pages - first < PAGES_GATHERED)
		wanted &= (1ull << (pages - first)) - 1;
	for (uint64_t at = first; at < pages && at - first < PAGES_GATHERED; at = (at | (PAGE_TREE_LEAF_PAGES - 1)) + 1) {
		if (!page_tree_locate(&frame->tree, at, &place))
			continue;
		uint64_t end = (at | (PAGE_TREE_LEAF_PAGES - 1)) + 1 - first, here = wanted >> (at - first) << (at - first);
		if (end < PAGES_GATHERED)
			here &= (1ull << end) - 1;
		const uint64_t *entry = place.entry - (at - first);
		uint64_t found = copy_run(entry, here, out_pages) ? here : copy_single(entry, here, out_pages);
		there |= found;
		if (frame->family)
			own |= place.shared ? 0 : own_ones(out_pages, found);
	}
	if (!frame->family)
		own = there;
	/* One that is about to be another page can only be had if it is not shared any more. */
	if (frame->walk == FRAME_REPLACES && frame->walk_index - first < PAGES_GATHERED)
		there &= ~(1ull << (frame->walk_index - first)) | own;
	*out_own = own;
	return there;
}

/* Of one that is not lazy. What was not touched yet is left out: zeroing many at once would take long. */
static uint64_t look_at_range(struct frame *frame, uint64_t offset, uint64_t wanted, struct paddr *out_pages)
{
	uint64_t first = offset / PAGE_SIZE, pages = frame->length / PAGE_SIZE, there = 0;

	if (first >= pages)
		return 0;
	if (pages - first < PAGES_GATHERED)
		wanted &= (1ull << (pages - first)) - 1;
	for (uint64_t left = wanted; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		out_pages[i] = paddr_add(frame->start, offset + i * PAGE_SIZE);
		there |= is_touched(frame, first + i) ? left & -left : 0;
	}
	return there;
}

uint64_t frame_next(struct frame *frame, uint64_t offset)
{
	if (!frame_is_lazy(frame))
		return offset;
	frame_acquire(frame);
	uint64_t index = page_tree_next(&frame->tree, offset / PAGE_SIZE);
	frame_release(frame);
	return index < FRAME_END / PAGE_SIZE ? index * PAGE_SIZE : FRAME_END;
}

uint64_t frame_look(
        struct frame *frame, uint64_t offset, uint64_t wanted, struct paddr out_pages[static PAGES_GATHERED], uint64_t *out_own)
{
	uint64_t there;

	frame_acquire(frame);
	if (frame_is_lazy(frame))
		there = look(frame, offset, wanted, out_pages, out_own);
	else
		*out_own = there = look_at_range(frame, offset, wanted, out_pages);
	frame_release(frame);
	return there;
}

/* Frees what a step of removal has left, at the gain of those who paid, which mostly is one. */
static void free_gone(struct page_tree_gone *gone)
{
	unsigned node = 0;

	for (unsigned i = 0, run; i < gone->pages; i += run) {
		uint32_t payer = page_tree_payer(gone->page[i]);
		unsigned nodes = 0;

		for (run = 1; i + run < gone->pages && page_tree_payer(gone->page[i + run]) == payer; run++)
			;
		for (; node < gone->nodes && gone->node_payer[node] == payer; node++)
			nodes++;
		group_return_memory(group_of_number(payer), run, nodes);
	}
	for (; node < gone->nodes; node++)
		group_return_memory(group_of_number(gone->node_payer[node]), 0, 1);
	pages_free_many(gone->page, gone->pages);
}

uint32_t frame_cut(struct frame *frame, uint64_t offset)
{
	struct group *group = frame->object.group;
	unsigned missing = frame->family ? page_tree_cut_missing(&frame->tree, offset / PAGE_SIZE) : 0;

	if (!missing)
		return ERR_OK;
	uint32_t error = group_charge_memory(group, 0, missing);
	if (error)
		return error;
	if (page_tree_cut(&frame->tree, offset / PAGE_SIZE, group->number))
		return ERR_OK;
	group_return_memory(group, 0, missing);
	return ERR_NO_MEMORY;
}

bool frame_discard_locked(struct frame *frame, uint64_t *offset, uint64_t end_offset, unsigned *budget)
{
	uint64_t index = *offset / PAGE_SIZE, end = end_offset / PAGE_SIZE;
	struct page_tree_gone gone;
	bool more = true;

	/* As far as there is memory for it. */
	if (frame->family) {
		(void)!frame_cut(frame, *offset);
		(void)!frame_cut(frame, end_offset);
	}
	while (*budget && more) {
		unsigned most = *budget < PAGE_TREE_GONE_MAX ? *budget : PAGE_TREE_GONE_MAX;
		more = page_tree_remove(&frame->tree, &index, end, most, &gone) && frame->tree.root;
		free_gone(&gone);
		frame->resident -= gone.removed;
		*budget -= gone.pages ? gone.pages : 1;
	}
	*offset = index * PAGE_SIZE;
	return !more;
}

bool frame_discard(struct frame *frame, uint64_t *offset, uint64_t end_offset, unsigned *budget)
{
	frame_acquire(frame);
	bool done = frame_discard_locked(frame, offset, end_offset, budget);
	frame_release(frame);
	return done;
}
