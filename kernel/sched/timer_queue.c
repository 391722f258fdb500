/*
 * A leftist heap: each node's left child has at least the rank of its right one, so that the path of right children, which is
 * all that a merge walks, is at most log2(nodes + 1) long. A node knows its parent, so that any can be taken out.
 */
#include "sched/timer_queue.h"

static inline uint32_t rank_of(const struct timer_node *node)
{
	return node ? node->rank : 0;
}

/* Restores a node's own order and rank from its children's. */
static void settle(struct timer_node *node)
{
	if (rank_of(node->left) < rank_of(node->right)) {
		struct timer_node *left = node->left;
		node->left = node->right;
		node->right = left;
	}
	node->rank = rank_of(node->right) + 1;
}

/* One heap of two, whose roots have no parent. */
static struct timer_node *merge(struct timer_node *a, struct timer_node *b)
{
	struct timer_node *root = 0, *parent = 0;
	struct timer_node **link = &root;
	while (a && b) {
		if (b->deadline < a->deadline) {
			struct timer_node *earlier = b;
			b = a;
			a = earlier;
		}
		*link = a;
		a->parent = parent;
		parent = a;
		link = &a->right;
		a = a->right;
	}
	struct timer_node *rest = a ? a : b;
	*link = rest;
	if (rest)
		rest->parent = parent;
	for (struct timer_node *node = parent; node; node = node->parent)
		settle(node);
	return root;
}

void timer_queue_insert(struct timer_queue *queue, struct timer_node *node)
{
	node->parent = node->left = node->right = 0;
	node->rank = 1;
	if (queue->root)
		queue->root->parent = 0;
	queue->root = merge(queue->root, node);
}

void timer_queue_remove(struct timer_queue *queue, struct timer_node *node)
{
	if (!timer_queue_contains(node))
		return;
	if (node->left)
		node->left->parent = 0;
	if (node->right)
		node->right->parent = 0;
	struct timer_node *rest = merge(node->left, node->right);
	struct timer_node *parent = node->parent;
	if (rest)
		rest->parent = parent;
	if (!parent)
		queue->root = rest;
	else if (parent->left == node)
		parent->left = rest;
	else
		parent->right = rest;
	/* Ranks above change only as long as they fall, which is at most as far as a rank is high. */
	for (uint32_t before; parent; parent = parent->parent) {
		before = parent->rank;
		settle(parent);
		if (parent->rank == before)
			break;
	}
	node->parent = node->left = node->right = 0;
	node->rank = 0;
}
