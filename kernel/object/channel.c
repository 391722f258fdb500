#include "object/channel.h"

#include <stddef.h>

#include "mm/slab.h"
#include "object/ipc.h"
#include "object/links.h"
#include "object/notify.h"
#include "object/reply.h"

#define STEP 8u /* waiters woken or messages dropped in one step of the end */

static struct slab channel_slab = SLAB_INIT("channels", struct channel);
static struct slab sender_slab = SLAB_INIT("senders", struct sender);

uint32_t channel_create(struct group *group, struct channel **out)
{
	struct channel *channel = slab_alloc(&channel_slab);
	if (!channel)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&channel->object, OBJECT_RECEIVER, group);
	if (error) {
		slab_free(&channel_slab, channel);
		return error;
	}
	lock_init(&channel->lock, RANK_CHANNEL, "channel");
	channel->closing_end = &channel->closing;
	channel->asked_end = &channel->asked;
	/* More than any number of a channel that is gone: a server's state may remember numbers from another one. */
	channel->last_call = cpu_tsc();
	*out = channel;
	return ERR_OK;
}

uint32_t channel_mint(struct channel *channel, struct group *group, uint64_t stamp, struct sender **out)
{
	struct sender *sender = slab_alloc(&sender_slab);
	if (!sender)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&sender->object, OBJECT_SENDER, group);
	if (error) {
		slab_free(&sender_slab, sender);
		return error;
	}
	sender->channel = channel;
	sender->by_stamp.key = stamp;
	lock_acquire(&channel->lock);
	if (digital_tree_insert(&channel->stamps, &sender->by_stamp))
		error = ERR_EXISTS;
	else
		channel->dependents++;
	lock_release(&channel->lock);
	if (error) {
		object_end(&sender->object);
		slab_free(&sender_slab, sender);
		return error;
	}
	*out = sender;
	return ERR_OK;
}

/* Lets the bound notify go, if there is one. */
static void unbind(struct channel *channel)
{
	lock_acquire(&channel->lock);
	struct notify *notify = channel->notify;
	channel->notify = 0;
	channel->pending &= ~PENDING_NOTIFY;
	lock_release(&channel->lock);
	if (!notify)
		return;
	lock_acquire(&notify->lock);
	notify->bound = 0;
	lock_release(&notify->lock);
	object_release(&notify->object);
}

uint32_t channel_bind(struct channel *channel, struct notify *notify)
{
	if (notify && notify == channel->notify)
		return ERR_OK;
	if (!notify) {
		unbind(channel);
		return ERR_OK;
	}
	lock_acquire(&notify->lock);
	bool taken = notify->bound || notify->upcall;
	if (!taken)
		notify->bound = channel;
	uint64_t bits = notify->bits;
	lock_release(&notify->lock);
	if (taken)
		return ERR_BAD_STATE;
	unbind(channel);
	object_reference(&notify->object);
	lock_acquire(&channel->lock);
	channel->notify = notify;
	lock_release(&channel->lock);
	if (bits)
		channel_notified(channel);
	return ERR_OK;
}

void channel_queue_call_locked(struct channel *channel, struct thread *caller, struct sender *sender)
{
	unsigned priority = caller->task.queued_at = caller->task.effective;
	object_reference(&sender->object);
	caller->reply.sender = sender;
	caller->at.channel = channel;
	caller->wait = WAIT_QUEUED;
	links_append(&channel->callers[priority], caller);
	channel->pending |= 1ull << priority;
}

void channel_unqueue_call_locked(struct channel *channel, struct thread *caller)
{
	unsigned priority = caller->task.queued_at;
	links_remove(&channel->callers[priority], caller);
	if (!channel->callers[priority])
		channel->pending &= ~(1ull << priority);
	caller->wait = WAIT_NONE;
	object_release(&caller->reply.sender->object);
	caller->reply.sender = 0;
}

void channel_leave_calls(struct channel *channel, struct thread *caller)
{
	lock_acquire(&channel->lock);
	channel_unqueue_call_locked(channel, caller);
	lock_release(&channel->lock);
}

void channel_leave_receivers(struct channel *channel, struct thread *receiver)
{
	lock_acquire(&channel->lock);
	links_remove(&channel->receivers, receiver);
	receiver->wait = WAIT_NONE;
	lock_release(&channel->lock);
}

static void sender_free_locked(struct sender *sender)
{
	struct channel *channel = sender->channel;
	digital_tree_remove(&channel->stamps, &sender->by_stamp);
	channel->dependents--;
	object_end(&sender->object);
	slab_free(&sender_slab, sender);
}

uint64_t channel_take_closing_locked(struct channel *channel)
{
	struct sender *sender = channel->closing;
	uint64_t stamp = sender->by_stamp.key;
	channel->closing = sender->next_closing;
	if (!channel->closing) {
		channel->closing_end = &channel->closing;
		channel->pending &= ~PENDING_CLOSING;
	}
	sender_free_locked(sender);
	return stamp;
}

