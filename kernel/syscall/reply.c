/* Putting an answer off, and copying from and to the caller's buffers, in steps. */
#include "object/reply.h"

#include "object/ipc.h"
#include "sched/sched.h"
#include "syscall/call.h"

#define COPY_STEP 16384ull /* bytes copied before interrupts are let in */

void syscall_reply_reserve(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	handle_t place;
	uint32_t error = reply_reserve(thread, &place);
	if (error)
		call_answer(thread, error);
	else
		call_answer_words(thread, place, 0, 0);
}

void syscall_reply_save(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	handle_t handle;
	uint32_t error = thread->reply_to ? reply_save(thread, thread_received_by(thread), &handle) : ERR_BAD_STATE;
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

/* One side of a copy: whose memory, from which address on, and how many bytes there are. */
struct side {
	struct vmem *vmem;
	uint64_t address, length;
};

/* The caller's buffer from an offset on. */
static struct side side_of_caller(struct reply_record *record, bool readable, uint64_t offset, uint64_t length)
{
	uint64_t buffer = readable ? record->readable : record->writable;
	uint64_t buffer_length = !record->extras ? 0 : readable ? record->readable_length : record->writable_length;
	return (struct side){
	        thread_of_reply(record)->process->vmem, buffer + offset, part_of_buffer(buffer_length, offset, length)};
}

/* A step of a copy; thread->progress: bytes copied in the steps before. */
static void copy_step(struct thread *thread, const struct side *to, const struct side *from)
{
	uint64_t whole = to->length < from->length ? to->length : from->length;
	/* A name may have come to mean another call since the last step, one with a smaller buffer. */
	uint64_t done = thread->progress < whole ? thread->progress : whole;
	uint64_t step = whole - done < COPY_STEP ? whole - done : COPY_STEP;
	uint64_t copied = 0;
	if (step)
		copied = vmem_copy_across(to->vmem, to->address + done, from->vmem, from->address + done, step);
	call_answer_copied(thread, done + copied, whole, copied == step ? ERR_OK : ERR_BAD_ADDRESS);
}

/* Words: offset in the caller's buffer, own address, length. */
static void copy_with_own(struct thread *thread, struct reply_record *record, bool from_caller)
{
	if (record == &reply_dead) {
		call_answer(thread, ERR_DEAD);
		return;
	}
	struct side caller = side_of_caller(record, from_caller, call_word(thread, 0), call_word(thread, 2));
	if (!thread->progress && caller.length && caller.vmem != thread->process->vmem &&
	        vmem_copy_quickly(caller.vmem, caller.address, call_word(thread, 1), caller.length, from_caller)) {
		call_answer_words(thread, caller.length, 0, 0);
		return;
	}
	struct side own = {thread->process->vmem, call_word(thread, 1), call_word(thread, 2)};
	copy_step(thread, from_caller ? &own : &caller, from_caller ? &caller : &own);
}

void syscall_reply_read(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	copy_with_own(thread, reply_of_object(object), true);
}

void syscall_reply_write(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	copy_with_own(thread, reply_of_object(object), false);
}

/* Words: the other reply, offset in the readable buffer of this one's caller, offset in the writable of the other's, length. */
void syscall_reply_copy(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct object *other;
	uint32_t error = call_find(thread, (handle_t)call_word(thread, 0), OBJECT_REPLY, RIGHT_SEND, &other, 0);
	if (!error && (object == &reply_dead.object || other == &reply_dead.object))
		error = ERR_DEAD;
	if (error) {
		call_answer(thread, error);
		return;
	}
	uint64_t length = call_word(thread, 3);
	struct side from = side_of_caller(reply_of_object(object), true, call_word(thread, 1), length);
	struct side to = side_of_caller(reply_of_object(other), false, call_word(thread, 2), length);
	copy_step(thread, &to, &from);
}

/* Word: 0, or a receiver by which the thread is to have received the call. */
void syscall_reply_message(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct reply_record *record = reply_of_object(object);
	handle_t receiver = (handle_t)call_word(thread, 0);
	uint32_t error = ERR_OK;
	if (receiver)
		error = thread->reply_to ? ERR_BAD_STATE
		                         : call_find(thread, receiver, OBJECT_RECEIVER, RIGHT_RECEIVE, &object, 0);
	if (!error)
		error = ipc_tell(thread, record);
	if (error) {
		call_answer(thread, error);
		return;
	}
	if (!receiver)
		return;
	reply_hold(thread, record);
	thread->received_by = receiver;
}
