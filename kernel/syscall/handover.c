/*
 * The quick way of a message: a call whose receiver waits, an answer whose giver then waits for the next call, a call that is
 * handed on to somebody who waits by one who then does too, and a call that is put off by one who then waits for the next. The CPU goes
 * straight from the one thread to the other, and the words from the registers of the one into those of the other; where a call is put
 * off, to the one who is next in the run queue, who has his words already.
 *
 * Everything is looked at before anything is changed. Where something stands in the way (nobody waits, several handles come with the
 * message, a deadline, bits of an upcall, a fault, a task that is more urgent, a lock that is taken) nothing has happened, and the
 * whole way goes on from the beginning: dispatch.c, channel.c, object/ipc.c. Both are made of the same steps (object/ipc_steps.h).
 *
 * The one who gives begins to wait when entry code has read its words (arch/upcalls.h); the lock of the channel is held till then.
 *
 * This file calls nothing and is compiled without frame pointers; -O2 keeps most of it in registers that need no saving. What the ways
 * take, entry code's 90 for each switch apart, by `native=bench.ipc.call_raw` and its like:
 *
 *   call                     104: handle 20, lock 5, receiver 25, list 8, who calls 17, holding and lending 15, switch 14
 *   call with words, buffers 172 and one for each word: the same, reading 36, passing 24
 *   answer                    96: handle 20, lock 5, caller 25, letting go 10, line 12, switch 14
 *   a handle, each way       240 more
 *   putting off, waiting     231: handle 20, lock 8, who is next 30, table and reply 70, line 12, queue, time and slice 60, switch 14
 */
#include "abi/syscalls.h"
#include "arch/upcalls.h"
#include "arch/user_copy.h"
#include "core/percpu.h"
#include "object/ipc_steps.h"
#include "object/passage.h"
#include "sched/direct.h"

#define READ_ONCE(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

/* One function for each of the calls, with nothing left to decide that its number decides. */
#define INLINE static inline __attribute__((always_inline))

#define NO_HANDOVER ((struct handover){0, 0})

/* Whether the handle in rax is of this type and the right is there. */
INLINE bool find(const struct thread *thread, enum object_type type, uint32_t right, struct object **out)
{
	const struct handles *table = &thread->process->handles;
	handle_t handle = context_call_handle(&thread->task.context);
	const struct handle_entry *entry = handles_entry(table, handle % (1u << HANDLE_INDEX_BITS));
	if (__builtin_expect(entry->handle != handle || !(entry->rights & right) || entry->object->type != type, 0))
		return false;
	*out = entry->object;
	return true;
}

/* Four bytes: handles, long words, which are moved, none. */
#define HANDLE_COUNT(counts) ((counts)&0xff)
#define WORD_COUNT(counts) ((counts) >> 8 & 0xff)
#define MOVES_FIRST(counts) ((counts) >> 16 & 1)
#define NOT_MOVED 0xffffu /* of counts as they are received */

/* What a `send` part brings; false: several handles or a deadline come too, which is not for this way, or it is wrong. */
INLINE bool read_counts(const struct message_extras *send, uint32_t *out_counts)
{
	uint32_t counts = *out_counts = READ_ONCE(*(const uint32_t *)&send->handle_count);
	return HANDLE_COUNT(counts) <= 1 && WORD_COUNT(counts) <= MESSAGE_LONG_WORDS &&
	        READ_ONCE(send->deadline) == DEADLINE_NEVER;
}

INLINE bool read_buffer(const struct message_buffer *from, uint64_t *out_address, uint64_t *out_length)
{
	uint64_t address = READ_ONCE(from->address), length = READ_ONCE(from->length);
	*out_address = address;
	*out_length = length;
	return user_range_ok(uaddr(address), length);
}

/*
 * All of it into the caller's record, which nobody has: the whole way begins with the same. It is read there once more, which takes less
 * than keeping it in registers.
 */
INLINE bool read_send(struct thread *caller)
{
	const struct message_extras *send = &caller->block->send;
	struct reply_record *record = &caller->reply;
	uint32_t counts;
	if (!read_counts(send, &counts) || !read_buffer(&send->readable, &record->readable, &record->readable_length) ||
	        !read_buffer(&send->writable, &record->writable, &record->writable_length))
		return false;
	record->counts = counts;
	record->extras = (counts & NOT_MOVED) || record->readable_length || record->writable_length;
	return true;
}

