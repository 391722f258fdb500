/* Protocol fs from the client's side: see fs.h. */
#include "user/lib/fs.h"

#include <stdlib.h>

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

static struct message_extras *begin(uint64_t deadline)
{
	struct message_extras *send = extras_begin();
	send->deadline = deadline;
	return send;
}

static void set_buffer(struct message_buffer *buffer, const void *address, uint64_t length)
{
	*buffer = (struct message_buffer){(uintptr_t)address, length};
}

/* The call itself, `send` of the control block prepared. With `out_handle`, the answer must bring one. */
static status_t run(handle_t to, struct message *message, handle_t *out_handle)
{
	status_t status = sys_channel_call_x(to, message);
	if (status)
		return status;
	handle_t handle = HANDLE_NONE;
	if (!message->label && out_handle)
		handle = take_handle(message->info);
	else
		close_received(message->info, 0);
	if (!message->label && out_handle && !handle)
		return ERR_BAD_FORMAT;
	if (handle)
		*out_handle = handle;
	return message->label;
}

/* A transfer of at most `length` bytes: the server may not claim more. */
static status_t run_transfer(handle_t file, struct message *message, uint64_t length, uint64_t *out_bytes)
{
	status_t status = run(file, message, NULL);
	if (!status && message->word[0] > length)
		return ERR_BAD_FORMAT;
	if (!status)
		*out_bytes = message->word[0];
	return status;
}

static void set_path(struct message_extras *send, struct message *message, const char *path)
{
	message->word[0] = 0;
	message->word[1] = strlen(path);
	set_buffer(&send->readable, path, message->word[1]);
}

status_t fs_open(handle_t space, const char *path, uint32_t flags, uint32_t mode, uint64_t deadline, struct fs_opened *out)
{
	struct message message = {.label = FS_open, .word = {0, 0, flags, mode}};
	handle_t file = HANDLE_NONE;
	set_path(begin(deadline), &message, path);
	status_t status = run(space, &message, &file);
	if (!status)
		*out = (struct fs_opened){file, (uint32_t)message.word[0], message.word[1]};
	return status;
}

status_t fs_stat(handle_t space, const char *path, int follow, uint64_t deadline, struct fs_stat *out)
{
	struct message message = {.label = FS_stat, .word = {0, 0, follow != 0}};
	struct message_extras *send = begin(deadline);
	struct fs_stat stat = {0};
	set_path(send, &message, path);
	set_buffer(&send->writable, &stat, sizeof stat);
	status_t status = run(space, &message, NULL);
	if (!status)
		*out = stat;
	return status;
}

status_t fs_readlink(handle_t space, const char *path, char *to, uint64_t size, uint64_t deadline)
{
	struct message message = {.label = FS_readlink};
	struct message_extras *send = begin(deadline);
	uint64_t length = 0;
	if (!size)
		return ERR_TOO_LARGE;
	set_path(send, &message, path);
	set_buffer(&send->writable, to, size - 1);
	status_t status = run_transfer(space, &message, size - 1, &length);
	if (!status)
		to[length] = 0;
	return status;
}

status_t fs_mount(handle_t space, const char *path, handle_t file_system, uint64_t deadline)
{
	struct message message = {.label = FS_mount};
	struct message_extras *send = begin(deadline);
	set_path(send, &message, path);
	extras_add_handle(send, file_system, RIGHTS_ALL, 0);
	return run(space, &message, NULL);
}

static status_t transfer_in(
        handle_t file, uint32_t label, void *to, uint64_t length, uint64_t position, uint64_t deadline, uint64_t *out_bytes)
{
	struct message message = {.label = label, .word = {length, position}};
	set_buffer(&begin(deadline)->writable, to, length);
	return run_transfer(file, &message, length, out_bytes);
}

static status_t transfer_out(handle_t file, uint32_t label, const void *from, uint64_t length, uint64_t position,
        uint64_t deadline, uint64_t *out_bytes)
{
	struct message message = {.label = label, .word = {length, position}};
	set_buffer(&begin(deadline)->readable, from, length);
	return run_transfer(file, &message, length, out_bytes);
}

status_t fs_read(handle_t file, void *to, uint64_t length, uint64_t deadline, uint64_t *out_bytes)
{
	return transfer_in(file, FS_read, to, length, 0, deadline, out_bytes);
}

status_t fs_pread(handle_t file, void *to, uint64_t length, uint64_t position, uint64_t deadline, uint64_t *out_bytes)
{
	return transfer_in(file, FS_pread, to, length, position, deadline, out_bytes);
}

status_t fs_write(handle_t file, const void *from, uint64_t length, uint64_t deadline, uint64_t *out_bytes)
{
	return transfer_out(file, FS_write, from, length, 0, deadline, out_bytes);
}

