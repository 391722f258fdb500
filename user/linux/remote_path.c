/*
 * Calls on a path: remote.h says what each does. Buffers of a path's size live in functions of their own, one at a time, because the
 * stack for Linux calls is small.
 */
#include <string.h>

#include "abi/proto/name.h"
#include "abi/proto/protocols.h"
#include "common/path.h"
#include "user/linux/leases.h"
#include "user/linux/proc.h"
#include "user/linux/remote.h"
#include "user/linux/remote_call.h"

/* What goes along with a path. */
struct along {
	struct path *second; /* a second path, which words 2 and 3 are for */
	const void *bytes;   /* or bytes, whose place word `bytes_word` says */
	uint64_t bytes_length;
	unsigned bytes_word;
	struct message_buffer writable;
	struct opened *opened; /* NULL: nothing is opened that a sender which rests could serve for */
};

/* Of an open by a lease: that, and the sender that had rested; HANDLE_NONE: a new one came with the answer. */
struct opened {
	uint16_t lease;
	handle_t handle;
};

/* What a link of /proc says that leads where only this process knows; NO_LINK if it is another link. */
static status_t read_own_link(struct path *path, uint64_t left, char target[FS_PATH_MAX])
{
	char *end = path->text + path->length - left, cut = *end;
	*end = 0;
	int64_t length = proc_target(path->text, target);
	*end = cut;
	return length > 0 ? ERR_OK : length ? ERR_NOT_FOUND : ERR_NO_LINK;
}

/* The path without its last `left` bytes is a link to `target`. */
static status_t join(struct path *path, uint64_t left, const char *target, char joined[FS_PATH_MAX])
{
	status_t status = path_through_link(path->text, left, target, joined, FS_PATH_MAX);
	if (status)
		return status;
	path->length = (uint32_t)strlen(joined);
	memcpy(path->text, joined, path->length + 1);
	return ERR_OK;
}

/* `path` without its last `left` bytes is a link: the path becomes what the link says, and what is left. */
static __attribute__((noinline)) status_t follow(handle_t vfs, struct path *path, uint64_t left)
{
	char target[FS_PATH_MAX], joined[FS_PATH_MAX];
	if (left >= path->length)
		return ERR_BAD_FORMAT;
	status_t status = read_own_link(path, left, target);
	if (status != ERR_NO_LINK)
		return status ? status : join(path, left, target, joined);
	struct message message = {FS_readlink | LABEL_SHORT, 0, {0, path->length - left}};
	struct message_extras *send = extras_begin();
	if (!remote_set_words(send, path->text, path->length - left))
		send->readable = (struct message_buffer){(uintptr_t)path->text, path->length - left};
	send->writable = (struct message_buffer){(uintptr_t)target, sizeof target - 1};
	status = remote_call(vfs, &message);
	if (status == ERR_REDIRECT)
		return ERR_LINK_LOOP;
	if (!status && message.word[0] >= sizeof target)
		return ERR_BAD_FORMAT;
	if (!status)
		status = remote_take_words(&message, (uintptr_t)target, message.word[0]);
	if (status)
		return status;
	target[message.word[0]] = 0;
	return join(path, left, target, joined);
}

/* A call with two things to read, which have to lie in one buffer. */
static __attribute__((noinline)) status_t call_joined(
        handle_t vfs, struct message *message, const struct path *path, const struct along *along)
{
	char buffer[2 * FS_PATH_MAX];
	const void *bytes = along->second ? along->second->text : along->bytes;
	uint64_t length = along->second ? along->second->length : along->bytes_length;
	struct message_extras *send = extras_begin();

	if (length > FS_PATH_MAX)
		return ERR_NAME_TOO_LONG;
	memcpy(buffer, path->text, path->length);
	memcpy(buffer + path->length, bytes, length);
	if (!remote_set_words(send, buffer, path->length + length))
		send->readable = (struct message_buffer){(uintptr_t)buffer, path->length + length};
	send->writable = along->writable;
	if (along->second) {
		message->word[2] = path->length;
		message->word[3] = length;
	} else {
		message->word[along->bytes_word] = path->length;
	}
	return remote_call(vfs, message);
}