/* Counts and long words, into the `received` part of the one who gets them. */
INLINE void pass_words(const struct thread *from, struct thread *to, uint32_t counts)
{
	uint64_t words = WORD_COUNT(counts);
	*(uint32_t *)&to->block->received.handle_count = counts & NOT_MOVED;
	const uint64_t *source = from->block->send_words;
	uint64_t *target = to->block->received_words;
	__asm__ volatile("rep movsq" : "+D"(target), "+S"(source), "+c"(words) : : "memory");
}

/* And the lengths of a call's buffers. */
INLINE void pass_extras(const struct thread *caller, struct thread *receiver)
{
	const struct reply_record *record = &caller->reply;
	receiver->block->received.readable.length = record->readable_length;
	receiver->block->received.writable.length = record->writable_length;
	pass_words(caller, receiver, record->counts);
}

/* `from` waits once entry code has read its words, and `to` runs. */
INLINE struct handover hand_over(struct cpu *cpu, struct task *from, struct task *to, struct channel *channel)
{
	from->state = TASK_BLOCKED;
	cpu->arch.handover_arm = &from->wake;
	cpu->arch.handover_unlock = &channel->lock.held;
	direct_switch(cpu, to);
	return (struct handover){&to->context, &from->context};
}

INLINE struct handover call(struct thread *caller, bool extras, bool handle)
{
	struct cpu *cpu = cpu_current();
	struct object *object;
	if (!find(caller, OBJECT_SENDER, RIGHT_SEND, &object))
		return NO_HANDOVER;
	const struct sender *sender = sender_of_object(object);
	struct channel *channel = sender->channel;
	if (!lock_try_alone(&channel->lock))
		return NO_HANDOVER;
	struct thread *receiver = channel->receivers;
	struct reply_record *record = &caller->reply;
	struct passage passage = {0};
	if (__builtin_expect(!receiver || !direct_allowed(cpu, &caller->task, &receiver->task), 0) ||
	        (handle && !passage_begin(caller, receiver, record->move_mask, &passage))) {
		lock_release_alone(&channel->lock);
		return NO_HANDOVER;
	}
	if (__builtin_expect(!task_take(&receiver->task), 0)) {
		if (handle)
			passage_stop(&passage);
		lock_release_alone(&channel->lock);
		return NO_HANDOVER;
	}
	links_remove(&channel->receivers, receiver);
	uint64_t info = RECEIVED_CALL;
	record->stamp = sender->by_stamp.key;
	if (!extras)
		record->extras = false;
	if (extras && record->extras) {
		pass_extras(caller, receiver);
		if (handle)
			passage_end(&passage, &receiver->block->received, &record->handles[0], &record->objects[0]);
		info |= RECEIVED_EXTRAS;
	}
	ipc_introduce_locked(channel, receiver, caller);
	ipc_received(receiver, caller);
	receiver->task.context.rax = info << 32 | (uint64_t)context_call_label(&caller->task.context) << 16;
	return hand_over(cpu, &caller->task, &receiver->task, channel);
}

INLINE struct handover answer(struct thread *thread, uint32_t counts, bool handle)
{
	struct cpu *cpu = cpu_current();
	struct object *object;
	struct reply_record *record = thread->reply_to;
	if (!find(thread, OBJECT_RECEIVER, RIGHT_RECEIVE, &object))
		return NO_HANDOVER;
	if (__builtin_expect(!record, 0) || __builtin_expect(record == &reply_dead, 0))
		return NO_HANDOVER;
	struct channel *channel = channel_of_object(object);
	struct thread *caller = thread_of_reply(record);
	if (!lock_try_alone(&channel->lock))
		return NO_HANDOVER;
	struct passage passage = {0};
	if (__builtin_expect(channel->pending || !direct_allowed(cpu, &thread->task, &caller->task), 0) ||
	        (handle && !passage_begin(thread, caller, MOVES_FIRST(counts), &passage))) {
		lock_release_alone(&channel->lock);
		return NO_HANDOVER;
	}
	if (__builtin_expect(!task_take(&caller->task), 0)) {
		if (handle)
			passage_stop(&passage);
		lock_release_alone(&channel->lock);
		return NO_HANDOVER;
	}
	uint64_t info = 0;
	if (counts & NOT_MOVED) {
		pass_words(thread, caller, counts);
		if (handle)
			passage_end(&passage, &caller->block->received, &(handle_t){0}, &(uint64_t){0});
		info = RECEIVED_EXTRAS;
	}
	record->holder = 0;
	thread->reply_to = 0;
	caller->wait = WAIT_NONE;
	caller->task.context.rax = info << 32 | (uint64_t)context_call_label(&thread->task.context) << 16;
	thread->received_by = context_call_handle(&thread->task.context);
	ipc_served(thread);
	ipc_line_up_locked(channel, thread);
	return hand_over(cpu, &thread->task, &caller->task, channel);
}

