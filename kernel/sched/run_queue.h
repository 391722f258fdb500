/*
 * The tasks that could run on a CPU: a circular list for each priority, and a bitmap of those that are not empty. Every operation
 * takes the same time however many there are. Holds no lock: the owner's does.
 */
#pragma once

#include <stdint.h>

#include "core/lock.h"
#include "sched/task.h"

struct run_queue {
	struct lock lock;
	uint32_t ready; /* bit p: first[p] is not 0 */
	struct task *first[PRIORITIES];
};

/* The highest priority of a ready task, -1 if there is none. */
static inline int run_queue_highest(const struct run_queue *queue)
{
	return queue->ready ? 31 - __builtin_clz(queue->ready) : -1;
}

/* By its effective priority, behind or before those of the same. */
void run_queue_push_back(struct run_queue *queue, struct task *task);
void run_queue_push_front(struct run_queue *queue, struct task *task);
void run_queue_remove(struct run_queue *queue, struct task *task);

/* The first task of the highest priority, taken out; 0 if there is none. */
struct task *run_queue_pop(struct run_queue *queue);
