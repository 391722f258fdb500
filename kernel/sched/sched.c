#include "sched/sched.h"

#include "abi/message.h"
#include "arch/fpu.h"
#include "arch/ports.h"
#include "arch/timer.h"
#include "arch/upcalls.h"
#include "core/panic.h"
#include "sched/direct.h"
#include "sched/run_queue.h"
#include "sched/timers.h"

struct scheduler schedulers[CPUS_MAX] = {
        [0 ... CPUS_MAX - 1] = {{LOCK_INIT(RANK_QUEUE, "run queue"), 0, {0}}, 0, UINT64_MAX, 0, 0, 0}};

static void (*deferred)(void);
static bool deferred_wanted;
static void (*upcalls_look)(struct task *task);
static void (*upcalls_deliver)(struct task *task);

void task_init(struct task *task, struct page_table *space, unsigned priority, uint64_t *cpu_time)
{
	task->space = space;
	task->state = TASK_NEW;
	task->priority = task->effective = (uint8_t)priority;
	task->deadline = DEADLINE_NEVER;
	task->cpu_time = cpu_time;
}

void sched_block_with_deadline(struct task *task)
{
	timers_set(&task->timer, task->deadline);
}

/* Ends what a wait had set up. */
static inline void unblock(struct task *task)
{
	if (__builtin_expect(task->deadline != DEADLINE_NEVER, 0)) {
		timers_cancel(&task->timer);
		task->deadline = DEADLINE_NEVER;
	}
}

static void enqueue(struct task *task)
{
	struct cpu *cpu = cpu_current();
	struct scheduler *own = scheduler_of(cpu);
	task->state = TASK_READY;
	lock_acquire(&own->queue.lock);
	run_queue_push_back(&own->queue, task);
	lock_release(&own->queue.lock);
	/* An equal waits for the end of the slice, at which the timer is to interrupt. */
	if (!cpu->current || task->effective > cpu->current->effective ||
	        (task->effective == cpu->current->effective && own->armed > own->slice_end))
		cpu->need_schedule = 1;
}

void sched_ready(struct task *task)
{
	unblock(task);
	enqueue(task);
}

/*
 * Takes the CPU from its current task and gives it to another, 0: to none. A task that is in a system call has no vector state to
 * keep; one that was interrupted has.
 */
static void switch_task(struct cpu *cpu, struct task *next)
{
	struct task *previous = cpu->current;
	if (previous == next)
		return;
	if (previous && previous->space && previous->state != TASK_ENDED) {
		if (previous->context.by_syscall)
			fpu_drop(&previous->context);
		else
			fpu_save(&previous->context);
	}
	cpu->current = next;
	cpu->switches++;
	if (!next) {
		cpu->arch.context = 0;
		return;
	}
	cpu->arch.context = &next->context;
	if (!next->space)
		return;
	if (cpu->ports_loaded) {
		ports_load(0);
		cpu->ports_loaded = 0;
	}
	page_table_activate(next->space);
	fpu_restore(&next->context);
}

void sched_switch_to(struct task *task)
{
	struct cpu *cpu = cpu_current();
	struct scheduler *own = scheduler_of(cpu);
	int highest = run_queue_highest(&own->queue);
	if (__builtin_expect(highest >= task->effective, 0)) {
		/* An equal that nobody looked at while a more urgent task ran waits for the end of the slice. */
		if (highest > task->effective || own->armed > own->slice_end)
			cpu->need_schedule = 1;
		if (highest > task->effective) {
			sched_ready(task);
			return;
		}
	}
	unblock(task);
	task->state = TASK_RUNNING;
	if (__builtin_expect(task->due || task->continuation, 0))
		cpu->need_schedule = 1; /* it is not resumed as it is */
	switch_task(cpu, task);
}

static void forget_look(struct task *task)
{
	if (!task->link_look)
		return;
	*task->link_look = task->next_look;
	if (task->next_look)
		task->next_look->link_look = task->link_look;
	task->link_look = 0;
}

void sched_end(struct task *task)
{
	struct cpu *cpu = cpu_current();
	struct scheduler *own = scheduler_of(cpu);
	unblock(task);
	forget_look(task);
	if (task->state == TASK_READY) {
		lock_acquire(&own->queue.lock);
		run_queue_remove(&own->queue, task);
		lock_release(&own->queue.lock);
	}
	task->state = TASK_ENDED;
	task->continuation = 0;
	cpu->need_schedule = 1;
}

void sched_yield(struct task *task)
{
	struct cpu *cpu = cpu_current();
	task->slice_left = 0;
	scheduler_of(cpu)->slice_end = 0;
	cpu->need_schedule = 1;
}

static void set_effective(struct task *task)
{
	task->effective = task->lent > task->priority ? task->lent : task->priority;
	struct cpu *cpu = cpu_current();
	if (task == cpu->current && run_queue_highest(&scheduler_of(cpu)->queue) >= task->effective)
		cpu->need_schedule = 1;
}

void sched_set_priority(struct task *task, unsigned priority)
{
	struct scheduler *own = scheduler_of(cpu_current());
	task->priority = (uint8_t)priority;
	if (task->state != TASK_READY) {
		set_effective(task);
		return;
	}
	lock_acquire(&own->queue.lock);
	run_queue_remove(&own->queue, task);
	lock_release(&own->queue.lock);
	set_effective(task);
	enqueue(task); /* it may have set the deadline of a wait that its continuation comes to */
}

