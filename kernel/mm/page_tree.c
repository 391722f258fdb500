/*
 * A tree of height h has the pages with numbers below 64^h; a leaf has height 1 and its entries are physical addresses, those of
 * the other nodes are nodes. It grows by a new root whose first entry is the old one. A node without pages is freed at once, so
 * that an empty tree has none.
 *
 * A copied node has the same entries, and each child one more owner: so the copying goes from the root downwards, and the nodes
 * below are shared by then.
 */
#include "mm/page_tree.h"

#include "core/panic.h"
#include "mm/slab.h"

#define FAN_OUT PAGE_TREE_LEAF_PAGES
#define BITS 6u

struct page_tree_node {
	union {
		struct page_tree_node *child;
		uint64_t page;
	} entry[FAN_OUT];
	uint64_t pages;  /* in it and below */
	uint32_t owners; /* trees and nodes that refer to it */
	uint32_t payer;
};

static struct slab slab = SLAB_INIT("page tree nodes", struct page_tree_node);

_Static_assert((PAGE_SIZE - 64) / sizeof(struct page_tree_node) == PAGE_TREE_NODES_PER_PAGE, "as slab.c cuts a page");

static unsigned slot(uint64_t index, unsigned height)
{
	return (unsigned)(index >> BITS * (height - 1)) & (FAN_OUT - 1);
}

/* Pages that a node of this height has room for. */
static uint64_t span(unsigned height)
{
	return 1ull << BITS * height;
}

/* Whether a tree of this height has a place for the index. */
static bool covers(unsigned height, uint64_t index)
{
	return index >> BITS * height == 0;
}

bool page_tree_locate(const struct page_tree *tree, uint64_t index, struct page_tree_place *out)
{
	struct page_tree_node *node = tree->root;
	unsigned height = tree->height;

	if (!node || !covers(height, index))
		return false;
	out->height = height;
	out->shared = false;
	for (;; height--) {
		out->path[height] = node;
		out->shared |= node->owners != 1;
		if (height == 1)
			break;
		node = node->entry[slot(index, height)].child;
		if (!node)
			return false;
	}
	out->entry = &node->entry[slot(index, 1)].page;
	return true;
}

static void note(struct paddr page, uint32_t payer)
{
	*buddy_note(page) = payer << PAGE_TREE_PAYER_SHIFT | 1;
}

void page_tree_put(struct page_tree_place *place, struct paddr page, uint32_t payer)
{
	ASSERT(!*place->entry && page.raw);
	*place->entry = page.raw;
	note(page, payer);
	for (unsigned height = place->height; height; height--)
		place->path[height]->pages++;
}

void page_tree_replace(struct page_tree_place *place, struct paddr page, uint32_t payer)
{
	ASSERT(page_tree_is_shared(paddr(*place->entry)));
	--*buddy_note(paddr(*place->entry));
	*place->entry = page.raw;
	note(page, payer);
}

void page_tree_share(const struct page_tree *tree, struct page_tree *out)
{
	if (tree->root)
		tree->root->owners++;
	*out = *tree;
}

/* Of a tree that has a place for the index. */
static unsigned height_for(const struct page_tree *tree, uint64_t index)
{
	unsigned height = tree->height ? tree->height : 1;

	while (!covers(height, index))
		height++;
	return height;
}

unsigned page_tree_missing(const struct page_tree *tree, uint64_t index)
{
	unsigned height = height_for(tree, index), copies = 0;
	bool shared = false;

	if (!tree->root)
		return height;
	if (height > tree->height) /* new roots, and below the topmost a path that has nothing in common with the old tree */
		return height - tree->height + height - 1;

	const struct page_tree_node *node = tree->root;
	for (;; height--) {
		shared |= node->owners > 1;
		copies += shared;
		if (height == 1)
			return copies;
		node = node->entry[slot(index, height)].child;
		if (!node)
			return copies + height - 1;
	}
}

/* Nodes for a change, all allotted before anything changes. */
struct supply {
	uint32_t payer;
	unsigned count;
	struct page_tree_node *node[2 * PAGE_TREE_HEIGHT_MAX];
};

static bool supply_fill(struct supply *supply, unsigned count, uint32_t payer)
{
	supply->payer = payer;
	for (supply->count = 0; supply->count < count; supply->count++) {
		struct page_tree_node *node = slab_alloc(&slab);
		if (!node) {
			while (supply->count)
				slab_free(&slab, supply->node[--supply->count]);
			return false;
		}
		node->owners = 1;
		node->payer = payer;
		supply->node[supply->count] = node;
	}
	return true;
}

