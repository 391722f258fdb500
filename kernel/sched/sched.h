/*
 * Who runs: the ready task of the highest effective priority, round robin with a time slice among equals.
 *
 * A call that blocks and wakes its server, and an answer that wakes its caller, switch directly (sched_switch_to), without the
 * run queue and on the slice that is running; everything else sets need_schedule, and the choice is made when the CPU is about
 * to leave the kernel. The timer's interrupt is armed for the earlier of the next deadline and the end of the slice, the latter
 * only while an equal waits for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/percpu.h"
#include "sched/task.h"

#define SLICE_NS 10000000ull

/* A new task, whose context is not touched. */
void task_init(struct task *task, struct page_table *space, unsigned priority, uint64_t *cpu_time);

/*
 * The current task begins to wait, with the deadline that it has. After sched_block_to_switch its caller says who runs then, by
 * sched_switch_to; after sched_block the scheduler does.
 */
static inline void sched_block(struct task *task);
static inline void sched_block_to_switch(struct task *task);

/* Makes a task ready that is new, or whose wait the caller has taken (task_take) and finished. */
void sched_ready(struct task *task);

/* As sched_ready, by the current task, which has just blocked: `task` goes on in its place, unless one more urgent is ready. */
void sched_switch_to(struct task *task);

/* Ends a task that is not blocked any more: one that is new, ready or the current one. */
void sched_end(struct task *task);

/* Books the time of the slice that is running up to now. */
void sched_book_time(void);

/* The current task lets its equals run first. */
void sched_yield(struct task *task);

void sched_set_priority(struct task *task, unsigned priority);

/* A request of this priority is served from now on, 0: none. For a task that is not ready. */
void sched_lend(struct task *task, unsigned priority);

/* A function that is called before the CPU leaves the kernel, when sched_defer was; for work that no lock may be held for. */
void sched_set_deferred(void (*function)(void));
void sched_defer(void);

/*
 * Upcalls, whose rules are object/upcall.h's. A task that is `due` is given to `deliver` each time before the scheduler resumes it,
 * and when it waits or begins to, once to `look`, which may end the wait. Both are called with no lock held. sched_look is for a
 * task that was made due just now.
 */
void sched_set_upcalls(void (*look)(struct task *task), void (*deliver)(struct task *task));
void sched_look(struct task *task);

/* The address space is about to go: no CPU keeps it active. No task may be left in it. */
void sched_forget_space(void);

void sched_block_with_deadline(struct task *task);

static inline void sched_block_to_switch(struct task *task)
{
	task->state = TASK_BLOCKED;
	task->wake = 1;
	if (__builtin_expect(task->deadline != UINT64_MAX, 0))
		sched_block_with_deadline(task);
	if (__builtin_expect(task->due, 0))
		sched_look(task);
}

static inline void sched_block(struct task *task)
{
	sched_block_to_switch(task);
	cpu_current()->need_schedule = 1;
}
