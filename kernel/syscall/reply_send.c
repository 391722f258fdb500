/*
 * Answering outside of channel_reply_recv. The answer to a call that was put off, as servers give them all day, has a quick way: where
 * nothing stands in the way (handles, a deadline, bits of an upcall, a lock that is taken) the steps of ipc_answer and reply_leave_table
 * are made in one go. The caller is ready then, and the one who answers goes on.
 */
#include "object/ipc.h"
#include "object/ipc_steps.h"
#include "sched/sched.h"
#include "syscall/call.h"

/* An answer that brings nothing beside registers but long words; else it is read by the whole way. */
static inline bool only_words(const struct thread *thread, uint32_t *out_words)
{
	/* Four bytes: handles, long words, which are moved, none. */
	uint32_t counts = __atomic_load_n((const uint32_t *)&thread->block->send.handle_count, __ATOMIC_RELAXED);
	*out_words = counts >> 8 & 0xff;
	return !(counts & 0xff) && *out_words <= MESSAGE_LONG_WORDS;
}

/* The record leaves its table, which is this thread's process's, and its channel, and its caller's wait is taken. */
static inline bool take_saved(struct thread *thread, struct reply_record *record)
{
	struct thread *caller = thread_of_reply(record);
	struct handles *table = &thread->process->handles;
	struct channel *channel = record->channel;
	if (record->table != thread->process || !channel || caller->faulted || caller->task.due ||
	        caller->task.deadline != DEADLINE_NEVER || !lock_try_alone(&table->lock))
		return false;
	if (!lock_try_alone(&channel->lock)) {
		lock_release_alone(&table->lock);
		return false;
	}
	bool ok = !record->link_asked && !channel->emptied && task_take(&caller->task);
	if (ok) {
		uint32_t index = record->handle % (1u << HANDLE_INDEX_BITS);
		handles_free_entry(table, handles_at(table, index), index);
		channel->dependents--;
		record->channel = 0;
		record->table = 0;
	}
	lock_release_alone(&channel->lock);
	lock_release_alone(&table->lock);
	return ok;
}

static bool send_saved(struct thread *thread, struct reply_record *record, uint32_t words)
{
	struct thread *caller = thread_of_reply(record);
	if (record == &reply_dead || !take_saved(thread, record))
		return false;
	caller->wait = WAIT_NONE;
	if (words) {
		struct message_extras *received = &caller->block->received;
		*(uint32_t *)&received->handle_count = words << 8;
		received->readable = received->writable = (struct message_buffer){0, 0};
		for (uint32_t i = 0; i < words; i++)
			caller->block->received_words[i] = thread->block->send_words[i];
	}
	struct context *to = &caller->task.context;
	to->rax = (words ? (uint64_t)RECEIVED_EXTRAS << 32 : 0) | (uint64_t)context_call_label(&thread->task.context) << 16;
	ipc_copy_words(to->word, thread->task.context.word);
	sched_ready(&caller->task);
	return true;
}

/* After an answer to a caller that was gone, an entry of the table that stands for it has no use any more. */
static void forget_dead_entry(struct thread *thread)
{
	struct handles *table = &thread->process->handles;
	lock_acquire(&table->lock);
	struct handle_entry *entry = handles_find(table, context_call_handle(&thread->task.context));
	if (entry && entry->object == &reply_dead.object)
		handles_take(table, entry);
	lock_release(&table->lock);
}

static void send_reply(struct thread *thread, struct object *object, bool extras)
{
	struct thread *resumed;
	uint32_t words = 0;
	if ((!extras || only_words(thread, &words)) && send_saved(thread, reply_of_object(object), words)) {
		call_answer(thread, ERR_OK);
		return;
	}
	uint32_t error = ipc_answer(thread, reply_of_object(object), extras, &resumed);
	if (resumed)
		sched_ready(&resumed->task);
	if (error == ERR_DEAD)
		forget_dead_entry(thread);
	if (!thread->reply_to && thread->task.lent)
		sched_lend(&thread->task, 0);
	call_answer(thread, error);
}

void syscall_reply_send(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	send_reply(thread, object, false);
}

void syscall_reply_send_x(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	send_reply(thread, object, true);
}
