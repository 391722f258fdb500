/*
 * Going from one task to another without the scheduler: what sched_switch_to does where nothing else has to be done. For the quick
 * ways of messages, where one task begins to wait as the other's wait ends, and the slice goes on.
 */
#pragma once

#include "arch/paging.h"
#include "arch/timer.h"
#include "sched/run_queue.h"
#include "sched/sched.h"

/* A CPU's own; others put tasks into its queue under the queue's lock. */
struct scheduler {
	struct run_queue queue;
	uint64_t slice_end;    /* ns; of the slice that is running */
	uint64_t armed;        /* the deadline that the timer was asked for */
	uint64_t slice_tsc;    /* until here the time that ran is booked */
	struct task *slice_of; /* whose slice it is; freed by the reaper, which runs on one of its own */
	struct task *looks;    /* tasks whose waits are to be looked at */
};

extern struct scheduler schedulers[CPUS_MAX];

static inline struct scheduler *scheduler_of(const struct cpu *cpu)
{
	return &schedulers[cpu->arch.index];
}

/* The time since it was last done is the one's whose slice it is. */
static inline void direct_book(struct scheduler *own, uint64_t tsc)
{
	struct task *task = own->slice_of;
	if (task) {
		task->own_time += tsc - own->slice_tsc;
		*task->cpu_time += tsc - own->slice_tsc;
	}
	own->slice_tsc = tsc;
}

/*
 * Whether the current task may hand the CPU over to one that waits: nobody is to be told of a deadline or of bits, no task that is
 * ready comes first, and the other one came by a system call.
 */
static inline bool direct_allowed(const struct cpu *cpu, const struct task *from, const struct task *to)
{
	const struct scheduler *own = scheduler_of(cpu);
	uint32_t before = own->queue.ready >> to->effective;
	if (__builtin_expect(before != 0, 0) && (before != 1 || own->armed > own->slice_end))
		return false;
	return __builtin_expect(to->deadline == UINT64_MAX && !from->due && !to->due && to->context.by_syscall &&
	                !cpu->ports_loaded && !cpu->need_schedule,
	        1);
}

/*
 * Who goes on when the current task begins to wait, the first of those that are ready, where choosing it takes no more than taking it:
 * nothing else waits to be done, it came by a system call, and the timer is set for no later than it has to be. 0: the scheduler
 * chooses. The lock of the queue is held from then on till direct_take.
 */
static inline struct task *direct_next(const struct cpu *cpu, struct scheduler *own)
{
	if (cpu->need_schedule || cpu->ports_loaded || !own->queue.ready || !lock_try_alone(&own->queue.lock))
		return 0;
	struct task *task = own->queue.first[run_queue_highest(&own->queue)];
	if (__builtin_expect(
	            task->next == task && task->context.by_syscall && !task->continuation && !task->due && task->space, 1))
		return task;
	lock_release_alone(&own->queue.lock);
	return 0;
}

/* It is out of the queue, alone at its priority, and has a time slice of its own; the time until now is booked. */
static inline void direct_take(struct scheduler *own, struct task *task)
{
	own->queue.first[task->queued_at] = 0;
	own->queue.ready &= ~(1u << task->queued_at);
	task->next = task->previous = 0;
	lock_release_alone(&own->queue.lock);
	direct_book(own, cpu_tsc());
	own->slice_of = task;
	own->slice_end = timer_now() + (task->slice_left ? task->slice_left : SLICE_NS);
	task->slice_left = 0;
}

/* `to`, whose wait the caller has taken, is the current one. Vector state is entry code's business. */
static inline void direct_switch(struct cpu *cpu, struct task *to)
{
	to->state = TASK_RUNNING;
	cpu->current = to;
	cpu->switches++;
	cpu->arch.context = &to->context;
	page_table_switch(&cpu->arch, to->space);
}
