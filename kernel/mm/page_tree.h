/*
 * The radix tree of a frame: page number → physical page, fan-out 64, as high as the highest page needs. Nodes have a count of
 * owners, so that a clone can share a root and copy only the paths that are written later; today every node has one owner.
 * Holds no lock: the owner's does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"

#define PAGE_TREE_HEIGHT_MAX 6 /* page numbers below 2^36: 256 TiB */
#define PAGE_TREE_INDEX_END (1ull << (6 * PAGE_TREE_HEIGHT_MAX))
#define PAGE_TREE_NODES_PER_PAGE 7u /* of memory, for accounting */

struct page_tree_node;

struct page_tree {
	struct page_tree_node *root;
	uint32_t height; /* levels of nodes; 0: empty */
	uint64_t nodes;  /* that it consists of, for accounting */
};

/* The page, or false. */
bool page_tree_find(const struct page_tree *tree, uint64_t index, struct paddr *out);

/* The place of an index, where a page is put without a second way through the tree. */
struct page_tree_place {
	struct page_tree_node *leaf;
	uint64_t *entry; /* the page's physical address, 0: none */
};

/* False: nodes on the way are missing. */
bool page_tree_locate(const struct page_tree *tree, uint64_t index, struct page_tree_place *out);
void page_tree_put(struct page_tree_place *place, struct paddr page); /* where there is none */

/* How many nodes page_tree_insert would add for this index: 0 to 2 * PAGE_TREE_HEIGHT_MAX. */
unsigned page_tree_missing(const struct page_tree *tree, uint64_t index);

/* Puts a page where there is none, below PAGE_TREE_INDEX_END; false: no memory for a node, nothing changed. */
bool page_tree_insert(struct page_tree *tree, uint64_t index, struct paddr page) __attribute__((warn_unused_result));

/*
 * Takes up to `most` pages with the lowest numbers at or above *index and below `end` out, as many as lie in one leaf, and sets
 * *index behind the last of them; answers how many, 0: there are none. Looks at each absent subtree once.
 */
unsigned page_tree_take(struct page_tree *tree, uint64_t *index, uint64_t end, struct paddr *out, unsigned most);
