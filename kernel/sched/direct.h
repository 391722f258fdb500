/*
 * Going from one task to another without the scheduler: what sched_switch_to does where nothing else has to be done. For the quick
 * ways of messages, where one task begins to wait as the other's wait ends, and the slice goes on.
 */
#pragma once

#include "arch/paging.h"
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

/* `to`, whose wait the caller has taken, is the current one. Vector state is entry code's business. */
static inline void direct_switch(struct cpu *cpu, struct task *to)
{
	to->state = TASK_RUNNING;
	cpu->current = to;
	cpu->switches++;
	cpu->arch.context = &to->context;
	page_table_switch(&cpu->arch, to->space);
}
