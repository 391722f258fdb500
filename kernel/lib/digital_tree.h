/*
 * Digital search trees: nodes by a 64-bit key, at most one per key. A node on level n hangs left or right by bit n of a mixed
 * form of the keys (the mixing maps different keys to different ones), so that no tree is higher than 65 whatever the keys are,
 * nothing is ever balanced, and every operation is a short loop. The nodes lie inside what they find; nothing is allocated.
 */
#pragma once

#include <stdint.h>

struct digital_node {
	uint64_t key;
	struct digital_node *child[2];
};

struct digital_tree {
	struct digital_node *root;
};

/* The node with this key, or 0. */
struct digital_node *digital_tree_find(const struct digital_tree *tree, uint64_t key);

/* Adds a node, whose key is set; answers the node that is there already with that key (then nothing changed), else 0. */
struct digital_node *digital_tree_insert(struct digital_tree *tree, struct digital_node *node);

/*
 * A walk in an order of its own: the node that comes first of those at or after a place, and the place of a key. Nodes that are
 * there all the time are met once, whatever comes and goes meanwhile.
 */
struct digital_node *digital_tree_from(const struct digital_tree *tree, uint64_t place);
uint64_t digital_tree_place(uint64_t key);

/* The node must be in the tree. */
void digital_tree_remove(struct digital_tree *tree, struct digital_node *node);

/* Puts `node` in the place of `old`, which is in the tree and has the same key. */
void digital_tree_replace(struct digital_tree *tree, struct digital_node *old, struct digital_node *node);
