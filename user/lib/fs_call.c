/* One call of protocol fs: see fs_call.h. */
#include "user/lib/fs_call.h"

/* Closes what handles came with an answer, from number `first` on. */
static void close_received(uint32_t info, unsigned first)
{
	const struct message_extras *received = &control_block()->received;
	if (!(info & RECEIVED_EXTRAS))
		return;
	for (unsigned i = first; i < received->handle_count && i < MESSAGE_HANDLES; i++)
		sys_handle_close(received->handles[i]);
}

/* The answer's first `wanted` handles, which become the caller's: how many there are. */
static unsigned take_handles(uint32_t info, handle_t *out, unsigned wanted)
{
	const struct message_extras *received = &control_block()->received;
	if (!(info & RECEIVED_EXTRAS))
		return 0;
	close_received(info, wanted);
	unsigned count = received->handle_count < wanted ? received->handle_count : wanted;
	for (unsigned i = 0; i < count; i++)
		out[i] = received->handles[i];
	return count;
}

struct message_extras *fs_call_begin(uint64_t deadline)
{
	struct message_extras *send = extras_begin();
	send->deadline = deadline;
	return send;
}

void fs_call_set_buffer(struct message_buffer *buffer, const void *address, uint64_t length)
{
	*buffer = (struct message_buffer){(uintptr_t)address, length};
}

void fs_call_set_readable(struct message_extras *send, const void *bytes, uint64_t length, bool also_buffer)
{
	bool is_short = length <= MESSAGE_SHORT_MAX;
	if (is_short)
		extras_set_words(send, bytes, length);
	if (!is_short || also_buffer)
		fs_call_set_buffer(&send->readable, bytes, length);
}

/* Puts what an answer has carried, at most `most` bytes of it, into the buffer that it was meant for. */
static void take_words(uint32_t info, struct message_buffer buffer, uint64_t most)
{
	const struct control_block *block = control_block();
	if (!(info & RECEIVED_EXTRAS) || block->received.word_count > MESSAGE_LONG_WORDS)
		return;
	uint64_t length = block->received.word_count * sizeof(uint64_t);
	if (length > buffer.length)
		length = buffer.length;
	if (length > most)
		length = most;
	if (length)
		memcpy((void *)(uintptr_t)buffer.address, block->received_words, length);
}

/* With `is_transfer`, word 0 of the answer is how many bytes it has brought. */
static status_t run(handle_t to, struct message *message, bool is_transfer, handle_t *out_handle)
{
	struct message_buffer writable = control_block()->send.writable;
	if (writable.length)
		message->label |= LABEL_SHORT;
	status_t status = sys_channel_call_x(to, message);
	if (status)
		return status;
	if (message->label) {
		close_received(message->info, 0);
		return message->label;
	}
	take_words(message->info, writable, is_transfer ? message->word[0] : UINT64_MAX);
	if (!take_handles(message->info, out_handle, 1))
		*out_handle = HANDLE_NONE;
	return ERR_OK;
}

status_t fs_call_run_two(handle_t to, struct message *message, handle_t out_handles[2])
{
	status_t status = sys_channel_call_x(to, message);
	if (!status && message->label) {
		close_received(message->info, 0);
		status = message->label;
	}
	if (status)
		return status;
	handle_t handles[2];
	unsigned count = take_handles(message->info, handles, 2);
	if (count < 2) {
		if (count)
			sys_handle_close(handles[0]);
		return ERR_BAD_FORMAT;
	}
	memcpy(out_handles, handles, sizeof handles);
	return ERR_OK;
}

status_t fs_call_run_optional(handle_t to, struct message *message, handle_t *out_handle)
{
	return run(to, message, false, out_handle);
}

/* Holds the handle that came, if one did, to what was wanted. */
static status_t check_handle(status_t status, handle_t handle, handle_t *out_handle)
{
	if (!status && out_handle && !handle)
		return ERR_BAD_FORMAT;
	if (handle && out_handle)
		*out_handle = handle;
	else if (handle)
		sys_handle_close(handle);
	return status;
}

status_t fs_call_run(handle_t to, struct message *message, handle_t *out_handle)
{
	handle_t handle = HANDLE_NONE;
	status_t status = run(to, message, false, &handle);
	return check_handle(status, handle, out_handle);
}

status_t fs_call_run_transfer(handle_t file, struct message *message, uint64_t length, uint64_t *out_bytes)
{
	handle_t handle = HANDLE_NONE;
	status_t status = run(file, message, true, &handle);
	status = check_handle(status, handle, NULL);
	if (!status && message->word[0] > length)
		return ERR_BAD_FORMAT;
	if (!status)
		*out_bytes = message->word[0];
	return status;
}
