/*
 * The operations of protocol fs that take paths: see fs.h.
 *
 * All go through call_path(): the parts of what the server reads (one path, two paths, a path and a structure) become one
 * buffer, and an answer REDIRECT is followed here, link by link.
 */
#include "common/path.h"
#include "user/lib/fs.h"
#include "user/lib/fs_call.h"

/* What a server is to read. The first is a path; the second is a path, or bytes. Words 0 to 3 say where they are. */
struct parts {
	const char *path;
	const char *second; /* NULL: none */
	size_t second_length;
	bool second_is_path;
};

/* The answer's second word says which path led out, the first how much of it is left. Puts the way on into `text`. */
static status_t follow(
        handle_t space, struct parts *parts, const struct message *answer, uint64_t deadline, char text[2][FS_PATH_MAX])
{
	bool second = answer->word[1] == 1 && parts->second_is_path;
	const char *path = second ? parts->second : parts->path;
	char target[FS_PATH_MAX], link[FS_PATH_MAX], joined[FS_PATH_MAX];
	size_t length = strlen(path);

	if (answer->word[0] >= length)
		return ERR_BAD_FORMAT;
	memcpy(link, path, length - answer->word[0]);
	link[length - answer->word[0]] = 0;
	status_t status = fs_readlink(space, link, target, sizeof target, deadline);
	if (!status)
		status = path_through_link(path, answer->word[0], target, joined, sizeof joined);
	if (status)
		return status;
	memcpy(text[second], joined, strlen(joined) + 1);
	if (second) {
		parts->second = text[1];
		parts->second_length = strlen(text[1]);
	} else {
		parts->path = text[0];
	}
	return ERR_OK;
}

/* One try. Words 0 and 1, with a second part 2 and 3 or what `second_word` says, are set here. */
static status_t call_once(handle_t space, struct message *message, const struct parts *parts, unsigned second_word,
        struct message_buffer writable, uint64_t deadline, handle_t *out_handle)
{
	char buffer[2 * FS_PATH_MAX];
	struct message_extras *send = fs_call_begin(deadline);
	size_t length = strlen(parts->path);

	message->word[0] = 0;
	message->word[1] = length;
	send->writable = writable;
	if (!parts->second) {
		fs_call_set_readable(send, parts->path, length, false);
	} else {
		if (length >= FS_PATH_MAX || parts->second_length > FS_PATH_MAX)
			return ERR_NAME_TOO_LONG;
		memcpy(buffer, parts->path, length);
		memcpy(buffer + length, parts->second, parts->second_length);
		fs_call_set_readable(send, buffer, length + parts->second_length, false);
		message->word[second_word] = length;
		if (second_word == 2)
			message->word[3] = parts->second_length;
	}
	return fs_call_run(space, message, out_handle);
}

static status_t call_path(handle_t space, struct message *message, struct parts parts, unsigned second_word,
        struct message_buffer writable, uint64_t deadline, handle_t *out_handle)
{
	char text[2][FS_PATH_MAX];
	for (unsigned links = 0; links < FS_LINKS_MAX; links++) {
		struct message try = *message;
		status_t status = call_once(space, &try, &parts, second_word, writable, deadline, out_handle);
		if (status == ERR_REDIRECT)
			status = follow(space, &parts, &try, deadline, text);
		else if (!status)
			*message = try;
		if (try.label != ERR_REDIRECT || status)
			return status;
	}
	return ERR_LINK_LOOP;
}

#define NO_BUFFER ((struct message_buffer){0, 0})

/* An operation on one path with plain words. */
static status_t call_plain(handle_t space, struct message *message, const char *path, uint64_t deadline)
{
	return call_path(space, message, (struct parts){.path = path}, 2, NO_BUFFER, deadline, NULL);
}

static status_t call_two_paths(
        handle_t space, uint32_t label, const char *path, const char *new_path, uint32_t flags, uint64_t deadline)
{
	struct message message = {.label = label, .word = {0, 0, 0, 0, flags}};
	struct parts parts = {path, new_path, strlen(new_path), true};
	return call_path(space, &message, parts, 2, NO_BUFFER, deadline, NULL);
}

status_t fs_open(handle_t space, const char *path, uint32_t flags, uint32_t mode, uint64_t deadline, struct fs_opened *out)
{
	struct message message = {.label = FS_open, .word = {0, 0, flags, mode}};
	handle_t file = HANDLE_NONE;
	status_t status = call_path(space, &message, (struct parts){.path = path}, 2, NO_BUFFER, deadline, &file);
	if (!status)
		*out = (struct fs_opened){file, (uint32_t)message.word[0], message.word[1]};
	return status;
}

status_t fs_stat(handle_t space, const char *path, int follow_last, uint64_t deadline, struct fs_stat *out)
{
	struct message message = {.label = FS_stat, .word = {0, 0, follow_last != 0}};
	struct fs_stat stat = {0};
	struct message_buffer buffer = {(uintptr_t)&stat, sizeof stat};
	status_t status = call_path(space, &message, (struct parts){.path = path}, 2, buffer, deadline, NULL);
	if (!status)
		*out = stat;
	return status;
}

