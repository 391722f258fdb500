/* See vmem_tree.h. Splitting and joining are the whole of a treap; each is one loop that hangs subtrees on two open ends. */
#include "object/vmem_tree.h"

struct vmem_mapping *vmem_tree_find(const struct vmem_mapping *root, uint64_t address)
{
	while (root) {
		if (address < root->start)
			root = root->left;
		else if (address >= root->end)
			root = root->right;
		else
			return (struct vmem_mapping *)root;
	}
	return 0;
}

struct vmem_mapping *vmem_tree_above(const struct vmem_mapping *root, uint64_t address)
{
	const struct vmem_mapping *best = 0;

	while (root) {
		if (root->end > address) {
			best = root;
			root = root->left;
		} else {
			root = root->right;
		}
	}
	return (struct vmem_mapping *)best;
}

struct vmem_mapping *vmem_tree_below(const struct vmem_mapping *root, uint64_t address)
{
	const struct vmem_mapping *best = 0;

	while (root) {
		if (root->start < address) {
			best = root;
			root = root->right;
		} else {
			root = root->left;
		}
	}
	return (struct vmem_mapping *)best;
}

/* Those that start below the key, and the others. */
static void split(struct vmem_mapping *root, uint64_t key, struct vmem_mapping **below, struct vmem_mapping **others)
{
	while (root) {
		if (root->start < key) {
			*below = root;
			below = &root->right;
			root = root->right;
		} else {
			*others = root;
			others = &root->left;
			root = root->left;
		}
	}
	*below = *others = 0;
}

/* All of `below` start below all of `others`. */
static struct vmem_mapping *join(struct vmem_mapping *below, struct vmem_mapping *others)
{
	struct vmem_mapping *root, **link = &root;

	while (below && others) {
		if (below->priority > others->priority) {
			*link = below;
			link = &below->right;
			below = below->right;
		} else {
			*link = others;
			link = &others->left;
			others = others->left;
		}
	}
	*link = below ? below : others;
	return root;
}

void vmem_tree_insert(struct vmem_mapping **root, struct vmem_mapping *mapping)
{
	while (*root && (*root)->priority >= mapping->priority)
		root = mapping->start < (*root)->start ? &(*root)->left : &(*root)->right;
	split(*root, mapping->start, &mapping->left, &mapping->right);
	*root = mapping;
}

struct vmem_mapping *vmem_tree_cut(struct vmem_mapping **root, uint64_t start, uint64_t end)
{
	struct vmem_mapping *below, *range, *above;

	split(*root, start, &below, &range);
	split(range, end, &range, &above);
	*root = join(below, above);
	return range;
}

struct vmem_mapping *vmem_tree_take_first(struct vmem_mapping **root)
{
	struct vmem_mapping *first;

	while ((*root)->left)
		root = &(*root)->left;
	first = *root;
	*root = first->right;
	first->left = first->right = 0;
	return first;
}
