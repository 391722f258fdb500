/* Protocol fs from the client's side: see fs.h. */
#include "user/lib/fs.h"

#include <stdlib.h>

#include "user/lib/fs_call.h"

static status_t transfer_in(
        handle_t file, uint32_t label, void *to, uint64_t length, uint64_t position, uint64_t deadline, uint64_t *out_bytes)
{
	struct message message = {.label = label, .word = {length, position}};
	fs_call_set_buffer(&fs_call_begin(deadline)->writable, to, length);
	return fs_call_run_transfer(file, &message, length, out_bytes);
}

static status_t transfer_out(handle_t file, uint32_t label, const void *from, uint64_t length, uint64_t position,
        uint64_t deadline, uint64_t *out_bytes)
{
	struct message message = {.label = label, .word = {length, position}};
	fs_call_set_readable(fs_call_begin(deadline), from, length, true);
	return fs_call_run_transfer(file, &message, length, out_bytes);
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
	fs_call_begin(deadline);
	status_t status = fs_call_run(file, &message, NULL);
	if (!status)
		*out_position = message.word[0];
	return status;
}

status_t fs_fstat(handle_t file, uint64_t deadline, struct fs_stat *out)
{
	struct message message = {.label = FS_fstat};
	struct fs_stat stat = {0};
	fs_call_set_buffer(&fs_call_begin(deadline)->writable, &stat, sizeof stat);
	status_t status = fs_call_run(file, &message, NULL);
	if (!status)
		*out = stat;
	return status;
}

static status_t ask_for_frame(handle_t file, uint32_t operation, uint64_t deadline, struct fs_mapped *out)
{
	struct message message = {.label = operation};
	handle_t frame = HANDLE_NONE;
	fs_call_begin(deadline);
	status_t status = fs_call_run(file, &message, &frame);
	if (!status)
		*out = (struct fs_mapped){frame, message.word[0], message.word[1]};
	return status;
}

status_t fs_map(handle_t file, uint64_t deadline, struct fs_mapped *out)
{
	return ask_for_frame(file, FS_map, deadline, out);
}

status_t fs_content(handle_t file, uint64_t deadline, struct fs_mapped *out)
{
	return ask_for_frame(file, FS_content, deadline, out);
}

status_t fs_truncate(handle_t file, uint64_t size, uint64_t deadline)
{
	struct message message = {.label = FS_truncate, .word = {size}};
	fs_call_begin(deadline);
	return fs_call_run(file, &message, NULL);
}

status_t fs_sync(handle_t file, uint64_t deadline)
{
	struct message message = {.label = FS_sync};
	fs_call_begin(deadline);
	return fs_call_run(file, &message, NULL);
}

status_t fs_watch(handle_t file, uint32_t events, handle_t notify, uint64_t bits, uint64_t deadline, uint32_t *out_ready)
{
	struct message message = {.label = FS_watch, .word = {events, bits}};
	struct message_extras *send = fs_call_begin(deadline);
	if (notify)
		extras_add_handle(send, notify, RIGHT_SIGNAL | RIGHT_TRANSFER, 0);
	status_t status = fs_call_run(file, &message, NULL);
	if (!status)
		*out_ready = (uint32_t)message.word[0];
	return status;
}

status_t fs_fset_attributes(handle_t file, uint32_t mask, const struct fs_attributes *attributes, uint64_t deadline)
{
	struct message message = {.label = FS_fset_attributes, .word = {mask}};
	fs_call_set_readable(fs_call_begin(deadline), attributes, sizeof *attributes, false);
	return fs_call_run(file, &message, NULL);
}

status_t fs_fstatfs(handle_t file, uint64_t deadline, struct fs_info *out)
{
	struct message message = {.label = FS_fstatfs};
	struct fs_info info = {0};
	fs_call_set_buffer(&fs_call_begin(deadline)->writable, &info, sizeof info);
	status_t status = fs_call_run(file, &message, NULL);
	if (!status)
		*out = info;
	return status;
}

status_t fs_allocate(handle_t file, uint64_t start, uint64_t length, uint32_t mode, uint64_t deadline)
{
	struct message message = {.label = FS_allocate, .word = {start, length, mode}};
	fs_call_begin(deadline);
	return fs_call_run(file, &message, NULL);
}

status_t fs_lock(handle_t file, const struct fs_lock *lock, uint32_t flags, uint64_t deadline, struct fs_lock *out_in_the_way,
        handle_t *out_locks)
{
	struct message message = {.label = FS_lock, .word = {lock->kind, lock->start, lock->length, flags}};
	handle_t locks = HANDLE_NONE;
	fs_call_begin(deadline);
	status_t status = fs_call_run_optional(file, &message, &locks);
	if (!status && out_in_the_way)
		*out_in_the_way = (struct fs_lock){
		        (uint32_t)message.word[0], (uint32_t)message.word[3], message.word[1], message.word[2]};
	if (locks && out_locks)
		*out_locks = locks;
	else if (locks)
		sys_handle_close(locks);
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
