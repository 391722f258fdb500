/* Closing, duplicating and asking about handles: the calls that do not act on the object that a handle leads to. */
#include "object/handles.h"

#include "object/reply.h"
#include "sched/sched.h"
#include "syscall/call.h"

/* Takes a handle out under the lock; 0: there is none of that name. */
static struct object *take(struct process *process, handle_t handle)
{
	lock_acquire(&process->handles.lock);
	struct handle_entry *entry = handles_find(&process->handles, handle);
	struct object *object = entry ? handles_take(&process->handles, entry) : 0;
	lock_release(&process->handles.lock);
	return object;
}

void syscall_handle_close(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	handle_t handle = (handle_t)call_word(thread, 0);
	if ((handle == HANDLE_SELF_REPLY && thread->reply_to) || call_names_held(thread, handle)) {
		/* To give up a call is an answer too: its caller hears DROPPED. */
		struct reply_record *record = thread->reply_to;
		thread->reply_to = 0;
		reply_drop(record);
		sched_lend(&thread->task, 0);
		call_answer(thread, ERR_OK);
		return;
	}
	struct object *taken = take(thread->process, handle);
	if (taken)
		process_drop_handle(taken);
	call_answer(thread, taken ? ERR_OK : ERR_BAD_HANDLE);
}

void syscall_handle_duplicate(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	uint32_t wanted = (uint32_t)call_word(thread, 1);
	uint32_t error = call_find(thread, (handle_t)call_word(thread, 0), OBJECT_NONE, RIGHT_DUPLICATE, &object, &rights);
	if (error) {
		call_answer(thread, error);
		return;
	}
	object_reference(object);
	call_answer_handle(thread, object, rights & wanted);
}

void syscall_handle_info(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	uint32_t error = call_find(thread, (handle_t)call_word(thread, 0), OBJECT_NONE, 0, &object, &rights);
	if (error)
		call_answer(thread, error);
	else
		call_answer_words(thread, object->type, rights, object->number);
}

#define WALK_STEP 512u /* entries looked at before interrupts are let in */

/*
 * The cursor is the index of the first entry to look at. thread->progress is how far the steps before came, so that words stay as
 * they are.
 */
void syscall_handle_walk(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	const struct handles *table = &thread->process->handles;
	uint64_t index = thread->progress ? thread->progress : call_word(thread, 0);
	uint64_t limit = table->never_used;
	if (!index)
		index = 1;
	for (unsigned left = WALK_STEP; index < limit; index++, left--) {
		if (!left) {
			thread->progress = index;
			call_again(thread);
			return;
		}
		const struct handle_entry *entry = handles_entry(table, index);
		if (entry->handle) {
			call_answer_words(thread, entry->handle, entry->object->type, entry->rights);
			thread->task.context.word[3] = index + 1;
			return;
		}
	}
	call_answer(thread, ERR_NOT_FOUND);
}
