/*
 * A tree of height h has the pages with numbers below 64^h; a leaf has height 1 and its entries are physical addresses, those of
 * the other nodes are nodes. It grows by a new root whose first entry is the old one. A node without entries is freed at once,
 * so that an empty tree has none.
 */
#include "mm/page_tree.h"

#include "core/panic.h"
#include "mm/slab.h"

#define FAN_OUT 64u
#define BITS 6u

struct page_tree_node {
	union {
		struct page_tree_node *child;
		uint64_t page;
	} entry[FAN_OUT];
	uint32_t used;   /* entries that are not zero */
	uint32_t owners; /* trees and nodes that refer to it */
};

static struct slab slab = SLAB_INIT("page tree nodes", struct page_tree_node);

_Static_assert((PAGE_SIZE - 64) / sizeof(struct page_tree_node) == PAGE_TREE_NODES_PER_PAGE, "as slab.c cuts a page");

static unsigned slot(uint64_t index, unsigned height)
{
	return (unsigned)(index >> BITS * (height - 1)) & (FAN_OUT - 1);
}

/* Whether a tree of this height has a place for the index. */
static bool covers(unsigned height, uint64_t index)
{
	return index >> BITS * height == 0;
}

bool page_tree_locate(const struct page_tree *tree, uint64_t index, struct page_tree_place *out)
{
	struct page_tree_node *node = tree->root;
	unsigned shift = BITS * tree->height;

	if (!node || index >> shift)
		return false;
	while ((shift -= BITS)) {
		node = node->entry[index >> shift & (FAN_OUT - 1)].child;
		if (!node)
			return false;
	}
	*out = (struct page_tree_place){node, &node->entry[index & (FAN_OUT - 1)].page};
	return true;
}

void page_tree_put(struct page_tree_place *place, struct paddr page)
{
	ASSERT(!*place->entry && page.raw);
	*place->entry = page.raw;
	place->leaf->used++;
}

bool page_tree_find(const struct page_tree *tree, uint64_t index, struct paddr *out)
{
	struct page_tree_place place;

	if (!page_tree_locate(tree, index, &place) || !*place.entry)
		return false;
	out->raw = *place.entry;
	return true;
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
	unsigned height = height_for(tree, index);

	if (!tree->root)
		return height;
	if (height > tree->height) /* new roots, and below the topmost a path that has nothing in common with the old tree */
		return height - tree->height + height - 1;

	const struct page_tree_node *node = tree->root;
	for (; height > 1; height--) {
		node = node->entry[slot(index, height)].child;
		if (!node)
			return height - 1;
	}
	return 0;
}

/* Nodes for an insertion, all allotted before anything changes. */
struct supply {
	struct page_tree_node *node[2 * PAGE_TREE_HEIGHT_MAX];
	unsigned count;
};

static bool supply_fill(struct supply *supply, unsigned count)
{
	for (supply->count = 0; supply->count < count; supply->count++) {
		struct page_tree_node *node = slab_alloc(&slab);
		if (!node) {
			while (supply->count)
				slab_free(&slab, supply->node[--supply->count]);
			return false;
		}
		node->owners = 1;
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
		root->used = 1;
		tree->root = root;
		tree->height++;
	}
}

bool page_tree_insert(struct page_tree *tree, uint64_t index, struct paddr page)
{
	unsigned missing = page_tree_missing(tree, index);
	struct supply supply;

	ASSERT(index < PAGE_TREE_INDEX_END && page.raw);
	if (!supply_fill(&supply, missing))
		return false;
	tree->nodes += missing;
	grow(tree, height_for(tree, index), &supply);

	struct page_tree_node *node = tree->root;
	for (unsigned height = tree->height; height > 1; height--) {
		struct page_tree_node **child = &node->entry[slot(index, height)].child;
		if (!*child) {
			*child = supply.node[--supply.count];
			node->used++;
		}
		node = *child;
	}
	ASSERT(supply.count == 0 && !node->entry[slot(index, 1)].page);
	node->entry[slot(index, 1)].page = page.raw;
	node->used++;
	return true;
}

/* Nodes from the root (path[height]) to a leaf (path[1]). */
struct path {
	struct page_tree_node *node[PAGE_TREE_HEIGHT_MAX + 1];
};

/* Goes down to the first page at or above *index in the subtree of this height that the path leads to; false: none is there. */
static bool descend(struct path *path, unsigned height, uint64_t *index)
{
	for (;; height--) {
		struct page_tree_node *node = path->node[height];
		unsigned first = slot(*index, height), at = first;

		while (at < FAN_OUT && !node->entry[at].page)
			at++;
		if (at != first) {
			uint64_t part = (*index >> BITS * (height - 1)) + (at - first);
			*index = part << BITS * (height - 1);
		}
		if (at == FAN_OUT)
			return false;
		if (height == 1)
			return true;
		path->node[height - 1] = node->entry[at].child;
	}
}

/* Frees the leaf if it is empty, and those nodes above that become empty by that. */
static void prune(struct page_tree *tree, struct path *path, uint64_t index)
{
	for (unsigned height = 1; !path->node[height]->used; height++) {
		slab_free(&slab, path->node[height]);
		tree->nodes--;
		if (height == tree->height) {
			tree->root = 0;
			tree->height = 0;
			return;
		}
		path->node[height + 1]->entry[slot(index, height + 1)].child = 0;
		path->node[height + 1]->used--;
	}
}

unsigned page_tree_take(struct page_tree *tree, uint64_t *index, uint64_t end, struct paddr *out, unsigned most)
{
	uint64_t at = *index;
	struct path path;

	while (tree->root && at < end && covers(tree->height, at)) {
		path.node[tree->height] = tree->root;
		if (!descend(&path, tree->height, &at))
			continue; /* `at` is behind the subtree that had nothing */

		struct page_tree_node *leaf = path.node[1];
		uint64_t first = at, stop = (at | (FAN_OUT - 1)) + 1;
		unsigned count = 0;
		for (stop = stop < end ? stop : end; at < stop && count < most; at++) {
			uint64_t *entry = &leaf->entry[at & (FAN_OUT - 1)].page;
			if (!*entry)
				continue;
			out[count++] = paddr(*entry);
			*entry = 0;
		}
		if (!count)
			return 0;
		leaf->used -= count;
		prune(tree, &path, first);
		*index = at;
		return count;
	}
	return 0;
}