status_t fs_readlink(handle_t space, const char *path, char *to, uint64_t size, uint64_t deadline)
{
	struct message message = {.label = FS_readlink};
	if (!size)
		return ERR_TOO_LARGE;
	struct message_buffer buffer = {(uintptr_t)to, size - 1};
	status_t status = call_path(space, &message, (struct parts){.path = path}, 2, buffer, deadline, NULL);
	if (!status && message.word[0] > size - 1)
		return ERR_BAD_FORMAT;
	if (!status)
		to[message.word[0]] = 0;
	return status;
}

status_t fs_mount(handle_t space, const char *path, handle_t file_system, uint64_t deadline)
{
	struct message message = {.label = NAME_mount};
	struct message_extras *send = fs_call_begin(deadline);
	message.word[1] = strlen(path);
	fs_call_set_readable(send, path, message.word[1], false);
	extras_add_handle(send, file_system, RIGHTS_ALL, 0);
	return fs_call_run(space, &message, NULL);
}

status_t fs_unlink(handle_t space, const char *path, uint32_t flags, uint64_t deadline)
{
	struct message message = {.label = FS_unlink, .word = {0, 0, flags}};
	return call_plain(space, &message, path, deadline);
}

status_t fs_mkdir(handle_t space, const char *path, uint32_t mode, uint64_t deadline)
{
	struct message message = {.label = FS_mkdir, .word = {0, 0, mode}};
	return call_plain(space, &message, path, deadline);
}

status_t fs_mknod(handle_t space, const char *path, uint32_t kind, uint32_t mode, uint64_t deadline)
{
	struct message message = {.label = FS_mknod, .word = {0, 0, kind, mode}};
	return call_plain(space, &message, path, deadline);
}

status_t fs_unmount(handle_t space, const char *path, uint64_t deadline)
{
	struct message message = {.label = NAME_unmount};
	return call_plain(space, &message, path, deadline);
}

status_t fs_symlink(handle_t space, const char *path, const char *target, uint64_t deadline)
{
	struct message message = {.label = FS_symlink};
	struct parts parts = {path, target, strlen(target), false};
	return call_path(space, &message, parts, 2, NO_BUFFER, deadline, NULL);
}

status_t fs_link(handle_t space, const char *path, const char *new_path, uint32_t flags, uint64_t deadline)
{
	return call_two_paths(space, FS_link, path, new_path, flags, deadline);
}

status_t fs_rename(handle_t space, const char *path, const char *new_path, uint32_t flags, uint64_t deadline)
{
	return call_two_paths(space, FS_rename, path, new_path, flags, deadline);
}

status_t fs_bind(handle_t space, const char *path, const char *new_path, uint64_t deadline)
{
	return call_two_paths(space, NAME_bind, path, new_path, 0, deadline);
}

status_t fs_set_attributes(handle_t space, const char *path, int follow_last, uint32_t mask,
        const struct fs_attributes *attributes, uint64_t deadline)
{
	struct message message = {.label = FS_set_attributes, .word = {0, 0, follow_last != 0, mask}};
	struct parts parts = {path, (const char *)attributes, sizeof *attributes, false};
	return call_path(space, &message, parts, 4, NO_BUFFER, deadline, NULL);
}

status_t fs_statfs(handle_t space, const char *path, uint64_t deadline, struct fs_info *out)
{
	struct message message = {.label = FS_statfs};
	struct fs_info info = {0};
	struct message_buffer buffer = {(uintptr_t)&info, sizeof info};
	status_t status = call_path(space, &message, (struct parts){.path = path}, 2, buffer, deadline, NULL);
	if (!status)
		*out = info;
	return status;
}

status_t fs_program(
        handle_t space, const char *path, int follow_last, uint64_t deadline, struct fs_mapped *out, uint32_t *out_mode)
{
	struct message message = {.label = FS_program, .word = {0, 0, follow_last != 0}};
	handle_t frame = HANDLE_NONE;
	status_t status = call_path(space, &message, (struct parts){.path = path}, 2, NO_BUFFER, deadline, &frame);
	if (!status) {
		*out = (struct fs_mapped){frame, message.word[0], message.word[1]};
		*out_mode = (uint32_t)message.word[2];
	}
	return status;
}

status_t fs_new_table(handle_t space, uint64_t deadline, handle_t *out_space)
{
	struct message message = {.label = NAME_new_table};
	fs_call_begin(deadline);
	return fs_call_run(space, &message, out_space);
}

status_t fs_name_lease(handle_t space, const char *path, uint64_t deadline, handle_t *out_lease, size_t *out_length)
{
	struct message message = {.label = NAME_lease, .word = {0, strlen(path)}};
	fs_call_set_readable(fs_call_begin(deadline), path, strlen(path), false);
	status_t status = fs_call_run(space, &message, out_lease);
	if (!status)
		*out_length = message.word[0];
	return status;
}

status_t fs_lease(handle_t file_system, uint64_t deadline, handle_t *out_lease, handle_t *out_keeper)
{
	struct message message = {.label = FS_lease};
	handle_t handles[2];
	fs_call_begin(deadline);
	status_t status = fs_call_run_two(file_system, &message, handles);
	if (status)
		return status;
	*out_lease = handles[0];
	*out_keeper = handles[1];
	return ERR_OK;
}

status_t fs_end_lease(handle_t keeper, uint64_t deadline)
{
	struct message message = {.label = FS_end_lease};
	fs_call_begin(deadline);
	return fs_call_run(keeper, &message, NULL);
}