static void grow(struct page_tree *tree, unsigned height, struct supply *supply)
{
	if (!tree->root) {
		tree->root = supply->node[--supply->count];
		tree->height = height;
	}
	while (tree->height < height) {
		struct page_tree_node *root = supply->node[--supply->count];
		root->entry[0].child = tree->root;
		root->pages = tree->root->pages;
		tree->root = root;
		tree->height++;
	}
}

/* The first entry from `i` on that is not empty, FAN_OUT if there is none. */
static unsigned skip_empty(const struct page_tree_node *node, unsigned i)
{
	for (; i < FAN_OUT; i++) {
		const uint64_t *page = &node->entry[i].page;
		if (*page)
			break;
		while (i + 4 < FAN_OUT && !(page[1] | page[2] | page[3] | page[4])) {
			i += 4;
			page += 4;
		}
	}
	return i;
}

/* The one behind entry `i`, which mostly is its neighbour. */
static inline unsigned next_entry(const struct page_tree_node *node, unsigned i)
{
	return i + 1 < FAN_OUT && node->entry[i + 1].page ? i + 1 : skip_empty(node, i + 1);
}

uint64_t page_tree_next(const struct page_tree *tree, uint64_t index)
{
	while (tree->root && covers(tree->height, index)) {
		const struct page_tree_node *node = tree->root;
		for (unsigned height = tree->height;; height--) {
			unsigned first = slot(index, height), i = skip_empty(node, first);
			if (i != first)
				index = (index & ~(span(height) - 1)) + i * span(height - 1);
			if (i == FAN_OUT)
				break; /* from the root on, in what is behind this node */
			if (height == 1)
				return index;
			node = node->entry[i].child;
		}
	}
	return PAGE_TREE_INDEX_END;
}

/* A node of this height becomes one of the owner's own, which refers to it by *link. */
static void copy(struct page_tree_node **link, unsigned height, struct supply *supply)
{
	struct page_tree_node *from = *link, *to = supply->node[--supply->count];

	for (unsigned i = skip_empty(from, 0); i < FAN_OUT; i = next_entry(from, i)) {
		to->entry[i] = from->entry[i];
		if (height == 1)
			++*buddy_note(paddr(from->entry[i].page));
		else
			from->entry[i].child->owners++;
	}
	to->pages = from->pages;
	from->owners--;
	*link = to;
}

bool page_tree_own(struct page_tree *tree, uint64_t index, uint32_t payer, struct page_tree_place *out)
{
	struct supply supply;

	ASSERT(index < PAGE_TREE_INDEX_END);
	if (!supply_fill(&supply, page_tree_missing(tree, index), payer))
		return false;
	grow(tree, height_for(tree, index), &supply);

	struct page_tree_node **link = &tree->root;
	out->height = tree->height;
	out->shared = false;
	for (unsigned height = tree->height; height; height--) {
		if (!*link)
			*link = supply.node[--supply.count];
		else if ((*link)->owners > 1)
			copy(link, height, &supply);
		out->path[height] = *link;
		link = &(*link)->entry[slot(index, height)].child;
	}
	out->entry = &out->path[1]->entry[slot(index, 1)].page;
	ASSERT(supply.count == 0);
	return true;
}

/* Whether a node of this height, which has the index, has room for pages before it. */
static bool is_cut(uint64_t index, unsigned height)
{
	return index & (span(height) - 1);
}

unsigned page_tree_cut_missing(const struct page_tree *tree, uint64_t index)
{
	const struct page_tree_node *node = tree->root;
	unsigned copies = 0;
	bool shared = false;

	if (!covers(tree->height, index))
		return 0;
	for (unsigned height = tree->height; height && node && is_cut(index, height); height--) {
		shared |= node->owners > 1;
		copies += shared;
		node = height > 1 ? node->entry[slot(index, height)].child : 0;
	}
	return copies;
}

bool page_tree_cut(struct page_tree *tree, uint64_t index, uint32_t payer)
{
	struct page_tree_node **link = &tree->root;
	struct supply supply;
	unsigned missing = page_tree_cut_missing(tree, index);

	if (!missing)
		return true;
	if (!supply_fill(&supply, missing, payer))
		return false;
	for (unsigned height = tree->height; supply.count; height--) {
		if ((*link)->owners > 1)
			copy(link, height, &supply);
		link = &(*link)->entry[slot(index, height)].child;
	}
	return true;
}