/*
 * The call that the thread holds goes to somebody who waits, and the thread waits again where it got it: two channels, whose locks are
 * both only tried, so that their order does not matter.
 */
INLINE bool lock_both(struct channel *first, struct channel *second)
{
	if (!lock_try_alone(&first->lock))
		return false;
	if (lock_try_alone(&second->lock))
		return true;
	lock_release_alone(&first->lock);
	return false;
}

INLINE bool take_both(struct task *caller, struct task *receiver)
{
	if (!task_take(caller))
		return false;
	if (task_take(receiver))
		return true;
	__atomic_store_n(&caller->wake, 1, __ATOMIC_RELEASE);
	return false;
}

/* Where the thread received the call that it holds. */
INLINE struct channel *received_from(const struct thread *thread)
{
	const struct handles *table = &thread->process->handles;
	const struct handle_entry *entry = handles_entry(table, thread->received_by % (1u << HANDLE_INDEX_BITS));
	if (__builtin_expect(entry->handle != thread->received_by || !(entry->rights & RIGHT_RECEIVE) ||
	                    entry->object->type != OBJECT_RECEIVER,
	            0))
		return 0;
	return channel_of_object(entry->object);
}

static struct handover quick_forward(struct context *context)
{
	struct thread *thread = thread_of_context(context);
	struct cpu *cpu = cpu_current();
	struct object *object;
	struct reply_record *record = thread->reply_to;
	struct channel *own = received_from(thread);
	if (__builtin_expect(!record, 0) || record == &reply_dead || !own || !find(thread, OBJECT_SENDER, RIGHT_SEND, &object))
		return NO_HANDOVER;
	const struct sender *sender = sender_of_object(object);
	struct channel *channel = sender->channel;
	struct thread *caller = thread_of_reply(record);
	if (caller->faulted || (record->extras && record->handle_count) || !lock_both(channel, own))
		return NO_HANDOVER;
	struct thread *receiver = channel->receivers;
	if (__builtin_expect(!receiver || own->pending || caller->task.deadline != DEADLINE_NEVER || caller->task.due ||
	                    !direct_allowed(cpu, &thread->task, &receiver->task) || !take_both(&caller->task, &receiver->task),
	            0)) {
		lock_release_alone(&own->lock);
		lock_release_alone(&channel->lock);
		return NO_HANDOVER;
	}
	links_remove(&channel->receivers, receiver);
	uint64_t info = RECEIVED_CALL;
	record->stamp = sender->by_stamp.key;
	if (record->extras) {
		pass_extras(caller, receiver);
		info |= RECEIVED_EXTRAS;
	}
	ipc_speak_for(caller, context);
	ipc_introduce_locked(channel, receiver, caller);
	lock_release_alone(&channel->lock);
	ipc_received(receiver, caller);
	__atomic_store_n(&caller->task.wake, 1, __ATOMIC_RELEASE); /* its wait goes on */
	thread->reply_to = 0;
	receiver->task.context.rax = info << 32 | (uint64_t)context_call_label(context) << 16;
	ipc_served(thread);
	ipc_line_up_locked(own, thread);
	return hand_over(cpu, &thread->task, &receiver->task, own);
}

