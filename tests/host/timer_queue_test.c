/* sched/timer_queue.c: random use against a model; the earliest is always the root, and the right spine is short. */
/* sources: kernel/sched/timer_queue.c */
/* includes: kernel */
#include "sched/timer_queue.h"

#include <stdlib.h>

#include "check.h"

enum { NODES = 700 };

static struct timer_node nodes[NODES];

static bool heap_holds(const struct timer_node *node)
{
	if (!node)
		return true;
	uint32_t left = node->left ? node->left->rank : 0, right = node->right ? node->right->rank : 0;
	if (left < right || node->rank != right + 1)
		return false;
	if ((node->left && (node->left->parent != node || node->left->deadline < node->deadline)) ||
	        (node->right && (node->right->parent != node || node->right->deadline < node->deadline)))
		return false;
	return heap_holds(node->left) && heap_holds(node->right);
}

static unsigned count(const struct timer_node *node)
{
	return node ? 1 + count(node->left) + count(node->right) : 0;
}

static const struct timer_node *earliest(void)
{
	const struct timer_node *best = 0;
	for (unsigned i = 0; i < NODES; i++) {
		if (timer_queue_contains(&nodes[i]) && (!best || nodes[i].deadline < best->deadline))
			best = &nodes[i];
	}
	return best;
}

static void random_use(uint64_t range)
{
	struct timer_queue queue = {0};
	unsigned members = 0;
	for (unsigned i = 0; i < NODES; i++)
		nodes[i] = (struct timer_node){0};
	for (unsigned round = 0; round < 20000; round++) {
		struct timer_node *node = &nodes[rand() % NODES];
		if (timer_queue_contains(node)) {
			timer_queue_remove(&queue, node);
			members--;
			CHECK(!timer_queue_contains(node));
			timer_queue_remove(&queue, node);
		} else {
			node->deadline = (uint64_t)rand() % range;
			timer_queue_insert(&queue, node);
			members++;
		}
		if (round % 16)
			continue;
		const struct timer_node *first = earliest();
		CHECK((first == 0) == (queue.root == 0));
		CHECK(!first || queue.root->deadline == first->deadline);
		CHECK(!queue.root || !queue.root->parent);
		CHECK(heap_holds(queue.root));
		CHECK(count(queue.root) == members);
	}
}

static void in_order(void)
{
	struct timer_queue queue = {0};
	for (unsigned i = 0; i < NODES; i++) {
		nodes[i] = (struct timer_node){.deadline = NODES - i};
		timer_queue_insert(&queue, &nodes[i]);
	}
	uint64_t last = 0;
	for (unsigned i = 0; i < NODES; i++) {
		CHECK(queue.root && queue.root->deadline >= last);
		CHECK(queue.root->rank <= 10);
		last = queue.root->deadline;
		timer_queue_remove(&queue, queue.root);
	}
	CHECK(!queue.root);
}

int main(void)
{
	check_begin("the_earliest_deadline_is_first");
	random_use(1u << 30);
	check_begin("equal_deadlines_are_kept_apart");
	random_use(5);
	check_begin("deadlines_come_out_in_order");
	in_order();
	return check_result();
}
