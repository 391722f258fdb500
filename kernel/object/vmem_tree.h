/*
 * The mappings of a vmem by address: a treap (a binary tree by start, a heap by random priority), in which cutting a range out is
 * one walk, however many mappings it has. No operation recurses; walks have an expected length of twice the logarithm, and
 * programs cannot influence priorities.
 */
#pragma once

#include <stdint.h>

#include "object/vmem.h"

/* The mapping that has the address, or 0. */
struct vmem_mapping *vmem_tree_find(const struct vmem_mapping *root, uint64_t address);

/* The lowest mapping that ends above the address (it may have it), and the highest that starts below; or 0. */
struct vmem_mapping *vmem_tree_above(const struct vmem_mapping *root, uint64_t address);
struct vmem_mapping *vmem_tree_below(const struct vmem_mapping *root, uint64_t address);

/* `priority` is set; it overlaps nothing. */
void vmem_tree_insert(struct vmem_mapping **root, struct vmem_mapping *mapping);

/* Takes out all mappings that start in a range, as a tree of their own. */
struct vmem_mapping *vmem_tree_cut(struct vmem_mapping **root, uint64_t start, uint64_t end);

/* Takes the root's leftmost mapping out of a tree that is not empty. */
struct vmem_mapping *vmem_tree_take_first(struct vmem_mapping **root);
