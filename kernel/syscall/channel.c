/*
 * The calls on channels: calling, receiving, answering in one with that, forwarding, and making senders. What a message does on
 * its way is object/ipc.h's; here is what the registers say.
 */
#include "object/channel.h"

#include "object/extras.h"
#include "object/ipc.h"
#include "object/ipc_steps.h"
#include "object/notify.h"
#include "sched/sched.h"
#include "syscall/call.h"

static inline void finish_call(struct thread *thread, uint32_t error)
{
	if (__builtin_expect(error, 0))
		call_answer(thread, error);
}

void syscall_channel_call(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	thread->reply.extras = false;
	finish_call(thread, ipc_call(thread, sender_of_object(object)));
}

void syscall_channel_call_x(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	uint32_t error = extras_read_call(thread);
	if (!error)
		error = ipc_call(thread, sender_of_object(object));
	finish_call(thread, error);
}

/* Several calls that could not be delivered were met: goes on receiving. The receiver may be closed by now. */
static void receive_step(struct task *task)
{
	struct thread *thread = thread_of_task(task);
	struct object *object;
	uint32_t error = call_find(thread, thread->received_by, OBJECT_RECEIVER, RIGHT_RECEIVE, &object, 0);
	if (error) {
		task->deadline = DEADLINE_NEVER;
		call_answer(thread, error);
	} else if (!ipc_receive(thread, channel_of_object(object))) {
		task->continuation = receive_step;
	}
}

static inline void receive(struct thread *thread, struct channel *channel)
{
	if (__builtin_expect(!ipc_receive(thread, channel), 0)) {
		thread->task.continuation = receive_step;
		cpu_current()->need_schedule = 1;
	}
}

/*
 * Answers, then receives. When nothing is there to receive, the CPU goes straight to the caller that was answered. A caller that
 * is gone is no error here: there is nothing a server would do about it.
 */
static inline void reply_and_receive(struct thread *thread, struct channel *channel, bool extras, uint64_t deadline)
{
	struct thread *resumed;
	if (__builtin_expect(!thread->reply_to, 0)) {
		call_answer(thread, ERR_BAD_STATE);
		return;
	}
	thread->received_by = context_call_handle(&thread->task.context);
	uint32_t error = ipc_answer(thread, thread->reply_to, extras, &resumed);
	if (__builtin_expect(error && error != ERR_DEAD, 0)) {
		call_answer(thread, error);
		return;
	}
	ipc_served(thread);
	thread->task.deadline = deadline;
	if (__builtin_expect(resumed && deadline == DEADLINE_NEVER, 1) && ipc_wait(thread, channel)) {
		sched_switch_to(&resumed->task);
		return;
	}
	if (resumed)
		sched_ready(&resumed->task);
	receive(thread, channel);
}

void syscall_channel_reply_recv(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	reply_and_receive(thread, channel_of_object(object), false, DEADLINE_NEVER);
}

void syscall_channel_reply_recv_x(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	uint64_t deadline = __atomic_load_n(&thread->block->send.deadline, __ATOMIC_RELAXED);
	reply_and_receive(thread, channel_of_object(object), true, deadline);
}

void syscall_channel_recv(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	if (thread->reply_to) {
		call_answer(thread, ERR_BAD_STATE);
		return;
	}
	thread->received_by = context_call_handle(&thread->task.context);
	thread->task.deadline = call_word(thread, 0);
	receive(thread, channel_of_object(object));
}

/*
 * A call that the thread holds is saved under the name that it has reserved, and the next name is reserved. That this can not be had is
 * told by the 0 in its control block, and is the answer of the reply_reserve that follows.
 */
void syscall_channel_save_recv(struct thread *thread, struct object *object, uint32_t rights)
{
	handle_t place;
	uint32_t error = ERR_OK;
	if (thread->reply_to)
		error = thread->reply_place ? reply_save(thread, thread_received_by(thread), &place) : ERR_BAD_STATE;
	if (error) {
		call_answer(thread, error);
		return;
	}
	(void)!reply_reserve(thread, &place);
	syscall_channel_recv(thread, object, rights);
}

/*
 * The handles that came with the call go on too: those that the `received` part names now. If the call cannot be handed on they
 * come back, under new names, which are written there.
 */
