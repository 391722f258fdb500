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

/* The answer's first handle, which becomes the caller's; HANDLE_NONE if there is none. */
static handle_t take_handle(uint32_t info)
{
	const struct message_extras *received = &control_block()->received;
	if (!(info & RECEIVED_EXTRAS) || !received->handle_count)
		return HANDLE_NONE;
	close_received(info, 1);
	return received->handles[0];
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

status_t fs_call_run_optional(handle_t to, struct message *message, handle_t *out_handle)
{
	status_t status = sys_channel_call_x(to, message);
	if (status)
		return status;
	if (!message->label)
		*out_handle = take_handle(message->info);
	else
		close_received(message->info, 0);
	return message->label;
}

status_t fs_call_run(handle_t to, struct message *message, handle_t *out_handle)
{
	handle_t handle = HANDLE_NONE;
	status_t status = fs_call_run_optional(to, message, &handle);
	if (!status && out_handle && !handle)
		return ERR_BAD_FORMAT;
	if (handle && out_handle)
		*out_handle = handle;
	else if (handle)
		sys_handle_close(handle);
	return status;
}

status_t fs_call_run_transfer(handle_t file, struct message *message, uint64_t length, uint64_t *out_bytes)
{
	status_t status = fs_call_run(file, message, NULL);
	if (!status && message->word[0] > length)
		return ERR_BAD_FORMAT;
	if (!status)
		*out_bytes = message->word[0];
	return status;
}