/* One try; the server knows what is left of the path behind the first `skip` bytes. */
static status_t call_once(
        handle_t server, struct message *message, const struct path *path, uint32_t skip, const struct along *along)
{
	message->word[0] = 0;
	message->word[1] = path->length - skip;
	if (along->second || along->bytes)
		return call_joined(server, message, path, along);
	struct message_extras *send = extras_begin();
	if (!remote_set_words(send, path->text + skip, path->length - skip))
		send->readable = (struct message_buffer){(uintptr_t)path->text + skip, path->length - skip};
	send->writable = along->writable;
	if (along->writable.length)
		message->label |= LABEL_SHORT;
	return remote_call(server, message);
}

/* What names two places, what is vfs's own to answer, and the rest of the few, goes through vfs in any case. */
static struct lease *lease_for(const struct message *message, const struct path *path, const struct along *along)
{
	bool leased = PROTOCOL_OF(message->label) == PROTOCOL_OF(FS_open) && !along->second && !along->bytes;
	return leased ? leases_take(path) : NULL;
}

/* An open by a sender that rests, if there is one; what is not opened so rests on, but with the lease it ends. */
static status_t open_by_lease(struct lease *lease, struct message *message, const struct path *path, const struct along *along)
{
	handle_t resting = leases_take_resting(lease);
	along->opened->lease = lease->serial;
	along->opened->handle = resting;
	if (!resting)
		return call_once(lease->handle, message, path, lease->length, along);
	message->label = FS_reopen;
	status_t status = call_once(resting, message, path, lease->length, along);
	if (!status)
		return ERR_OK;
	along->opened->handle = HANDLE_NONE;
	if (status == ERR_REDIRECT || status == ERR_NOT_FOUND || status == ERR_EXISTS)
		leases_put_resting(lease, resting);
	else
		sys_handle_close(resting); /* with a truncation that has failed it would be open */
	return status;
}

static status_t call_by_lease(struct lease *lease, struct message *message, const struct path *path, const struct along *along)
{
	return along->opened ? open_by_lease(lease, message, path, along)
	                     : call_once(lease->handle, message, path, lease->length, along);
}

static status_t call_path(handle_t vfs, struct message *message, struct path *path, const struct along *along)
{
	const struct message asked = *message;
	for (unsigned tries = 0; tries < FS_LINKS_MAX; tries++) {
		struct lease *lease = lease_for(message, path, along);
		if (along->opened)
			*along->opened = (struct opened){0};
		status_t status = lease ? call_by_lease(lease, message, path, along) : call_once(vfs, message, path, 0, along);
		if (lease && leases_put(lease, status)) {
			*message = asked;
			continue;
		}
		if (!status)
			return remote_take_words(message, along->writable.address, along->writable.length);
		if (status != ERR_REDIRECT)
			return status;
		struct path *led_out = along->second && message->word[1] == 1 ? along->second : path;
		status = follow(vfs, led_out, message->word[0]);
		if (status)
			return status;
		*message = asked;
	}
	return ERR_LINK_LOOP;
}

status_t remote_open(handle_t vfs, struct path *path, uint32_t flags, uint32_t mode, handle_t *out_handle, uint32_t *out_kind)
{
	struct message message = {FS_open, 0, {0, 0, flags, mode}};
	status_t status = call_path(vfs, &message, path, &(struct along){0});
	if (status)
		return status;
	handle_t handle = remote_take_handle(&message);
	if (!handle)
		return ERR_BAD_FORMAT;
	*out_handle = handle;
	*out_kind = (uint32_t)message.word[0];
	return ERR_OK;
}

status_t remote_open_file(handle_t vfs, struct path *path, uint32_t flags, uint32_t mode, handle_t *out_handle,
        uint32_t *out_kind, uint16_t *out_lease)
{
	struct message message = {FS_open, 0, {0, 0, flags, mode}};
	struct opened opened = {0};
	status_t status = call_path(vfs, &message, path, &(struct along){.opened = &opened});
	if (status)
		return status;
	if (!opened.handle)
		opened.handle = remote_take_handle(&message);
	if (!opened.handle)
		return ERR_BAD_FORMAT;
	*out_handle = opened.handle;
	*out_lease = opened.lease;
	*out_kind = (uint32_t)message.word[0];
	return ERR_OK;
}

