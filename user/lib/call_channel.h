/*
 * Channels and replies. On a transport error the label and words of `message` are undefined. Long words, handles and buffers are
 * in the control block: see extras_begin.
 */
#pragma once

#include "user/lib/call_stub.h"

static inline MUST_CHECK status_t sys_channel_call(handle_t sender, struct message *message)
{
	return call_message(SYS_channel_call, sender, message);
}

static inline MUST_CHECK status_t sys_channel_call_x(handle_t sender, struct message *message)
{
	return call_message(SYS_channel_call_x, sender, message);
}

static inline MUST_CHECK status_t sys_channel_reply_recv(handle_t receiver, struct message *message)
{
	return call_message(SYS_channel_reply_recv, receiver, message);
}

static inline MUST_CHECK status_t sys_channel_reply_recv_x(handle_t receiver, struct message *message)
{
	return call_message(SYS_channel_reply_recv_x, receiver, message);
}

static inline MUST_CHECK status_t sys_channel_recv(handle_t receiver, uint64_t deadline, struct message *message)
{
	message->label = 0;
	memset(message->word, 0, sizeof message->word);
	message->word[0] = deadline;
	return call_message(SYS_channel_recv, receiver, message);
}

/* A call that is held is saved as control_block()->reply_place first; on an error of the wait (TIMED_OUT, INTERRUPTED, DEAD) it was. */
static inline MUST_CHECK status_t sys_channel_save_recv(handle_t receiver, uint64_t deadline, struct message *message)
{
	message->label = 0;
	message->word[0] = deadline;
	return call_message(SYS_channel_save_recv, receiver, message);
}

static inline MUST_CHECK status_t sys_channel_forward(handle_t sender, const struct message *message)
{
	struct message copy = *message;
	return call_message(SYS_channel_forward, sender, &copy);
}

/*
 * Then waits for the next message where it received that call. On an error neither has happened, but for those of the wait (INTERRUPTED,
 * DEAD): the call was handed on. That its caller is gone is no error.
 */
static inline MUST_CHECK status_t sys_channel_forward_recv(handle_t sender, struct message *message)
{
	return call_message(SYS_channel_forward_recv, sender, message);
}

/* The call behind a reply once more, as channel_recv told it; with a receiver, it is held as if it had been received there now. */
static inline MUST_CHECK status_t sys_reply_message(handle_t reply, handle_t receiver, struct message *out_message)
{
	out_message->label = 0;
	memset(out_message->word, 0, sizeof out_message->word);
	out_message->word[0] = receiver;
	return call_message(SYS_reply_message, reply, out_message);
}

static inline MUST_CHECK status_t sys_reply_send(handle_t reply, const struct message *message)
{
	struct message copy = *message;
	return call_message(SYS_reply_send, reply, &copy);
}

static inline MUST_CHECK status_t sys_reply_send_x(handle_t reply, const struct message *message)
{
	struct message copy = *message;
	return call_message(SYS_reply_send_x, reply, &copy);
}

static inline MUST_CHECK status_t sys_channel_create(handle_t *out_receiver)
{
	SYS_WORDS(0);
	SYS_RUN(channel_create, 0);
	if (!status)
		*out_receiver = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_channel_mint(handle_t receiver, uint64_t stamp, uint32_t rights, handle_t *out_sender)
{
	SYS_WORDS(stamp, rights);
	SYS_RUN(channel_mint, receiver);
	if (!status)
		*out_sender = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_channel_bind(handle_t receiver, handle_t notify)
{
	SYS_WORDS(notify);
	SYS_RUN(channel_bind, receiver);
	return status;
}

/* Stamps of the channel from *cursor on, which is 0 at first and 0 again when all have been told. */
static inline MUST_CHECK status_t sys_channel_stamps(
        handle_t receiver, uint64_t *cursor, uint64_t *out, uint64_t count, uint64_t *out_count)
{
	SYS_WORDS(*cursor, (uintptr_t)out, count);
	SYS_RUN(channel_stamps, receiver);
	if (!status) {
		*out_count = word[0];
		*cursor = word[1];
	}
	return status;
}

static inline MUST_CHECK status_t sys_reply_save(handle_t *out_reply)
{
	SYS_WORDS(0);
	SYS_RUN(reply_save, 0);
	if (!status)
		*out_reply = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_reply_reserve(handle_t *out_place)
{
	SYS_WORDS(0);
	SYS_RUN(reply_reserve, 0);
	if (!status)
		*out_place = (handle_t)word[0];
	return status;
}

static inline MUST_CHECK status_t sys_reply_read(
        handle_t reply, uint64_t offset, void *to, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(offset, (uintptr_t)to, length);
	SYS_RUN(reply_read, reply);
	if (!status)
		*out_copied = word[0];
	return status;
}

static inline MUST_CHECK status_t sys_reply_write(
        handle_t reply, uint64_t offset, const void *from, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(offset, (uintptr_t)from, length);
	SYS_RUN(reply_write, reply);
	if (!status)
		*out_copied = word[0];
	return status;
}

/* From the readable buffer of one waiting caller to the writable one of another. */
static inline MUST_CHECK status_t sys_reply_copy(
        handle_t from, handle_t to, uint64_t from_offset, uint64_t to_offset, uint64_t length, uint64_t *out_copied)
{
	SYS_WORDS(to, from_offset, to_offset, length);
	SYS_RUN(reply_copy, from);
	if (!status)
		*out_copied = word[0];
	return status;
}