status_t fs_pwrite(handle_t file, const void *from, uint64_t length, uint64_t position, uint64_t deadline, uint64_t *out_bytes)
{
	return transfer_out(file, FS_pwrite, from, length, position, deadline, out_bytes);
}

status_t fs_readdir(handle_t file, void *to, uint64_t size, uint64_t deadline, uint64_t *out_bytes)
{
	return transfer_in(file, FS_readdir, to, size, 0, deadline, out_bytes);
}

status_t fs_seek(handle_t file, int64_t offset, uint32_t from, uint64_t deadline, uint64_t *out_position)
{
	struct message message = {.label = FS_seek, .word = {(uint64_t)offset, from}};
	begin(deadline);
	status_t status = run(file, &message, NULL);
	if (!status)
		*out_position = message.word[0];
	return status;
}

status_t fs_fstat(handle_t file, uint64_t deadline, struct fs_stat *out)
{
	struct message message = {.label = FS_fstat};
	struct fs_stat stat = {0};
	set_buffer(&begin(deadline)->writable, &stat, sizeof stat);
	status_t status = run(file, &message, NULL);
	if (!status)
		*out = stat;
	return status;
}

status_t fs_map(handle_t file, uint64_t deadline, struct fs_mapped *out)
{
	struct message message = {.label = FS_map};
	handle_t frame = HANDLE_NONE;
	begin(deadline);
	status_t status = run(file, &message, &frame);
	if (!status)
		*out = (struct fs_mapped){frame, message.word[0], message.word[1]};
	return status;
}

status_t fs_truncate(handle_t file, uint64_t size, uint64_t deadline)
{
	struct message message = {.label = FS_truncate, .word = {size}};
	begin(deadline);
	return run(file, &message, NULL);
}

status_t fs_sync(handle_t file, uint64_t deadline)
{
	struct message message = {.label = FS_sync};
	begin(deadline);
	return run(file, &message, NULL);
}

status_t fs_watch(handle_t file, uint32_t events, handle_t notify, uint64_t bits, uint64_t deadline, uint32_t *out_ready)
{
	struct message message = {.label = FS_watch, .word = {events, bits}};
	struct message_extras *send = begin(deadline);
	if (notify)
		extras_add_handle(send, notify, RIGHT_SIGNAL | RIGHT_TRANSFER, 0);
	status_t status = run(file, &message, NULL);
	if (!status)
		*out_ready = (uint32_t)message.word[0];
	return status;
}

const struct fs_entry *fs_entry_next(const void *entries, uint64_t bytes, uint64_t *place)
{
	if (*place > bytes || bytes - *place < sizeof(struct fs_entry))
		return NULL;
	const struct fs_entry *entry = (const void *)((const char *)entries + *place);
	if (entry->size % 8 || entry->size > bytes - *place || entry->size <= sizeof *entry ||
	        entry->name_length >= entry->size - sizeof *entry || entry->name[entry->name_length])
		return NULL;
	*place += entry->size;
	return entry;
}

/* Files that change while they are read, and such whose size is not known before, are read until their end. */
static status_t read_to_end(
        handle_t file, uint64_t expected, uint64_t most, uint64_t deadline, char **out, uint64_t *out_length)
{
	uint64_t capacity = expected < most ? expected + 1 : most + 1, length = 0, bytes = 0;
	char *text = malloc(capacity + 1);
	status_t status = text ? ERR_OK : ERR_NO_MEMORY;

	while (!status) {
		if (length == capacity) {
			if (capacity > most) {
				status = ERR_TOO_LARGE;
				break;
			}
			capacity = capacity < most / 2 ? capacity * 2 : most + 1;
			char *larger = realloc(text, capacity + 1);
			if (!larger) {
				status = ERR_NO_MEMORY;
				break;
			}
			text = larger;
		}
		status = fs_read(file, text + length, capacity - length, deadline, &bytes);
		if (status || !bytes)
			break;
		length += bytes;
	}
	if (status) {
		free(text);
		return status;
	}
	text[length] = 0;
	*out = text;
	*out_length = length;
	return ERR_OK;
}

status_t fs_read_all(handle_t space, const char *path, uint64_t most, uint64_t deadline, char **out, uint64_t *out_length)
{
	struct fs_opened opened;
	status_t status = fs_open(space, path, OPEN_READ, 0, deadline, &opened);
	if (status)
		return status;
	status = opened.kind == FS_KIND_DIRECTORY ? ERR_IS_DIRECTORY
	                                          : read_to_end(opened.file, opened.size, most, deadline, out, out_length);
	sys_handle_close(opened.file);
	return status;
}
