#include "object/notify.h"

#include "mm/slab.h"
#include "object/channel.h"
#include "object/links.h"
#include "object/watch.h"
#include "sched/sched.h"

#define STEP 8u /* waiters woken or watches forgotten in one step of the end */

static struct slab notify_slab = SLAB_INIT("notifies", struct notify);

uint32_t notify_create(struct group *group, struct notify **out)
{
	struct notify *notify = slab_alloc(&notify_slab);
	if (!notify)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&notify->object, OBJECT_NOTIFY, group);
	if (error) {
		slab_free(&notify_slab, notify);
		return error;
	}
	lock_init(&notify->lock, RANK_OBJECT, "notify");
	*out = notify;
	return ERR_OK;
}

/* A thread that the bits interrupt is due as long as there are some. */
static inline void note_upcall_locked(struct notify *notify)
{
	if (notify->upcall)
		notify->upcall->task.due = notify->bits != 0;
}

static void leave_locked(struct notify *notify, struct thread *thread)
{
	links_remove(&notify->waiters, thread);
	notify->waiter_count--;
	thread->wait = WAIT_NONE;
}

/* Gives set bits to those who wait for them. */
static void feed_waiters_locked(struct notify *notify)
{
	struct thread *thread = notify->waiters;
	for (uint32_t left = notify->waiter_count; left && notify->bits; left--) {
		struct thread *next = thread->next;
		uint64_t taken = notify->bits & thread->wait_mask;
		if (taken && task_take(&thread->task)) {
			leave_locked(notify, thread);
			notify->bits &= ~taken;
			context_answer(&thread->task.context, ERR_OK);
			thread->task.context.word[0] = taken;
			sched_ready(&thread->task);
		}
		thread = next;
	}
}

void notify_signal(struct notify *notify, uint64_t bits)
{
	lock_acquire(&notify->lock);
	notify->bits |= bits;
	if (notify->waiters)
		feed_waiters_locked(notify);
	struct channel *bound = notify->bits ? notify->bound : 0;
	note_upcall_locked(notify);
	if (notify->bits && notify->upcall)
		sched_look(&notify->upcall->task);
	lock_release(&notify->lock);
	if (bound)
		channel_notified(bound);
}

uint64_t notify_take(struct notify *notify, uint64_t mask)
{
	lock_acquire(&notify->lock);
	uint64_t taken = notify->bits & mask;
	notify->bits &= ~taken;
	note_upcall_locked(notify);
	lock_release(&notify->lock);
	return taken;
}

bool notify_bind_upcall(struct notify *notify, struct thread *thread)
{
	lock_acquire(&notify->lock);
	bool free = !notify->upcall && !notify->bound;
	if (free) {
		notify->upcall = thread;
		note_upcall_locked(notify);
	}
	lock_release(&notify->lock);
	return free;
}

void notify_unbind_upcall(struct notify *notify)
{
	lock_acquire(&notify->lock);
	notify->upcall = 0;
	lock_release(&notify->lock);
}

uint32_t notify_wait(struct notify *notify, struct thread *thread)
{
	lock_acquire(&notify->lock);
	bool full = notify->waiter_count == NOTIFY_WAITERS_MAX;
	if (!full) {
		links_append(&notify->waiters, thread);
		notify->waiter_count++;
		thread->at.notify = notify;
		thread->wait = WAIT_NOTIFY;
		sched_block(&thread->task);
		cpu_current()->need_schedule = 1;
	}
	lock_release(&notify->lock);
	return full ? ERR_FULL : ERR_OK;
}

void notify_leave(struct notify *notify, struct thread *thread)
{
	lock_acquire(&notify->lock);
	leave_locked(notify, thread);
	lock_release(&notify->lock);
}

/* Nobody can wait any more that does not already: these hear DEAD. A bound one still has a reference, and is not here. */
bool notify_destroy_step(struct object *object)
{
	struct notify *notify = notify_of_object(object);
	for (uint32_t i = 0; i < STEP && notify->waiters; i++) {
		struct thread *thread = notify->waiters;
		if (task_take(&thread->task))
			thread_wake_error(thread, ERR_DEAD);
	}
	if (notify->waiters || !watch_forget_notify(notify, STEP))
		return false;
	object_end(object);
	slab_free(&notify_slab, notify);
	return true;
}
