/* Making, signalling and waiting for notifies (object/notify.h). */
#include "object/notify.h"

#include "sched/sched.h"
#include "syscall/call.h"

void syscall_notify_create(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	struct notify *notify;
	uint32_t error = notify_create(thread->process->group, &notify);
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &notify->object, object_classes[OBJECT_NOTIFY].rights);
}

void syscall_notify_signal(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	notify_signal(notify_of_object(object), call_word(thread, 0));
	call_answer(thread, ERR_OK);
}

void syscall_notify_wait(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct notify *notify = notify_of_object(object);
	uint64_t mask = call_word(thread, 0), deadline = call_word(thread, 1);
	if (!mask) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	uint64_t taken = notify_take(notify, mask);
	if (taken) {
		call_answer_words(thread, taken, 0, 0);
		return;
	}
	thread->task.deadline = deadline;
	thread->wait_mask = mask;
	uint32_t error = ERR_TIMED_OUT;
	if (deadline == DEADLINE_NEVER || !thread_deadline_passed(thread))
		error = notify_wait(notify, thread);
	if (error) {
		thread->task.deadline = DEADLINE_NEVER;
		call_answer(thread, error);
	}
}
