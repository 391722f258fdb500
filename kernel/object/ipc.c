#include "object/ipc.h"

#include "abi/exception.h"
#include "arch/timer.h"
#include "object/extras.h"
#include "object/ipc_steps.h"
#include "object/links.h"
#include "object/notify.h"
#include "object/process.h"
#include "sched/sched.h"

/* Undeliverable calls that one receive meets before interrupts are let in. */
#define RECEIVE_TRIES 4

/* Receivers looked at for one that is of the right process. */
#define RECEIVER_TRIES 8u

/* The wait that the caller of this took goes on after all. Its deadline may have passed and found it taken. */
static void wait_again(struct thread *thread)
{
	struct task *task = &thread->task;
	__atomic_store_n(&task->wake, 1, __ATOMIC_RELEASE);
	if (task->deadline != DEADLINE_NEVER && !timer_queue_contains(&task->timer) && task_take(task))
		thread_wake_error(thread, ERR_TIMED_OUT);
}

/* Its holder, or the handle table that it is in, has it no more: for one who answers. */
static inline void let_go(struct reply_record *record)
{
	struct thread *holder = record->holder;
	record->holder = 0;
	if (__builtin_expect(holder != 0, 1))
		holder->reply_to = 0;
	else if (record->table)
		reply_leave_table(record);
}

/*
 * Gives a call to a thread that receives: one whose wait was taken, or the current one. On an error, which is the caller's,
 * nothing has happened.
 */
static inline uint32_t deliver_call_locked(struct channel *channel, struct thread *caller, struct thread *receiver)
{
	struct reply_record *record = &caller->reply;
	const struct context *from = &caller->task.context;
	const uint64_t *words = from->word;
	uint32_t info = RECEIVED_CALL, label = context_call_label(from);
	if (__builtin_expect(record->extras, 0)) {
		struct extras extras = {record->handle_count, record->word_count, record->move_mask};
		uint32_t error = extras_pass(caller, receiver, &extras, record->carried);
		if (error)
			return error;
		receiver->block->received.readable.length = record->readable_length;
		receiver->block->received.writable.length = record->writable_length;
		record->carried = false;
		info |= RECEIVED_EXTRAS;
		if (caller->faulted) { /* its report always has extras */
			info |= RECEIVED_EXCEPTION;
			label = EXCEPTION_FAULT;
			words = caller->exception_words;
		}
	}
	struct context *to = &receiver->task.context;
	to->rax = (uint64_t)info << 32 | label << 16;
	ipc_copy_words(to->word, words);
	ipc_introduce_locked(channel, receiver, caller);
	ipc_received(receiver, caller);
	return ERR_OK;
}

/* Of waiting receivers of several processes only one's can use what is there: one of the first few, if there is. */
static struct thread *take_receiver_of_locked(struct channel *channel, const struct process *process)
{
	struct thread *thread = channel->receivers;
	for (unsigned i = 0; i < RECEIVER_TRIES && thread; i++) {
		if (thread->process == process && task_take(&thread->task)) {
			links_remove(&channel->receivers, thread);
			return thread;
		}
		thread = thread->next == channel->receivers ? 0 : thread->next;
	}
	return 0;
}

/* Takes a thread that waits to receive out of the channel's list; 0: nobody waits. */
static inline struct thread *take_receiver_locked(struct channel *channel)
{
	struct thread *thread = channel->receivers;
	while (thread && __builtin_expect(!task_take(&thread->task), 0))
		thread = thread->next == channel->receivers ? 0 : thread->next;
	if (thread)
		links_remove(&channel->receivers, thread);
	return thread;
}

static inline bool deadline_passed(struct thread *thread)
{
	return __builtin_expect(thread->task.deadline != DEADLINE_NEVER, 0) && thread_deadline_passed(thread);
}

/*
 * A call finds a receiver, in *out_receiver with its wait taken, or lies in the queue. On an error nothing has happened, but the
 * receiver that was found, if any, must wait again.
 */
static inline uint32_t hand_in_locked(
        struct channel *channel, struct thread *caller, struct sender *sender, struct thread **out_receiver)
{
	caller->reply.stamp = sender->by_stamp.key;
	struct thread *receiver = *out_receiver = take_receiver_locked(channel);
	if (__builtin_expect(receiver != 0, 1)) {
		uint32_t error = deliver_call_locked(channel, caller, receiver);
		if (__builtin_expect(error, 0))
			links_prepend(&channel->receivers, receiver);
		return error;
	}
	if (!channel->object.references) /* its end may not have begun yet */
		return ERR_PEER_CLOSED;
	channel_queue_call_locked(channel, caller, sender);
	return ERR_OK;
}

