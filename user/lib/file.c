/* Calls of protocol fs with deadlines. */
#include "user/lib/file.h"

#include <stdlib.h>
#include <string.h>

#include "abi/proto/fs.h"

/* Makes the call whose extras stand in the control block: the transport's error, or else the server's. */
static status_t call(handle_t to, struct message *message)
{
	status_t status = sys_channel_call_x(to, message);
	return status ? status : message->label;
}

static struct message_extras *begin(uint64_t deadline)
{
	struct message_extras *send = extras_begin();
	send->deadline = deadline;
	return send;
}

static struct message_extras *begin_with_path(const char *path, uint64_t deadline)
{
	struct message_extras *send = begin(deadline);
	send->readable = (struct message_buffer){(uintptr_t)path, strlen(path)};
	return send;
}

/* Handle 0 of the answer; any others are closed. */
static status_t take_handle(const struct message *answer, handle_t *out)
{
	const struct message_extras *received = &control_block()->received;
	uint32_t count = answer->info & RECEIVED_EXTRAS ? received->handle_count : 0;
	handle_t handles[MESSAGE_HANDLES];
	if (!count || count > MESSAGE_HANDLES)
		return ERR_BAD_FORMAT;
	memcpy(handles, received->handles, sizeof handles);
	for (uint32_t i = 1; i < count; i++)
		sys_handle_close(handles[i]);
	*out = handles[0];
	return ERR_OK;
}

status_t file_open(handle_t files, const char *path, uint32_t flags, uint64_t deadline, handle_t *out_file)
{
	struct message message = {.label = FS_open, .word = {0, strlen(path), flags, 0}};
	begin_with_path(path, deadline);
	status_t status = call(files, &message);
	return status ? status : take_handle(&message, out_file);
}

status_t file_map(handle_t file, uint64_t deadline, handle_t *out_frame, uint64_t *out_offset, uint64_t *out_length)
{
	struct message message = {.label = FS_map};
	begin(deadline);
	status_t status = call(file, &message);
	if (!status)
		status = take_handle(&message, out_frame);
	if (status)
		return status;
	*out_offset = message.word[0];
	*out_length = message.word[1];
	return ERR_OK;
}

/* Reads until the file's end or until the buffer is full. */
static status_t read_all(handle_t file, char *to, size_t size, uint64_t deadline, size_t *out_length)
{
	size_t length = 0;
	while (length < size) {
		struct message message = {.label = FS_read, .word = {size - length}};
		struct message_extras *send = begin(deadline);
		send->writable = (struct message_buffer){(uintptr_t)(to + length), size - length};
		status_t status = call(file, &message);
		if (status)
			return status;
		if (message.word[0] > size - length)
			return ERR_BAD_FORMAT;
		if (!message.word[0])
			break;
		length += message.word[0];
	}
	*out_length = length;
	return ERR_OK;
}

status_t file_read_text(handle_t files, const char *path, size_t most, uint64_t deadline, char **out_text, size_t *out_length)
{
	handle_t file;
	size_t length = 0;
	status_t status = file_open(files, path, OPEN_READ, deadline, &file);
	if (status)
		return status;
	char *text = malloc(most + 2);
	status = text ? read_all(file, text, most + 1, deadline, &length) : ERR_NO_MEMORY;
	sys_handle_close(file);
	if (!status && length > most)
		status = ERR_TOO_LARGE;
	if (status) {
		free(text);
		return status;
	}
	text[length] = 0;
	*out_text = text;
	*out_length = length;
	return ERR_OK;
}

status_t file_mount(handle_t files, const char *path, handle_t file_system, uint64_t deadline)
{
	struct message message = {.label = FS_mount, .word = {0, strlen(path)}};
	struct message_extras *send = begin_with_path(path, deadline);
	extras_add_handle(send, file_system, RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT, 0);
	return call(files, &message);
}