void sched_lend(struct task *task, unsigned priority)
{
	task->lent = (uint8_t)priority;
	set_effective(task);
}

void sched_set_deferred(void (*function)(void))
{
	deferred = function;
}

void sched_defer(void)
{
	deferred_wanted = true;
	cpu_current()->need_schedule = 1;
}

void sched_set_upcalls(void (*look)(struct task *task), void (*deliver)(struct task *task))
{
	upcalls_look = look;
	upcalls_deliver = deliver;
}

void sched_look(struct task *task)
{
	struct cpu *cpu = cpu_current();
	struct scheduler *own = scheduler_of(cpu);
	cpu->need_schedule = 1;
	if (task->link_look || task->state != TASK_BLOCKED)
		return;
	task->next_look = own->looks;
	task->link_look = &own->looks;
	if (task->next_look)
		task->next_look->link_look = &task->next_look;
	own->looks = task;
}

/* One of those that are to be looked at. */
static void look(struct scheduler *own)
{
	struct task *task = own->looks;
	forget_look(task);
	if (task->due && task->state == TASK_BLOCKED)
		upcalls_look(task);
}

void sched_forget_space(void)
{
	struct cpu *cpu = cpu_current();
	ASSERT(!cpu->current || !cpu->current->space);
	page_table_activate_kernel();
}

void sched_book_time(void)
{
	direct_book(scheduler_of(cpu_current()), cpu_tsc());
}

/* The next slice is that of `task` (0: idle). */
static void book_time(struct scheduler *own, struct task *task)
{
	direct_book(own, cpu_tsc());
	own->slice_of = task;
}

/* Puts the current task back if another must run before it. */
static void preempt(struct cpu *cpu, struct scheduler *own, uint64_t now)
{
	struct task *current = cpu->current;
	int highest = run_queue_highest(&own->queue);
	bool expired = now >= own->slice_end;
	if (highest < current->effective || (highest == current->effective && !expired)) {
		/* While others wait it stays over: the current task may be a server on the slice of an equal of theirs. */
		if (expired && highest < 0)
			own->slice_end = now + SLICE_NS;
		return;
	}
	current->state = TASK_READY;
	lock_acquire(&own->queue.lock);
	if (expired) {
		current->slice_left = 0;
		run_queue_push_back(&own->queue, current);
	} else {
		current->slice_left = own->slice_end - now;
		run_queue_push_front(&own->queue, current);
	}
	lock_release(&own->queue.lock);
}

static void arm_timer(struct cpu *cpu, struct scheduler *own)
{
	uint64_t next = timers_next();
	if (cpu->current && run_queue_highest(&own->queue) == cpu->current->effective && own->slice_end < next)
		next = own->slice_end;
	/* One that comes too early does no harm and is not put off: arming it is dear, and reasons come and go quickly. */
	if (own->armed && own->armed <= next)
		return;
	own->armed = next;
	timer_arm(next);
}

static void note_idle(struct cpu *cpu, uint64_t now)
{
	if (!cpu->current && !cpu->idle_since) {
		cpu->idle_since = now;
	} else if (cpu->current && cpu->idle_since) {
		cpu->idle_ns += now - cpu->idle_since;
		cpu->idle_since = 0;
	}
}

/* Chooses who runs, and arms the timer for the next reason to choose again. */
static void choose(struct cpu *cpu)
{
	struct scheduler *own = scheduler_of(cpu);
	uint64_t now = timer_now();
	if (own->armed <= now)
		own->armed = 0; /* it has fired, or is about to */
	if (cpu->current && cpu->current->state == TASK_RUNNING)
		preempt(cpu, own, now);
	if (!cpu->current || cpu->current->state != TASK_RUNNING) {
		lock_acquire(&own->queue.lock);
		struct task *next = run_queue_pop(&own->queue);
		lock_release(&own->queue.lock);
		book_time(own, next);
		if (next) {
			own->slice_end = now + (next->slice_left ? next->slice_left : SLICE_NS);
			next->slice_left = 0;
			next->state = TASK_RUNNING;
		}
		switch_task(cpu, next);
		note_idle(cpu, now);
	}
	arm_timer(cpu, own);
}

/*
 * Nothing here keeps state on the stack over cpu_take_interrupts: a task whose continuation is not done yet is the current one
 * or in the run queue, and is found there by the next call.
 */
static __attribute__((noinline)) struct context *schedule(struct cpu *cpu)
{
	for (;;) {
		cpu->need_schedule = 0;
		if (deferred_wanted) {
			deferred_wanted = false;
			deferred();
		}
		if (scheduler_of(cpu)->looks) {
			look(scheduler_of(cpu));
			cpu->need_schedule = 1;
			cpu_take_interrupts();
			continue;
		}
		choose(cpu);
		struct task *task = cpu->current;
		if (!task)
			return 0;
		if (!task->continuation) {
			if (task->due)
				upcalls_deliver(task);
			if (!cpu->need_schedule)
				return &task->context;
			continue;
		}
		void (*step)(struct task *) = task->continuation;
		task->continuation = 0;
		step(task);
		cpu->need_schedule = 1;
		cpu_take_interrupts();
	}
}

void upcall_asked(void)
{
	struct cpu *cpu = cpu_current();
	cpu->interrupts++;
	cpu->need_schedule = 1;
}

struct context *upcall_leave(void)
{
	struct cpu *cpu = cpu_current();
	if (__builtin_expect(!cpu->need_schedule, 1))
		return cpu->arch.context;
	return schedule(cpu);
}