uint32_t ipc_call(struct thread *caller, struct sender *sender)
{
	struct channel *channel = sender->channel;
	struct thread *receiver;
	if (deadline_passed(caller))
		return ERR_TIMED_OUT;
	lock_acquire(&channel->lock);
	uint32_t error = hand_in_locked(channel, caller, sender, &receiver);
	if (!error)
		sched_block_to_switch(&caller->task);
	lock_release(&channel->lock);
	if (__builtin_expect(error, 0)) {
		caller->task.deadline = DEADLINE_NEVER;
		if (receiver)
			wait_again(receiver);
		return error;
	}
	if (receiver)
		sched_switch_to(&receiver->task);
	else
		cpu_current()->need_schedule = 1;
	return ERR_OK;
}

uint32_t ipc_forward(struct thread *thread, struct sender *sender)
{
	struct reply_record *record = thread->reply_to;
	struct thread *caller = thread_of_reply(record);
	struct channel *channel = sender->channel;
	struct thread *receiver;
	if (!task_take(&caller->task))
		return ERR_DEAD;
	lock_acquire(&channel->lock);
	uint32_t error = hand_in_locked(channel, caller, sender, &receiver);
	lock_release(&channel->lock);
	if (!error) {
		thread->reply_to = 0;
		if (!receiver)
			record->holder = 0;
		sched_lend(&thread->task, 0);
	}
	wait_again(caller);
	if (!error && caller->task.due)
		sched_look(&caller->task); /* it lies in a queue again, where it can be taken back */
	if (receiver && error)
		wait_again(receiver);
	else if (receiver)
		sched_ready(&receiver->task);
	return error;
}

/* A message that nobody waits for an answer to. */
static void deliver_event(struct thread *receiver, uint32_t kind, uint64_t stamp, uint64_t word)
{
	struct context *context = &receiver->task.context;
	context_answer(context, ERR_OK);
	context->rax = (uint64_t)kind << 32;
	context->word[0] = word;
	struct message_extras *received = &receiver->block->received;
	received->stamp = stamp;
	received->caller = 0;
	received->deadline = DEADLINE_NEVER;
	receiver->wait = WAIT_NONE;
}

static void deliver_closing_locked(struct channel *channel, struct thread *receiver)
{
	deliver_event(receiver, RECEIVED_CLOSE, channel_take_closing_locked(channel), 0);
}

/* A saved reply's caller is asked to end its call; false: there is none of this process's. */
static bool receive_asked_locked(struct channel *channel, struct thread *receiver)
{
	struct reply_record *record = channel_take_asked_locked(channel, receiver->process);
	if (!record)
		return false;
	deliver_event(receiver, RECEIVED_INTERRUPT, record->stamp, record->handle);
	receiver->block->received.caller = thread_of_reply(record)->process->number;
	return true;
}

/* Delivers a request to end a call, the bits of the bound notify or the closing of a stamp; false: there is none of them. */
static bool receive_event_locked(struct channel *channel, struct thread *receiver)
{
	if (channel->pending & PENDING_ASKED && receive_asked_locked(channel, receiver))
		return true;
	if (channel->pending & PENDING_NOTIFY) {
		channel->pending &= ~PENDING_NOTIFY;
		uint64_t bits = notify_take(channel->notify, UINT64_MAX);
		if (bits) {
			deliver_event(receiver, RECEIVED_NOTIFY, 0, bits);
			return true;
		}
	}
	if (!(channel->pending & PENDING_CLOSING))
		return false;
	deliver_closing_locked(channel, receiver);
	return true;
}

enum received { RECEIVED_ONE, RECEIVED_NOTHING, RECEIVED_BAD };

/* The call that comes next, if its wait was not ended just now. The caller, taken, is in *out_caller. */
static enum received receive_call_locked(
        struct channel *channel, struct thread *receiver, struct thread **out_caller, uint32_t *out_error)
{
	uint64_t calls = channel->pending & PENDING_CALLS;
	if (!calls)
		return RECEIVED_NOTHING;
	struct thread *caller = channel->callers[63 - __builtin_clzll(calls)];
	if (!task_take(&caller->task))
		return RECEIVED_BAD;
	*out_caller = caller;
	*out_error = deliver_call_locked(channel, caller, receiver);
	if (*out_error)
		return RECEIVED_BAD;
	channel_unqueue_call_locked(channel, caller);
	caller->wait = WAIT_ANSWER;
	return RECEIVED_ONE;
}

/*
 * The closing of a stamp comes before all calls that wait, so that nobody is answered as if what it closed before its call was
 * still there. Of stamps there are no more than the receiver has minted; bits of a notify have no such bound, so they and calls
 * take turns.
 */
static enum received receive_locked(
        struct channel *channel, struct thread *receiver, struct thread **out_caller, uint32_t *out_error)
{
	if (channel->pending & PENDING_CLOSING) {
		deliver_closing_locked(channel, receiver);
		return RECEIVED_ONE;
	}
	bool events_first = !channel->was_event;
	channel->was_event = true;
	if (events_first && receive_event_locked(channel, receiver))
		return RECEIVED_ONE;
	enum received received = receive_call_locked(channel, receiver, out_caller, out_error);
	if (received == RECEIVED_NOTHING && !events_first && receive_event_locked(channel, receiver))
		return RECEIVED_ONE;
	channel->was_event = false;
	return received;
}

