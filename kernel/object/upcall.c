#include "object/upcall.h"

#include "abi/control_block.h"
#include "arch/upcalls.h"
#include "arch/user_copy.h"
#include "object/notify.h"
#include "object/process.h"
#include "object/thread.h"
#include "sched/sched.h"

static inline uint8_t hold_of(const struct thread *thread)
{
	return __atomic_load_n(&thread->block->hold_off, __ATOMIC_RELAXED);
}

static inline void tell_pending(struct thread *thread)
{
	__atomic_store_n(&thread->block->upcall_pending, 1, __ATOMIC_RELAXED);
}

static void enter(struct thread *thread, uint8_t held, uint64_t cause, uint64_t error_code, uint64_t address)
{
	struct control_block *block = thread->block;
	struct upcall_frame *frame = &block->upcall_frame;
	context_divert(&thread->task.context, uaddr(thread->upcall_entry), frame);
	frame->cause = cause;
	frame->error_code = error_code;
	frame->address = address;
	frame->held = held;
	block->hold_off = HOLD_UPCALL;
}

/* The thread, which is due, is about to be resumed. */
static void deliver(struct task *task)
{
	struct thread *thread = thread_of_task(task);
	uint8_t held = hold_of(thread);
	if (held == HOLD_NONE)
		enter(thread, held, UPCALL_BITS, 0, 0);
	else
		tell_pending(thread);
}

/* The thread is due and waits: its call is asked to end. The report of its fault is no call of its own. */
static void look(struct task *task)
{
	struct thread *thread = thread_of_task(task);
	uint8_t held = hold_of(thread);
	if (held != HOLD_NONE)
		tell_pending(thread);
	if (thread->faulted || (held != HOLD_NONE && held != HOLD_ASK))
		return;
	switch (thread->wait) {
	case WAIT_NONE: return;
	case WAIT_ANSWER: reply_ask(&thread->reply); return;
	}
	if (task_take(task))
		thread_wake_error(thread, ERR_INTERRUPTED);
}

void upcall_init(void)
{
	sched_set_upcalls(look, deliver);
}

static void let_go(struct notify *notify)
{
	if (!notify)
		return;
	notify_unbind_upcall(notify);
	object_release(&notify->object);
}

static uint32_t bind_locked(struct thread *thread, struct notify *notify)
{
	struct notify *former = thread->upcall_notify;
	if (thread->task.state == TASK_ENDED)
		return ERR_DEAD;
	if (notify == former)
		return ERR_OK;
	if (notify && !notify_bind_upcall(notify, thread))
		return ERR_BAD_STATE;
	if (notify)
		object_reference(&notify->object);
	else
		thread->task.due = false;
	thread->upcall_notify = notify;
	let_go(former);
	return ERR_OK;
}

uint32_t upcall_bind(struct thread *thread, struct notify *notify, uint64_t entry)
{
	struct process *process = thread->process;
	if (!entry && notify)
		return ERR_BAD_ARGUMENT;
	if (!user_range_ok(uaddr(entry), 0))
		return ERR_BAD_ADDRESS;
	lock_acquire(&process->lock);
	uint32_t error = bind_locked(thread, notify);
	if (!error)
		thread->upcall_entry = entry;
	lock_release(&process->lock);
	if (!error && thread->task.due)
		sched_look(&thread->task);
	return error;
}

void upcall_unbind(struct thread *thread)
{
	struct process *process = thread->process;
	lock_acquire(&process->lock);
	let_go(thread->upcall_notify);
	thread->upcall_notify = 0;
	thread->upcall_entry = 0;
	thread->task.due = false;
	lock_release(&process->lock);
}

bool upcall_fault(struct thread *thread, const struct fault *fault)
{
	uint8_t held = hold_of(thread);
	if (!thread->upcall_entry || held == HOLD_UPCALL)
		return false;
	enter(thread, held, fault->vector, fault->error, fault->address);
	return true;
}
