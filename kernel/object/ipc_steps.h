/*
 * The steps of a message's way, which the quick way (syscall/handover.c) and the whole one (ipc.c) are both made of, so that a
 * call is in the same states on either.
 */
#pragma once

#include "core/percpu.h"
#include "object/channel.h"
#include "object/links.h"
#include "object/process.h"
#include "object/thread.h"

static inline void ipc_copy_words(uint64_t *to, const uint64_t *from)
{
	__builtin_memcpy(to, from, MESSAGE_WORDS * sizeof *to);
}

/* A thread that received a call holds its record. */
static inline void ipc_hold(struct reply_record *record, struct thread *holder)
{
	record->holder = holder;
	holder->reply_to = record;
}

/* What a receiver that gets a call learns of its caller. Each channel numbers its calls, so that nobody learns of others'. */
static inline void ipc_introduce_locked(struct channel *channel, struct thread *receiver, struct thread *caller)
{
	struct message_extras *received = &receiver->block->received;
	received->stamp = caller->reply.stamp;
	received->serial = caller->reply.serial = ++channel->last_call;
	received->caller = caller->process->number;
	received->deadline = caller->task.deadline;
}

/* The receiver has the call: it holds the reply and runs at the caller's priority, if that is higher. */
static inline void ipc_received(struct thread *receiver, struct thread *caller)
{
	ipc_hold(&caller->reply, receiver);
	caller->wait = WAIT_ANSWER;
	receiver->wait = WAIT_NONE;
	uint8_t lent = receiver->task.lent = caller->task.effective;
	if (__builtin_expect(lent < receiver->task.priority, 0))
		lent = receiver->task.priority;
	receiver->task.effective = lent;
}

/* The caller, whose call goes on to somebody else, has made it with the words and the label of the one who forwards it. */
static inline void ipc_speak_for(struct thread *caller, const struct context *from)
{
	struct context *to = &caller->task.context;
	to->rax = CALL_REGISTER(SYS_channel_call, context_call_label(from), 0);
	ipc_copy_words(to->word, from->word);
}

/* It has answered, and serves nobody. */
static inline void ipc_served(struct thread *thread)
{
	thread->task.lent = 0;
	thread->task.effective = thread->task.priority;
}

/* The thread stands in line for the next message; its task is not blocked yet. */
static inline void ipc_line_up_locked(struct channel *channel, struct thread *thread)
{
	links_prepend(&channel->receivers, thread);
	thread->at.channel = channel;
	thread->wait = WAIT_RECEIVE;
}
