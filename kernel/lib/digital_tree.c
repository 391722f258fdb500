#include "lib/digital_tree.h"

/* An odd factor maps different keys to different ones, and spreads neighbours over the top bits, which are looked at first. */
static inline uint64_t mixed(uint64_t key)
{
	return key * 0x9e3779b97f4a7c15ull;
}

/* The link that leads to the node with this key, or the empty one where it would be. */
static struct digital_node **find_link(struct digital_tree *tree, uint64_t key)
{
	struct digital_node **link = &tree->root;
	for (uint64_t bits = mixed(key); *link && (*link)->key != key; bits <<= 1)
		link = &(*link)->child[bits >> 63];
	return link;
}

struct digital_node *digital_tree_find(const struct digital_tree *tree, uint64_t key)
{
	return *find_link((struct digital_tree *)tree, key);
}

struct digital_node *digital_tree_insert(struct digital_tree *tree, struct digital_node *node)
{
	struct digital_node **link = find_link(tree, node->key);
	if (*link)
		return *link;
	node->child[0] = 0;
	node->child[1] = 0;
	*link = node;
	return 0;
}

uint64_t digital_tree_place(uint64_t key)
{
	return mixed(key);
}

static inline struct digital_node *earlier(struct digital_node *a, struct digital_node *b)
{
	return !a || (b && mixed(b->key) < mixed(a->key)) ? b : a;
}

/* Everything on the left of a node is before everything on its right; the node itself may be anywhere. */
static struct digital_node *first_below(struct digital_node *node)
{
	struct digital_node *first = 0;
	for (; node; node = node->child[node->child[0] ? 0 : 1])
		first = earlier(first, node);
	return first;
}

/* On the way to the place, what hangs on the right of it is after it, and the lowest such comes first. */
struct digital_node *digital_tree_from(const struct digital_tree *tree, uint64_t place)
{
	struct digital_node *first = 0, *after = 0;
	uint64_t bits = place;
	for (struct digital_node *node = tree->root; node; node = node->child[bits >> 63], bits <<= 1) {
		if (mixed(node->key) >= place)
			first = earlier(first, node);
		if (!(bits >> 63) && node->child[1])
			after = node->child[1];
	}
	return earlier(first, first_below(after));
}

void digital_tree_replace(struct digital_tree *tree, struct digital_node *old, struct digital_node *node)
{
	struct digital_node **link = find_link(tree, old->key);
	node->child[0] = old->child[0];
	node->child[1] = old->child[1];
	*link = node;
}

/* Any leaf below a node may stand in its place: all keys below share the bits that lead there. */
void digital_tree_remove(struct digital_tree *tree, struct digital_node *node)
{
	struct digital_node **link = find_link(tree, node->key);
	struct digital_node **leaf_link = link;
	while ((*leaf_link)->child[0] || (*leaf_link)->child[1])
		leaf_link = &(*leaf_link)->child[(*leaf_link)->child[0] ? 0 : 1];
	struct digital_node *leaf = *leaf_link;
	*leaf_link = 0;
	if (leaf == node)
		return;
	leaf->child[0] = node->child[0];
	leaf->child[1] = node->child[1];
	*link = leaf;
}
