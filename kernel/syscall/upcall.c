/* The calls on upcalls (object/upcall.h): signalling a process, and saying what interrupts a thread. */
#include "object/upcall.h"

#include "object/notify.h"
#include "syscall/call.h"

void syscall_process_signal(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct process *process = (struct process *)object;
	if (process->ending) {
		call_answer(thread, ERR_DEAD);
		return;
	}
	notify_signal(process->notify, call_word(thread, 0));
	call_answer(thread, ERR_OK);
}

void syscall_thread_set_upcall(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct object *notify = 0;
	handle_t handle = (handle_t)call_word(thread, 0);
	uint32_t error = handle ? call_find(thread, handle, OBJECT_NOTIFY, RIGHT_WAIT, &notify, 0) : ERR_OK;
	if (!error)
		error = upcall_bind(thread_of_object(object), notify ? notify_of_object(notify) : 0, call_word(thread, 1));
	call_answer(thread, error);
}
