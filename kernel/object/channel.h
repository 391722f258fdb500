/*
 * Channels: a rendezvous of one receiver side and many stamped sender sides.
 *
 * The channel is the receiver object: its references are the handles to receive with. When the last goes, the channel is closed:
 * whoever waits in its queue or calls later hears PEER_CLOSED; the memory stays until the last sender is gone too. A sender is an
 * object of its own, with the stamp that the receiver sees, at most one per stamp. When the last handle to it goes, it becomes
 * the message that says so, and lies in the channel until that is received; nothing is allocated for it.
 *
 * What waits here is one of two things: threads that want a message, or messages that want a thread. Messages are calls, by the
 * caller's priority and in their order at each; the closing of stamps; and bits of the bound notify. Calls and the other two take
 * turns, so that neither starves.
 *
 * Callers whose calls were received and saved, and which are asked to end them, are made known here too (RECEIVED_INTERRUPT): their
 * reply records lie in a list of the channel that they were received by, each at most once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"
#include "lib/digital_tree.h"
#include "object/object.h"
#include "object/reply.h"
#include "sched/task.h"

struct notify;
struct process;
struct reply_record;
struct thread;
struct channel;

struct sender {
	struct object object; /* OBJECT_SENDER */
	struct channel *channel;
	struct digital_node by_stamp; /* its key is the stamp */
	struct sender *next_closing;
};

/* What there is to receive: bit p below 32 for calls at priority p, and */
#define PENDING_CALLS 0xffffffffull
#define PENDING_NOTIFY (1ull << 32)
#define PENDING_CLOSING (1ull << 33)
#define PENDING_ASKED (1ull << 34)

struct channel {
	struct object object;     /* OBJECT_RECEIVER */
	struct lock lock;         /* all below */
	bool closed;              /* no receiver handle is left */
	bool emptied;             /* and nothing waits here any more */
	bool was_event;           /* the last message was no call: calls come first now */
	uint64_t pending;         /* PENDING_* */
	uint64_t last_call;       /* number of the call that was delivered last */
	struct thread *receivers; /* waiting ones, the last comer first: its caches are warm */
	struct sender *closing, **closing_end;
	struct reply_record *asked, **asked_end;
	struct notify *notify; /* bound, a reference */
	struct digital_tree stamps;
	uint64_t dependents; /* senders that exist, those that are only messages included, and saved replies */
	struct thread *callers[PRIORITIES];
};

uint32_t channel_create(struct group *group, struct channel **out) __attribute__((warn_unused_result));

static inline struct channel *channel_of_object(struct object *object)
{
	return (struct channel *)object; /* its first member */
}

static inline struct sender *sender_of_object(struct object *object)
{
	return (struct sender *)object; /* its first member */
}

/* EXISTS while a sender with that stamp is there or its close message was not received. */
uint32_t channel_mint(struct channel *channel, struct group *group, uint64_t stamp, struct sender **out)
        __attribute__((warn_unused_result));

/* notify 0: none. BAD_STATE when it is bound to another, or to a thread. */
uint32_t channel_bind(struct channel *channel, struct notify *notify) __attribute__((warn_unused_result));

/* The bound notify has bits. */
void channel_notified(struct channel *channel);

/*
 * The queue of calls. A queued call holds a reference to its sender, so that the close of its stamp comes later than it. Both
 * under the lock; the caller is blocked, or taken.
 */
void channel_queue_call_locked(struct channel *channel, struct thread *caller, struct sender *sender);
void channel_unqueue_call_locked(struct channel *channel, struct thread *caller);

/* Threads that were taken leave the channel that they wait in. */
void channel_leave_calls(struct channel *channel, struct thread *caller);
void channel_leave_receivers(struct channel *channel, struct thread *receiver);

/* The next close message is received: its stamp may be minted again. Answers the stamp. */
uint64_t channel_take_closing_locked(struct channel *channel);

/*
 * A reply was saved whose call this channel brought: its memory stays until the reply lets it go. Being asked puts the reply on the
 * list once, at its end. channel_take_asked_locked takes the first that is in this process's table, of the first few, out of it; 0:
 * there is none.
 */
static inline void channel_tie_reply_locked(struct channel *channel, struct reply_record *record)
{
	channel->dependents++;
	record->channel = channel;
	record->asked = false;
	record->link_asked = 0;
}

void channel_tie_reply(struct channel *channel, struct reply_record *record);
void channel_untie_reply(struct reply_record *record);
void channel_ask(struct channel *channel, struct reply_record *record);
struct reply_record *channel_last_asked_locked(struct channel *channel);
struct reply_record *channel_take_asked_locked(struct channel *channel, const struct process *process);

bool channel_destroy_step(struct object *object);
bool sender_destroy_step(struct object *object);