/* Counts pages that went, and frees nodes that became empty by that, from this height on upwards. */
static void shrink(struct page_tree *tree, struct page_tree_node *const *path, unsigned height, uint64_t index, uint64_t pages,
        struct page_tree_gone *gone)
{
	gone->removed = pages;
	for (; height <= tree->height; height++) {
		struct page_tree_node *node = path[height];

		node->pages -= pages;
		if (node->pages)
			continue;
		gone->node_payer[gone->nodes++] = (uint16_t)node->payer;
		if (height < tree->height)
			path[height + 1]->entry[slot(index, height + 1)].child = 0;
		else
			tree->root = 0;
		slab_free(&slab, node);
	}
	if (!tree->root)
		tree->height = 0;
}

/* Pages of a leaf from *at on; those that no other leaf has are gone. */
static uint64_t take_from_leaf(
        struct page_tree_node *leaf, uint64_t *at, uint64_t end, unsigned most, struct page_tree_gone *gone)
{
	uint64_t first = *at & ~(uint64_t)(FAN_OUT - 1);
	unsigned i = slot(*at, 1), stop = end - first < FAN_OUT ? (unsigned)(end - first) : FAN_OUT, taken = 0;

	if (most > leaf->pages)
		most = (unsigned)leaf->pages; /* behind the last there is nothing to look for */
	for (; i < stop && taken < most; i++) {
		struct paddr page = paddr(leaf->entry[i].page);
		if (!page.raw)
			continue;
		taken++;
		leaf->entry[i].page = 0;
		uint32_t *note = buddy_note(page);
		if ((*note & PAGE_TREE_OWNERS_MAX) > 1)
			--*note;
		else
			gone->page[gone->pages++] = page;
	}
	*at = first + i;
	return taken;
}

/*
 * Goes down from a node of the tree's own to the first page at or above *at, or to a node that others own too and that is as a
 * whole in the range. Answers the height of what it found in *entry; 0: nothing in this node, and *at is behind it.
 */
static unsigned descend(struct page_tree_node **path, unsigned height, uint64_t *at, uint64_t end, void ***entry)
{
	while (*at < end) {
		struct page_tree_node *node = path[height];
		uint64_t part = span(height - 1), start = *at & ~(part - 1);
		unsigned first = slot(*at, height), i = skip_empty(node, first);

		start += (i - first) * part;
		if (start > *at)
			*at = start;
		if (i == FAN_OUT || *at >= end)
			return 0;
		*entry = (void **)&node->entry[i];
		if (height == 1)
			return 1;
		struct page_tree_node *child = node->entry[i].child;
		if (child->owners == 1) {
			path[--height] = child;
		} else if (*at == start && end - start >= part) {
			return height;
		} else {
			*at = start + part; /* could not be cut */
			if (i == FAN_OUT - 1)
				return 0;
		}
	}
	return 0;
}

/* The root is others' too: it goes as a whole, or nothing does. */
static bool remove_shared_root(struct page_tree *tree, uint64_t *index, uint64_t end, struct page_tree_gone *gone)
{
	bool whole = *index == 0 && end >= span(tree->height);

	*index = end;
	if (!whole)
		return false;
	gone->removed = tree->root->pages;
	tree->root->owners--;
	*tree = (struct page_tree){0};
	return true;
}

bool page_tree_remove(struct page_tree *tree, uint64_t *index, uint64_t end, unsigned most, struct page_tree_gone *out)
{
	struct page_tree_node *path[PAGE_TREE_HEIGHT_MAX + 1];
	uint64_t at = *index;

	out->removed = out->pages = out->nodes = 0;
	if (tree->root && at < end && tree->root->owners > 1)
		return remove_shared_root(tree, index, end, out);
	while (tree->root && at < end && covers(tree->height, at)) {
		void **entry;
		path[tree->height] = tree->root;
		unsigned height = descend(path, tree->height, &at, end, &entry);
		if (!height)
			continue; /* `at` is behind the subtree that had nothing */

		uint64_t first = at, pages;
		if (height == 1) {
			pages = take_from_leaf(path[1], &at, end, most, out);
		} else {
			struct page_tree_node *child = *entry;
			pages = child->pages;
			child->owners--;
			*entry = 0;
			at += span(height - 1);
		}
		shrink(tree, path, height, first, pages, out);
		*index = at;
		return true;
	}
	return false;
}