status_t remote_program(handle_t vfs, struct path *path, bool follow_last, struct remote_program *out)
{
	struct message message = {FS_program, 0, {0, 0, follow_last}};
	status_t status = call_path(vfs, &message, path, &(struct along){0});
	if (status)
		return status;
	handle_t frame = remote_take_handle(&message);
	if (!frame)
		return ERR_BAD_FORMAT;
	*out = (struct remote_program){frame, (uint32_t)message.word[2], message.word[0], message.word[1]};
	return ERR_OK;
}

status_t remote_stat(handle_t vfs, struct path *path, bool follow_last, struct fs_stat *out)
{
	struct message message = {FS_stat, 0, {0, 0, follow_last}};
	return call_path(vfs, &message, path, &(struct along){.writable = {(uintptr_t)out, sizeof *out}});
}

status_t remote_statfs(handle_t vfs, struct path *path, struct fs_info *out)
{
	struct message message = {FS_statfs, 0, {0}};
	return call_path(vfs, &message, path, &(struct along){.writable = {(uintptr_t)out, sizeof *out}});
}

status_t remote_readlink(handle_t vfs, struct path *path, char *out, uint64_t size, uint64_t *out_length)
{
	struct message message = {FS_readlink, 0, {0}};
	status_t status = call_path(vfs, &message, path, &(struct along){.writable = {(uintptr_t)out, size}});
	if (status)
		return status;
	if (message.word[0] > size)
		return ERR_BAD_FORMAT;
	*out_length = message.word[0];
	return ERR_OK;
}

status_t remote_change(handle_t vfs, uint32_t operation, struct path *path, uint64_t word2, uint64_t word3, uint64_t word4)
{
	struct message message = {operation, 0, {0, 0, word2, word3, word4}};
	return call_path(vfs, &message, path, &(struct along){0});
}

status_t remote_subtree(handle_t vfs, struct path *path, handle_t *out)
{
	struct message message = {NAME_subtree, 0, {0}};
	status_t status = call_path(vfs, &message, path, &(struct along){0});
	if (status)
		return status;
	*out = remote_take_handle(&message);
	return *out ? ERR_OK : ERR_BAD_FORMAT;
}

status_t remote_new_table(handle_t vfs, handle_t *out)
{
	struct message message = {NAME_new_table, 0, {0}};
	extras_begin();
	status_t status = remote_call(vfs, &message);
	if (status)
		return status;
	*out = remote_take_handle(&message);
	return *out ? ERR_OK : ERR_BAD_FORMAT;
}

status_t remote_list_mounts(handle_t vfs, uint64_t *cursor, char *out, uint64_t size, uint64_t *out_length)
{
	struct message message = {NAME_list | LABEL_SHORT, 0, {*cursor}};
	struct message_extras *send = extras_begin();
	send->writable = (struct message_buffer){(uintptr_t)out, size};
	status_t status = remote_call(vfs, &message);
	if (!status && message.word[0] > size)
		status = ERR_BAD_FORMAT;
	if (status)
		return status;
	*out_length = message.word[0];
	*cursor = message.word[1];
	return remote_take_words(&message, (uintptr_t)out, *out_length);
}

status_t remote_change_two(handle_t vfs, uint32_t operation, struct path *path, struct path *new_path, uint32_t flags)
{
	struct message message = {operation, 0, {0, 0, 0, 0, flags}};
	return call_path(vfs, &message, path, &(struct along){.second = new_path});
}

status_t remote_symlink(handle_t vfs, struct path *path, const char *target, uint64_t length)
{
	struct message message = {FS_symlink, 0, {0, 0, 0, length}};
	struct along along = {.bytes = target, .bytes_length = length, .bytes_word = 2};
	return call_path(vfs, &message, path, &along);
}

status_t remote_set_attributes(
        handle_t vfs, struct path *path, bool follow_last, uint32_t mask, const struct fs_attributes *attributes)
{
	struct message message = {FS_set_attributes, 0, {0, 0, follow_last, mask}};
	struct along along = {.bytes = attributes, .bytes_length = sizeof *attributes, .bytes_word = 4};
	return call_path(vfs, &message, path, &along);
}