static void channel_free(struct channel *channel)
{
	object_end(&channel->object);
	slab_free(&channel_slab, channel);
}

void channel_tie_reply(struct channel *channel, struct reply_record *record)
{
	lock_acquire(&channel->lock);
	channel_tie_reply_locked(channel, record);
	lock_release(&channel->lock);
}

static void unlink_asked_locked(struct channel *channel, struct reply_record *record)
{
	*record->link_asked = record->next_asked;
	if (record->next_asked)
		record->next_asked->link_asked = record->link_asked;
	else
		channel->asked_end = record->link_asked;
	record->link_asked = 0;
	if (!channel->asked)
		channel->pending &= ~PENDING_ASKED;
}

void channel_untie_reply(struct reply_record *record)
{
	struct channel *channel = record->channel;
	if (!channel)
		return;
	record->channel = 0;
	lock_acquire(&channel->lock);
	if (record->link_asked)
		unlink_asked_locked(channel, record);
	channel->dependents--;
	bool last = channel->emptied && !channel->dependents;
	lock_release(&channel->lock);
	if (last)
		channel_free(channel);
}

static void link_asked_locked(struct channel *channel, struct reply_record *record)
{
	record->next_asked = 0;
	record->link_asked = channel->asked_end;
	*channel->asked_end = record;
	channel->asked_end = &record->next_asked;
	channel->pending |= PENDING_ASKED;
}

void channel_ask(struct channel *channel, struct reply_record *record)
{
	lock_acquire(&channel->lock);
	bool asks = !record->asked && !channel->closed;
	if (asks) {
		record->asked = true;
		link_asked_locked(channel, record);
	}
	lock_release(&channel->lock);
	if (asks)
		ipc_feed_receiver(channel);
}

struct reply_record *channel_last_asked_locked(struct channel *channel)
{
	return (struct reply_record *)((char *)channel->asked_end - offsetof(struct reply_record, next_asked));
}

/* Those of other processes that receive here too go to the end of the list. */
struct reply_record *channel_take_asked_locked(struct channel *channel, const struct process *process)
{
	for (unsigned i = 0; i < STEP && channel->asked; i++) {
		struct reply_record *record = channel->asked;
		unlink_asked_locked(channel, record);
		if (record->table == process)
			return record;
		link_asked_locked(channel, record);
	}
	return 0;
}

/* The last handle to a sender is gone: it becomes a message, or if nobody can receive it, nothing. */
bool sender_destroy_step(struct object *object)
{
	struct sender *sender = sender_of_object(object);
	struct channel *channel = sender->channel;
	lock_acquire(&channel->lock);
	bool closed = channel->closed, last = false;
	if (closed) {
		sender_free_locked(sender);
		last = channel->emptied && !channel->dependents;
	} else {
		sender->next_closing = 0;
		*channel->closing_end = sender;
		channel->closing_end = &sender->next_closing;
		channel->pending |= PENDING_CLOSING;
	}
	lock_release(&channel->lock);
	if (last)
		channel_free(channel);
	else if (!closed)
		ipc_feed_receiver(channel);
	return true;
}

void channel_notified(struct channel *channel)
{
	lock_acquire(&channel->lock);
	bool bound = channel->notify && !channel->closed;
	if (bound)
		channel->pending |= PENDING_NOTIFY;
	lock_release(&channel->lock);
	if (bound)
		ipc_feed_receiver(channel);
}

/* Wakes one of those that wait here with an error; false: nobody waits. */
static bool wake_one(struct channel *channel)
{
	struct thread *thread = 0;
	uint32_t error = ERR_DEAD;
	lock_acquire(&channel->lock);
	uint64_t calls = channel->pending & PENDING_CALLS;
	if (channel->receivers) {
		thread = channel->receivers;
	} else if (calls) {
		thread = channel->callers[__builtin_ctzll(calls)];
		error = ERR_PEER_CLOSED;
	}
	lock_release(&channel->lock);
	if (thread && task_take(&thread->task))
		thread_wake_error(thread, error);
	return thread;
}

/* The last handle to receive with is gone. */
bool channel_destroy_step(struct object *object)
{
	struct channel *channel = channel_of_object(object);
	if (!channel->closed) {
		lock_acquire(&channel->lock);
		channel->closed = true;
		lock_release(&channel->lock);
		unbind(channel);
	}
	for (unsigned i = 0; i < STEP; i++) {
		if (wake_one(channel))
			continue;
		lock_acquire(&channel->lock);
		bool more = channel->closing;
		if (more)
			channel_take_closing_locked(channel);
		channel->emptied = !more;
		bool last = !more && !channel->dependents;
		lock_release(&channel->lock);
		if (last)
			channel_free(channel);
		if (!more)
			return true;
	}
	return false;
}
