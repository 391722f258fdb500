/*
 * What shall happen at a time: a heap of nodes by deadline. The nodes lie inside the threads and timers that they serve, so that
 * nothing is allocated and the queue is as long as what was paid for. Every operation takes at most some 2*log2(nodes) steps.
 * Holds no lock: the owner's does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct timer_node {
	uint64_t deadline; /* ns since boot */
	struct timer_node *parent, *left, *right;
	uint32_t rank;                            /* steps to the nearest missing child; 0: not in a queue */
	uint32_t cpu;                             /* whose queue it is in (timers.h) */
	void (*expired)(struct timer_node *node); /* called when it was taken out */
};

struct timer_queue {
	struct timer_node *root; /* the earliest */
};

static inline bool timer_queue_contains(const struct timer_node *node)
{
	return node->rank != 0;
}

/* The node must not be in a queue. */
void timer_queue_insert(struct timer_queue *queue, struct timer_node *node);

/* A no-op when it is in none. */
void timer_queue_remove(struct timer_queue *queue, struct timer_node *node);
