/*
 * Replies: the right to answer one caller. It is a record inside the caller's thread, so that nothing is allocated for a call.
 *
 * Exactly one holder has it: the thread that received the call (HANDLE_SELF_REPLY), or after reply_save an entry of a handle
 * table, never two. When the caller is gone before the answer (its deadline, its end), the holder is given a record that answers
 * DEAD instead. When the holder goes without an answer, the caller is told DROPPED.
 *
 * A caller that is asked to end its call (object/upcall.h) is made known to the process that saved its reply, by a message of the
 * receiver that the call came by, once. What nobody has saved yet is asked when it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/message.h"
#include "object/object.h"

struct channel;
struct thread;
struct process;
struct sender;

struct reply_record {
	struct object object;  /* OBJECT_REPLY; not counted */
	struct thread *holder; /* whose HANDLE_SELF_REPLY it is, or 0 and */
	struct process *table; /* in whose table it is, under */
	handle_t handle;       /* this name */

	/* Of one in a table whose receiver was still open (channel.h), guarded by the channel's lock. */
	struct channel *channel;                       /* that hears of it when the caller is asked to end; 0: nobody does */
	struct reply_record *next_asked, **link_asked; /* in the channel's list; link_asked 0: not in it */
	bool asked;                                    /* it was in that list before */

	/* What comes with the call; without extras only the stamp counts. */
	bool extras;
	bool carried; /* its handles are in the caller's parcel, not in its table */
	union {
		struct {
			uint8_t handle_count, word_count, move_mask;
		};
		uint32_t counts; /* as message_extras has them side by side */
	};
	handle_t handles[MESSAGE_HANDLES]; /* names that they got where the call was received */
	uint64_t objects[MESSAGE_HANDLES]; /* the numbers of what they led to */
	uint64_t stamp;
	uint64_t serial; /* of the call that was delivered last: no other call has it */
	uint64_t deadline;
	uint64_t readable, readable_length; /* buffers in the caller's memory */
	uint64_t writable, writable_length;
	struct sender *sender; /* while the call is queued: a reference */
};

/* In place of the record of a caller that is gone. */
extern struct reply_record reply_dead;

static inline struct reply_record *reply_of_object(struct object *object)
{
	return (struct reply_record *)object; /* its first member */
}

/* Nobody has the record, which was in a table, any more: for one who answers. */
void reply_leave_table(struct reply_record *record);

/*
 * What the thread holds goes into its process's table, as a handle, under the name that was reserved if one was; `channel`: the receiver
 * that it came by, if that is still open. NO_HANDLES, QUOTA, NO_MEMORY.
 */
uint32_t reply_save(struct thread *holder, struct channel *channel, handle_t *out) __attribute__((warn_unused_result));

/*
 * The name that the thread's next saved call will have is taken out of the table's free ones, if it has none yet, and told in its control
 * block; until then it leads, for this thread alone, to the call that it holds. reply_save uses it up. As parcel_reserve.
 */
uint32_t reply_reserve(struct thread *thread, handle_t *out) __attribute__((warn_unused_result));
void reply_unreserve(struct thread *thread);

/* The reverse, with the record of a caller that is there: the thread, which holds none, holds it as if it had just received the call. */
void reply_hold(struct thread *holder, struct reply_record *record);

/* The caller is asked to end its call: whoever has the reply in its table hears of it, once. */
void reply_ask(struct reply_record *record);

/* Who heard of it may be gone: it is told once more, if the caller is still asked. */
void reply_ask_anew(struct reply_record *record);

/* The caller, which was taken, is gone: its holder is left with reply_dead. */
void reply_abandon(struct reply_record *record);

/* The holder goes without an answer: the caller hears DROPPED. The record is no handle's any more. */
void reply_drop(struct reply_record *record);
