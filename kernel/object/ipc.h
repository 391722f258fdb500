/*
 * Calls, receiving and answers: how a message gets from one thread to another.
 *
 * A call meets a waiting receiver: its words go from the caller's registers into the receiver's, and the CPU switches to the
 * receiver. Otherwise the caller lies in the channel's queue, blocked, and is its own queue node; it is received with the same
 * function. The receiver then holds the caller's reply record; the answer goes back the same way. Long words and handles are
 * passed at that moment too, from the one's control block to the other's, and all checked then: a message that cannot be
 * delivered is an error of its sender, and the other side hears nothing of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/channel.h"
#include "object/thread.h"

/*
 * The current thread calls; the words are those in its registers, or exception_words if it has faulted, its reply record says
 * what comes with them, and its task's deadline is set. ERR_OK: it waits. Else nothing has happened: TIMED_OUT, PEER_CLOSED, and
 * when a receiver waits what ipc_pass answers.
 */
uint32_t ipc_call(struct thread *caller, struct sender *sender) __attribute__((warn_unused_result));

/*
 * The current thread, which owes no answer, takes the next message, or waits for one until the deadline of its task. False: so
 * many undeliverable calls were met that interrupts should be let in; call it again.
 */
bool ipc_receive(struct thread *thread, struct channel *channel) __attribute__((warn_unused_result));

/* The same where nothing is there to receive, without a deadline; false: something is. The caller chooses who runs. */
bool ipc_wait(struct thread *thread, struct channel *channel) __attribute__((warn_unused_result));

/*
 * Answers the call behind a record, with the label and words in the current thread's registers, and with `send` of its control
 * block if `extras`. ERR_OK, or DEAD when the caller is gone: the record is used up. Other errors (of what should come with it):
 * nothing has happened. *out_resumed: the caller, whose wait is over and who the current thread must make run, or 0.
 */
uint32_t ipc_answer(struct thread *thread, struct reply_record *record, bool extras, struct thread **out_resumed)
        __attribute__((warn_unused_result));

/* The call that the current thread holds goes on to another channel. As ipc_call, but the current thread goes on. */
uint32_t ipc_forward(struct thread *thread, struct sender *sender) __attribute__((warn_unused_result));

/*
 * Tells the current thread a call once more that its process holds, as it was received. Handles that came with it are told by their
 * names there, and 0 for those that are not there any more; long words as the caller's control block has them now. DEAD.
 */
uint32_t ipc_tell(struct thread *thread, struct reply_record *record) __attribute__((warn_unused_result));

/* Something other than a call is pending in a channel: a waiting receiver gets it. */
void ipc_feed_receiver(struct channel *channel);
