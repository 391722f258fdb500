/*
 * The radix tree of a frame: page number → physical page, fan-out 64, as high as the frame's length needs. Nodes have a count
 * of owners, so that a clone can share a root and copy only the paths that are written later; today every node has one owner.
 * Holds no lock: the owner's does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"

struct page_tree_node;

struct page_tree {
	struct page_tree_node *root;
	uint32_t height; /* levels of nodes; 0: empty */
	uint64_t nodes;  /* that it consists of, for accounting */
};

/* The page, or false. */
bool page_tree_find(const struct page_tree *tree, uint64_t index, struct paddr *out);

/* Puts a page where there is none; false: no memory for a node, nothing changed. */
bool page_tree_insert(struct page_tree *tree, uint64_t index, struct paddr page) __attribute__((warn_unused_result));

/* Takes the page with the lowest number at or above *index (which is set to its number) out; false: there is none. */
bool page_tree_take_from(struct page_tree *tree, uint64_t *index, struct paddr *out);