static uint32_t carry_handles(struct thread *thread, struct thread *caller)
{
	const struct message_extras *received = &thread->block->received;
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES];
	for (uint32_t i = 0; i < caller->reply.handle_count; i++) {
		handles[i] = __atomic_load_n(&received->handles[i], __ATOMIC_RELAXED);
		rights[i] = RIGHTS_ALL;
	}
	return parcel_pack(&caller->parcel, thread->process, caller->reply.handle_count, handles, rights, 0xff);
}

static void bring_back_handles(struct thread *thread, struct thread *caller)
{
	handle_t places[MESSAGE_HANDLES];
	if (parcel_reserve(thread->process, caller->parcel.count, places)) {
		parcel_drop(&caller->parcel);
		caller->reply.handle_count = 0;
		return;
	}
	for (uint32_t i = 0; i < caller->parcel.count; i++)
		thread->block->received.handles[i] = caller->reply.handles[i] = places[i];
	parcel_unpack(&caller->parcel, thread->process, places);
}

static uint32_t forward(struct thread *thread, struct sender *sender)
{
	struct reply_record *record = thread->reply_to;
	if (!record)
		return ERR_BAD_STATE;
	if (record == &reply_dead) {
		thread->reply_to = 0;
		sched_lend(&thread->task, 0);
		return ERR_DEAD;
	}
	struct thread *caller = thread_of_reply(record);
	if (caller->faulted)
		return ERR_NOT_SUPPORTED;
	bool handles = record->extras && record->handle_count;
	uint32_t error = handles ? carry_handles(thread, caller) : ERR_OK;
	if (!error) {
		record->carried = handles;
		ipc_speak_for(caller, &thread->task.context);
		error = ipc_forward(thread, sender);
		if (error && handles) {
			record->carried = false;
			bring_back_handles(thread, caller);
		}
	}
	return error;
}

void syscall_channel_forward(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	call_answer(thread, forward(thread, sender_of_object(object)));
}

/* As with an answer, it is no error that the caller is gone. The receiver is looked for before anything has happened. */
void syscall_channel_forward_recv(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct object *receiver = 0;
	uint32_t error = ERR_BAD_STATE;
	if (thread->reply_to)
		error = call_find(thread, thread->received_by, OBJECT_RECEIVER, RIGHT_RECEIVE, &receiver, 0);
	if (!error)
		error = forward(thread, sender_of_object(object));
	if (error && (error != ERR_DEAD || thread->reply_to)) {
		call_answer(thread, error);
		return;
	}
	thread->task.deadline = DEADLINE_NEVER;
	receive(thread, channel_of_object(receiver));
}

void syscall_channel_create(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	struct channel *channel;
	uint32_t error = channel_create(thread->process->group, &channel);
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &channel->object, object_classes[OBJECT_RECEIVER].rights);
}

void syscall_channel_mint(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct sender *sender;
	uint32_t error = channel_mint(channel_of_object(object), thread->process->group, call_word(thread, 0), &sender);
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &sender->object, call_word(thread, 1) & object_classes[OBJECT_SENDER].rights);
}

void syscall_channel_bind(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct object *notify = 0;
	handle_t handle = (handle_t)call_word(thread, 0);
	uint32_t error = handle ? call_find(thread, handle, OBJECT_NOTIFY, RIGHT_WAIT, &notify, 0) : ERR_OK;
	if (!error)
		error = channel_bind(channel_of_object(object), notify ? notify_of_object(notify) : 0);
	call_answer(thread, error);
}

#define STAMPS_AT_ONCE 32u

/*
 * The cursor is a place in the tree of stamps. Those are told whose close message was not received yet, so that each that was told
 * is closed once, later.
 */
void syscall_channel_stamps(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct channel *channel = channel_of_object(object);
	uint64_t cursor = call_word(thread, 0), address = call_word(thread, 1), count = call_word(thread, 2), told = 0;
	uint64_t stamps[STAMPS_AT_ONCE];
	bool more = true;
	while (more && told < count && told < STAMPS_AT_ONCE) {
		lock_acquire(&channel->lock);
		const struct digital_node *node = digital_tree_from(&channel->stamps, cursor);
		uint64_t stamp = node ? node->key : 0;
		lock_release(&channel->lock);
		if (node)
			stamps[told++] = stamp;
		cursor = node ? digital_tree_place(stamp) + 1 : 0;
		more = cursor;
	}
	if (vmem_copy_out(thread->process->vmem, address, stamps, told * sizeof *stamps) != told * sizeof *stamps)
		call_answer(thread, ERR_BAD_ADDRESS);
	else
		call_answer_words(thread, told, cursor, 0);
}
