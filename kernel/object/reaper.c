#include "object/reaper.h"

#include "core/lock.h"
#include "core/percpu.h"
#include "object/object.h"
#include "sched/sched.h"

/* Most steps are much shorter than the longest: so many ticks of the TSC are worth a look at interrupts and other tasks. */
#define TICKS_AT_ONCE 4000u

static struct reaper {
	struct task task;
	struct lock lock;
	struct object *dead, **dead_end;
	struct reaper_work *work, **work_end;
} reapers[CPUS_MAX];

static struct object *take_dead(struct reaper *reaper)
{
	lock_acquire(&reaper->lock);
	struct object *object = reaper->dead;
	if (object) {
		reaper->dead = object->next_dead;
		if (!reaper->dead)
			reaper->dead_end = &reaper->dead;
	}
	lock_release(&reaper->lock);
	return object;
}

static struct reaper_work *take_work(struct reaper *reaper)
{
	lock_acquire(&reaper->lock);
	struct reaper_work *work = reaper->work;
	if (work) {
		reaper->work = work->next;
		if (!reaper->work)
			reaper->work_end = &reaper->work;
	}
	lock_release(&reaper->lock);
	return work;
}

/* What is not done yet goes to the end of its list. */
static bool reaper_step(struct reaper *reaper)
{
	struct object *object = take_dead(reaper);
	if (object) {
		if (!object_classes[object->type].destroy_step(object))
			reaper_bury(object);
		return true;
	}
	struct reaper_work *work = take_work(reaper);
	if (!work)
		return false;
	if (!work->step(work))
		reaper_add(work);
	return true;
}

static void reaper_run(struct task *task)
{
	struct reaper *reaper = (struct reaper *)task;
	uint64_t start = cpu_tsc();
	bool more = reaper_step(reaper);
	while (more && cpu_tsc() - start < TICKS_AT_ONCE)
		more = reaper_step(reaper);
	if (more) {
		task->continuation = reaper_run;
	} else {
		sched_lend(task, 0);
		sched_block(task);
	}
}

/* The reaper of this CPU has something to do; its priority follows the task that gave it. */
static void wake(struct reaper *reaper)
{
	struct cpu *cpu = cpu_current();
	unsigned priority = cpu->current ? cpu->current->effective : 0;
	struct task *task = &reaper->task;
	if (task_take(task)) {
		task->continuation = reaper_run;
		sched_lend(task, priority);
		sched_ready(task);
	} else if (priority > task->effective) {
		task->lent = (uint8_t)priority;
		sched_set_priority(task, task->priority);
	}
}

void reaper_bury(struct object *object)
{
	struct reaper *reaper = &reapers[cpu_current()->arch.index];
	object->next_dead = 0;
	lock_acquire(&reaper->lock);
	*reaper->dead_end = object;
	reaper->dead_end = &object->next_dead;
	lock_release(&reaper->lock);
	wake(reaper);
}

void reaper_add(struct reaper_work *work)
{
	struct reaper *reaper = &reapers[cpu_current()->arch.index];
	work->next = 0;
	lock_acquire(&reaper->lock);
	*reaper->work_end = work;
	reaper->work_end = &work->next;
	lock_release(&reaper->lock);
	wake(reaper);
}

void reaper_init(void)
{
	struct reaper *reaper = &reapers[cpu_current()->arch.index];
	static uint64_t time;
	task_init(&reaper->task, 0, PRIORITY_DEFAULT, &time);
	lock_init(&reaper->lock, RANK_REAPER, "reaper");
	reaper->dead_end = &reaper->dead;
	reaper->work_end = &reaper->work;
	sched_block(&reaper->task);
}
