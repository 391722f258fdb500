/* Answering outside of channel_reply_recv, putting an answer off, and copying from and to the caller's buffers, in steps. */
#include "object/reply.h"

#include "object/ipc.h"
#include "sched/sched.h"
#include "syscall/call.h"

#define COPY_STEP 16384ull /* bytes copied before interrupts are let in */

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

void syscall_reply_save(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	handle_t handle;
	uint32_t error = thread->reply_to ? reply_save(thread, &handle) : ERR_BAD_STATE;
	if (error)
		call_answer(thread, error);
	else
		call_answer_words(thread, handle, 0, 0);
}

/* The part of a buffer of the caller's from `offset` on, at most `length` bytes of it. */
static uint64_t part_of_buffer(uint64_t buffer_length, uint64_t offset, uint64_t length)
{
	uint64_t rest = offset < buffer_length ? buffer_length - offset : 0;
	return length < rest ? length : rest;
}

/* Words: offset in the caller's buffer, own address, length; thread->progress: bytes copied in the steps before. */
static void copy_step(struct thread *thread, struct reply_record *record, bool from_caller)
{
	if (record == &reply_dead) {
		call_answer(thread, ERR_DEAD);
		return;
	}
	struct vmem *own = thread->process->vmem, *other = thread_of_reply(record)->process->vmem;
	uint64_t offset = call_word(thread, 0), address = call_word(thread, 1), length = call_word(thread, 2);
	uint64_t theirs = from_caller ? record->readable : record->writable;
	uint64_t theirs_length = !record->extras ? 0 : from_caller ? record->readable_length : record->writable_length;
	uint64_t whole = part_of_buffer(theirs_length, offset, length);
	/* The name may have come to mean another call since the last step, one with a smaller buffer. */
	uint64_t done = thread->progress < whole ? thread->progress : whole;
	uint64_t step = whole - done < COPY_STEP ? whole - done : COPY_STEP;
	uint64_t copied = 0;
	if (step && from_caller)
		copied = vmem_copy_across(own, address + done, other, theirs + offset + done, step);
	else if (step)
		copied = vmem_copy_across(other, theirs + offset + done, own, address + done, step);
	done += copied;
	if (copied == step && done < whole) {
		thread->progress = done;
		call_again(thread);
		return;
	}
	thread->progress = 0;
	if (whole && !done)
		call_answer(thread, ERR_BAD_ADDRESS);
	else
		call_answer_words(thread, done, 0, 0);
}

void syscall_reply_read(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	copy_step(thread, reply_of_object(object), true);
}

void syscall_reply_write(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	copy_step(thread, reply_of_object(object), false);
}
