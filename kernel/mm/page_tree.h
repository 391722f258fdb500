/*
 * The radix tree of a frame: page number → physical page, fan-out 64, as high as the highest page needs.
 *
 * Trees share nodes: a copy of a tree is one more owner of its root. Every node counts its owners, which are trees and nodes, and
 * every page counts the leaves that have it. A node with one owner whose tree reaches it by such nodes only is that tree's own;
 * others are not changed, but copied on the way to what is to be changed (page_tree_own, page_tree_cut). Each node and page bears
 * the number of who paid for it, whichever tree it leaves last.
 *
 * Holds no lock: the trees that share nodes have one in common, which is their users' business (object/frame_clone.c).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"
#include "mm/buddy.h"

#define PAGE_TREE_HEIGHT_MAX 6 /* page numbers below 2^36: 256 TiB */
#define PAGE_TREE_INDEX_END (1ull << (6 * PAGE_TREE_HEIGHT_MAX))
#define PAGE_TREE_LEAF_PAGES 64u
#define PAGE_TREE_NODES_PER_PAGE 7u /* of memory, for accounting */

/* The note of a page that lies in a tree (mm/buddy.h): how many leaves have it, and who paid. */
#define PAGE_TREE_PAYER_SHIFT 20
#define PAGE_TREE_OWNERS_MAX ((1u << PAGE_TREE_PAYER_SHIFT) - 1) /* so many trees may share nodes */
#define PAGE_TREE_PAYERS (1u << (32 - PAGE_TREE_PAYER_SHIFT))

struct page_tree_node;

struct page_tree {
	struct page_tree_node *root;
	uint32_t height; /* levels of nodes; 0: empty */
};

/* The place of an index, where a page is found and put. */
struct page_tree_place {
	uint64_t *entry; /* the page's physical address, 0: none */
	unsigned height;
	bool shared;                                           /* the leaf is not this tree's own */
	struct page_tree_node *path[PAGE_TREE_HEIGHT_MAX + 1]; /* root at `height`, leaf at 1 */
};

/* False: nodes on the way are missing. */
bool page_tree_locate(const struct page_tree *tree, uint64_t index, struct page_tree_place *out);

/* The first index at or above one that has a page; PAGE_TREE_INDEX_END: there is none. */
uint64_t page_tree_next(const struct page_tree *tree, uint64_t index);

/* How many nodes page_tree_own would make for this index: 0 to 2 * PAGE_TREE_HEIGHT_MAX. */
unsigned page_tree_missing(const struct page_tree *tree, uint64_t index);

/*
 * Makes the way to an index, below PAGE_TREE_INDEX_END, the tree's own, with nodes at the payer's cost. A page has to be put there
 * if there is none. False: no memory, nothing changed.
 */
bool page_tree_own(struct page_tree *tree, uint64_t index, uint32_t payer, struct page_tree_place *out)
        __attribute__((warn_unused_result));

/* Into a place in a leaf of the tree's own: where there is no page, and instead of one that other trees have too. */
void page_tree_put(struct page_tree_place *place, struct paddr page, uint32_t payer);
void page_tree_replace(struct page_tree_place *place, struct paddr page, uint32_t payer);

/* Whether other leaves have the page too. */
static inline bool page_tree_is_shared(struct paddr page)
{
	return (*buddy_note(page) & PAGE_TREE_OWNERS_MAX) > 1;
}

static inline uint32_t page_tree_payer(struct paddr page)
{
	return *buddy_note(page) >> PAGE_TREE_PAYER_SHIFT;
}

/* An empty tree becomes a copy, in bounded time. */
void page_tree_share(const struct page_tree *tree, struct page_tree *out);

/*
 * Makes the nodes that have pages on both sides of an index the tree's own, so that page_tree_remove can cut there: as many as
 * page_tree_cut_missing says. False: no memory, nothing changed.
 */
unsigned page_tree_cut_missing(const struct page_tree *tree, uint64_t index);
bool page_tree_cut(struct page_tree *tree, uint64_t index, uint32_t payer) __attribute__((warn_unused_result));

/* What a step of page_tree_remove has left without an owner: pages to free, and the payers of nodes that it has freed. */
#define PAGE_TREE_GONE_MAX 8u
struct page_tree_gone {
	uint64_t removed; /* pages that left the tree, also those that others have still */
	unsigned pages, nodes;
	struct paddr page[PAGE_TREE_GONE_MAX];
	uint16_t node_payer[PAGE_TREE_HEIGHT_MAX + 1];
};

/*
 * Takes pages from *index on out, below `end`: up to `most` (at most PAGE_TREE_GONE_MAX) that lie in one leaf, or all of a node
 * that others have too. Sets *index behind them; false: there are none. Nodes that others have too and that are only partly in the
 * range stay as they are. Looks at each absent subtree once.
 */
bool page_tree_remove(struct page_tree *tree, uint64_t *index, uint64_t end, unsigned most, struct page_tree_gone *out);
