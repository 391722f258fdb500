#include "sched/timers.h"

#include "arch/timer.h"
#include "arch/upcalls.h"
#include "core/lock.h"
#include "core/percpu.h"
#include "sched/direct.h"

/* Handled by one interrupt; what is left has passed too, so that the next comes soon, after whoever must run first. */
#define EXPIRED_PER_INTERRUPT 16

/* From the end of one interrupt to the next: however many timers programs make, most of the time stays theirs. */
#define REST_NS 10000ull

static struct cpu_timers {
	struct timer_queue queue;
	struct lock lock;
	uint64_t not_before; /* ns; of the next interrupt */
} timers[CPUS_MAX] = {[0 ... CPUS_MAX - 1] = {{0}, LOCK_INIT(RANK_QUEUE, "timers"), 0}};

void timers_set(struct timer_node *node, uint64_t deadline)
{
	struct cpu *cpu = cpu_current();
	struct cpu_timers *own = &timers[cpu->arch.index];
	node->deadline = deadline;
	node->cpu = cpu->arch.index;
	lock_acquire(&own->lock);
	timer_queue_insert(&own->queue, node);
	if (own->queue.root == node && scheduler_of(cpu)->armed > deadline)
		cpu->need_schedule = 1; /* which arms the interrupt */
	lock_release(&own->lock);
}

void timers_cancel(struct timer_node *node)
{
	if (!timer_queue_contains(node))
		return;
	struct cpu_timers *owner = &timers[node->cpu];
	lock_acquire(&owner->lock);
	timer_queue_remove(&owner->queue, node);
	lock_release(&owner->lock);
}

uint64_t timers_next(void)
{
	const struct cpu_timers *own = &timers[cpu_current()->arch.index];
	const struct timer_node *first = own->queue.root;
	if (!first)
		return UINT64_MAX;
	return first->deadline > own->not_before ? first->deadline : own->not_before;
}

static void expire(struct cpu_timers *own, uint64_t now)
{
	for (unsigned i = 0; i < EXPIRED_PER_INTERRUPT; i++) {
		lock_acquire(&own->lock);
		struct timer_node *first = own->queue.root;
		bool expired = first && first->deadline <= now;
		if (expired)
			timer_queue_remove(&own->queue, first);
		lock_release(&own->lock);
		if (!expired)
			return;
		first->expired(first);
	}
}

void upcall_timer(void)
{
	struct cpu *cpu = cpu_current();
	struct cpu_timers *own = &timers[cpu->arch.index];
	cpu->interrupts++;
	cpu->need_schedule = 1;
	expire(own, timer_now());
	own->not_before = timer_now() + REST_NS;
}