/* The call that the thread holds goes into the table, under the name that waits there, and the next name is taken. */
INLINE bool save(struct thread *thread, struct channel *channel)
{
	struct reply_record *record = thread->reply_to;
	struct handles *table = &thread->process->handles;
	if (__builtin_expect(record == &reply_dead || !thread->reply_place || thread_of_reply(record)->task.due ||
	                    thread->received_by != context_call_handle(&thread->task.context) || !lock_try_alone(&table->lock),
	            0))
		return false;
	if (__builtin_expect(table->limit - 1 == table->used, 0)) {
		lock_release_alone(&table->lock);
		return false;
	}
	handle_t place = thread->reply_place;
	handles_fill_entry(table, place, &record->object, RIGHT_SEND | RIGHT_INSPECT);
	thread->reply_place = thread->block->reply_place = handles_allot_entry(table);
	lock_release_alone(&table->lock);
	thread->reply_to = 0;
	record->holder = 0;
	record->table = thread->process;
	record->handle = place;
	channel_tie_reply_locked(channel, record);
	ipc_served(thread);
	return true;
}

/* The words that the next one finds are his own. The handle was checked for being the receiver that the call came by. */
static struct handover quick_save_recv(struct context *context)
{
	struct thread *thread = thread_of_context(context);
	struct cpu *cpu = cpu_current();
	struct object *object;
	if (!find(thread, OBJECT_RECEIVER, RIGHT_RECEIVE, &object) || context->word[0] != DEADLINE_NEVER || thread->task.due)
		return NO_HANDOVER;
	struct channel *channel = channel_of_object(object);
	if (!lock_try_alone(&channel->lock))
		return NO_HANDOVER;
	struct scheduler *own = scheduler_of(cpu);
	struct task *next = channel->pending ? 0 : direct_next(cpu, own);
	if (__builtin_expect(!next, 0)) {
		lock_release_alone(&channel->lock);
		return NO_HANDOVER;
	}
	if (__builtin_expect(thread->reply_to && !save(thread, channel), 0)) {
		lock_release_alone(&own->queue.lock);
		lock_release_alone(&channel->lock);
		return NO_HANDOVER;
	}
	thread->received_by = context_call_handle(context);
	ipc_line_up_locked(channel, thread);
	direct_take(own, next);
	struct handover handover = hand_over(cpu, &thread->task, next, channel);
	handover.words = &next->context;
	return handover;
}

static struct handover quick_call(struct context *context)
{
	return call(thread_of_context(context), false, false);
}

/* Apart, so that the others need no more registers than they have. */
static __attribute__((noinline)) struct handover call_with_handle(struct thread *thread)
{
	return call(thread, true, true);
}

static struct handover quick_call_x(struct context *context)
{
	struct thread *thread = thread_of_context(context);
	if (!read_send(thread))
		return NO_HANDOVER;
	return __builtin_expect(thread->reply.handle_count, 0) ? call_with_handle(thread) : call(thread, true, false);
}

static struct handover quick_answer(struct context *context)
{
	return answer(thread_of_context(context), 0, false);
}

static __attribute__((noinline)) struct handover answer_with_handle(struct thread *thread, uint32_t counts)
{
	return answer(thread, counts, true);
}

static struct handover quick_answer_x(struct context *context)
{
	struct thread *thread = thread_of_context(context);
	uint32_t counts;
	if (!read_counts(&thread->block->send, &counts))
		return NO_HANDOVER;
	return HANDLE_COUNT(counts) ? answer_with_handle(thread, counts) : answer(thread, counts, false);
}

/* Only where the CPU guesses that a number is one of those below. */
static struct handover quick_none(struct context *context)
{
	(void)context;
	return NO_HANDOVER;
}

struct handover (*const upcall_message[])(struct context *context) = {
        [SYS_channel_call - CALL_NUMBER_FIRST] = quick_call,
        [SYS_channel_call_x - CALL_NUMBER_FIRST] = quick_call_x,
        [SYS_channel_reply_recv - CALL_NUMBER_FIRST] = quick_answer,
        [SYS_channel_reply_recv_x - CALL_NUMBER_FIRST] = quick_answer_x,
        [SYS_channel_forward_recv - CALL_NUMBER_FIRST] = quick_forward,
        [SYS_channel_save_recv - CALL_NUMBER_FIRST] = quick_save_recv,
        quick_none,
        quick_none,
};
