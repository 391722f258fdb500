/*
 * What the scheduler knows of a thread: registers, priority, state, and where it runs.
 *
 * A task that waits keeps no kernel stack. Either whoever wakes it finishes its call, by writing the answer into its registers,
 * or it has a *continuation*: a function that is called on the CPU's stack, with the task as the current one and in its address
 * space, instead of resuming it. A continuation does a bounded step; one that has more to do sets itself again.
 *
 * Every wait ends by one of several events: an answer, a deadline, a kill, the end of the object. The *wake word* decides: who
 * turns it from armed to 0 by one exchange ends the wait and may touch the task, and all others do nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/context.h"
#include "arch/paging.h"
#include "sched/timer_queue.h"

#define PRIORITIES 32
#define PRIORITY_DEFAULT 16

enum task_state {
	TASK_NEW,     /* was not started */
	TASK_READY,   /* in a run queue */
	TASK_RUNNING, /* on a CPU */
	TASK_BLOCKED, /* waits; the wake word is armed */
	TASK_ENDED,
};

struct task {
	struct context context;
	struct page_table *space;            /* 0: a task of the kernel's own, which runs in any */
	uint8_t state;                       /* enum task_state */
	uint8_t priority;                    /* its own */
	uint8_t lent;                        /* by the request that it serves, 0: none */
	uint8_t effective;                   /* the higher of both */
	uint8_t queued_at;                   /* the priority that it lies in a queue with, while it does */
	uint32_t wake;                       /* 1: armed */
	bool due;                            /* bits wait for it that interrupt it (object/upcall.h) */
	struct task *next_look, **link_look; /* in the list of those to be looked at; link_look 0: in none */
	uint64_t slice_left;                 /* ns of its time slice, when it was preempted; 0: a whole one */
	void (*continuation)(struct task *task);
	struct task *next, *previous; /* in the run queue */

	uint64_t deadline; /* of the wait, DEADLINE_NEVER but while a call has set it */
	struct timer_node timer;
	uint64_t own_time;  /* TSC ticks that ran on its time slices */
	uint64_t *cpu_time; /* the same of all tasks of its process */
};

/* True for the one who may end this wait. */
static inline bool task_take(struct task *task)
{
	return __atomic_exchange_n(&task->wake, 0, __ATOMIC_ACQ_REL);
}