static inline void wait_to_receive_locked(struct channel *channel, struct thread *thread)
{
	ipc_line_up_locked(channel, thread);
	sched_block_to_switch(&thread->task);
}

bool ipc_wait(struct thread *thread, struct channel *channel)
{
	lock_acquire(&channel->lock);
	bool waits = !channel->pending;
	if (__builtin_expect(waits, 1))
		wait_to_receive_locked(channel, thread);
	lock_release(&channel->lock);
	return waits;
}

bool ipc_receive(struct thread *thread, struct channel *channel)
{
	bool passed = deadline_passed(thread);
	for (unsigned tries = 0; tries < RECEIVE_TRIES; tries++) {
		struct thread *caller = 0;
		uint32_t error = ERR_OK;
		lock_acquire(&channel->lock);
		enum received received = channel->pending ? receive_locked(channel, thread, &caller, &error) : RECEIVED_NOTHING;
		if (received == RECEIVED_NOTHING && !passed)
			wait_to_receive_locked(channel, thread);
		lock_release(&channel->lock);
		if (caller && error)
			thread_wake_error(caller, error);
		else if (caller)
			wait_again(caller);
		if (received == RECEIVED_ONE) {
			thread->task.deadline = DEADLINE_NEVER;
			sched_lend(&thread->task, thread->task.lent);
		} else if (received == RECEIVED_NOTHING) {
			if (passed)
				context_answer(&thread->task.context, ERR_TIMED_OUT);
			cpu_current()->need_schedule = 1;
		}
		if (received != RECEIVED_BAD)
			return true;
	}
	if (passed)
		thread->task.deadline = DEADLINE_NOW; /* it does not wait next time either */
	return false;
}

void ipc_feed_receiver(struct channel *channel)
{
	lock_acquire(&channel->lock);
	struct thread *receiver = 0;
	uint64_t events = channel->pending & ~PENDING_CALLS;
	if (events == PENDING_ASKED)
		receiver = take_receiver_of_locked(channel, channel_last_asked_locked(channel)->table);
	else if (events)
		receiver = take_receiver_locked(channel);
	bool fed = receiver && receive_event_locked(channel, receiver);
	if (fed)
		channel->was_event = true;
	else if (receiver)
		links_prepend(&channel->receivers, receiver);
	lock_release(&channel->lock);
	if (fed)
		sched_ready(&receiver->task);
	else if (receiver)
		wait_again(receiver);
}

/* The handler of a fault has answered: the thread goes on as it is, or its process ends, after a report or at once. */
static struct thread *answer_fault(struct thread *faulted, uint32_t label, uint64_t status)
{
	if (label == EXCEPTION_RESUME || label == EXCEPTION_REPORT) {
		faulted->faulted = false;
		faulted->exception_status = (uint32_t)status;
		if (label == EXCEPTION_REPORT)
			faulted->task.continuation = faulted->exception_report;
		return faulted;
	}
	thread_end_by_fault(faulted);
	return 0;
}

uint32_t ipc_answer(struct thread *thread, struct reply_record *record, bool extras_wanted, struct thread **out_resumed)
{
	*out_resumed = 0;
	struct thread *caller = thread_of_reply(record);
	const struct context *from = &thread->task.context;
	uint32_t label = context_call_label(from);
	uint64_t info = 0;
	struct extras extras = {0, 0, 0};
	if (__builtin_expect(extras_wanted, 0)) {
		uint32_t error = extras_read(thread, &extras);
		if (error)
			return error;
		info = extras.handle_count || extras.word_count ? RECEIVED_EXTRAS : 0;
	}
	if (__builtin_expect(record == &reply_dead, 0) || !task_take(&caller->task)) {
		if (extras.handle_count)
			extras_discard(thread, &extras);
		if (thread->reply_to == record)
			thread->reply_to = 0;
		return ERR_DEAD;
	}
	if (__builtin_expect(caller->faulted, 0)) {
		let_go(record);
		caller->wait = WAIT_NONE;
		*out_resumed = answer_fault(caller, label, from->word[0]);
		return ERR_OK;
	}
	if (__builtin_expect(info, 0)) {
		uint32_t error = extras_pass(thread, caller, &extras, false);
		if (error) {
			wait_again(caller);
			return error;
		}
	}
	let_go(record);
	caller->wait = WAIT_NONE;
	struct context *to = &caller->task.context;
	to->rax = info << 32 | label << 16;
	ipc_copy_words(to->word, from->word);
	*out_resumed = caller;
	return ERR_OK;
}
