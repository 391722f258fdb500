/*
 * Calls on servers of protocol fs (abi/proto/fs.def). Every function answers an error of abi/errors.def, the transport's or
 * the server's, and writes its out_ arguments only on ERR_OK.
 *
 * They wait without a deadline, as Linux does: the end of a server ends the call with DROPPED or PEER_CLOSED. Buffers are
 * handed to the server as they are, so that data goes from its memory into the program's in one copy and a bad pointer is the
 * kernel's to find.
 */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"
#include "abi/proto/tty.h"
#include "user/linux/native.h"

/* A name in the form that servers take: the normal form of common/path.h. */
struct path {
	uint32_t length;
	bool directory;         /* it was spelled in a way that only a directory can satisfy */
	char text[FS_PATH_MAX]; /* with a NUL */
};

/* What is left of a name below a directory, "/" for itself; NULL: it does not lie there. */
static inline const char *path_below(const char *text, const struct path *directory)
{
	const char *left = text + directory->length;
	if (strncmp(text, directory->text, directory->length) || (*left && *left != '/'))
		return NULL;
	return *left ? left : "/";
}

/*
 * Calls on a path (remote_path.c). A symbolic link that leads from one file system into another is followed here, by reading it and
 * joining what it says by text; `path` is then the way that was found.
 */

/* `flags` are OPEN_*; the handle is the caller's to close. */
MUST_CHECK status_t remote_open(
        handle_t vfs, struct path *path, uint32_t flags, uint32_t mode, handle_t *out_handle, uint32_t *out_kind);
/* The same for a descriptor. *out_lease: that of leases_close(), or 0. */
MUST_CHECK status_t remote_open_file(handle_t vfs, struct path *path, uint32_t flags, uint32_t mode, handle_t *out_handle,
        uint32_t *out_kind, uint16_t *out_lease);
/* What FS_program answers with; the frame's handle is the caller's to close. */
struct remote_program {
	handle_t frame;
	uint32_t mode;
	uint64_t offset, length;
};
MUST_CHECK status_t remote_program(handle_t vfs, struct path *path, bool follow, struct remote_program *out);
MUST_CHECK status_t remote_stat(handle_t vfs, struct path *path, bool follow, struct fs_stat *out);
MUST_CHECK status_t remote_statfs(handle_t vfs, struct path *path, struct fs_info *out);
/* The target without a NUL; TOO_LARGE if it is longer than `size`. */
MUST_CHECK status_t remote_readlink(handle_t vfs, struct path *path, char *out, uint64_t size, uint64_t *out_length);
/* FS_unlink, FS_mkdir, FS_mknod: words 2 to 4 are given. */
MUST_CHECK status_t remote_change(
        handle_t vfs, uint32_t operation, struct path *path, uint64_t word2, uint64_t word3, uint64_t word4);
/* NAME_subtree; the handle is the caller's to close. The path has no symbolic link that leads out of its file system. */
MUST_CHECK status_t remote_subtree(handle_t vfs, struct path *path, handle_t *out);
/* NAME_new_table; likewise. */
MUST_CHECK status_t remote_new_table(handle_t vfs, handle_t *out);
/* NAME_list: names, each with a NUL, and the cursor to go on with, 0 at the end. */
MUST_CHECK status_t remote_list_mounts(handle_t vfs, uint64_t *cursor, char *out, uint64_t size, uint64_t *out_length);
/* FS_link, FS_rename, NAME_bind (which has no flags). */
MUST_CHECK status_t remote_change_two(
        handle_t vfs, uint32_t operation, struct path *path, struct path *new_path, uint32_t flags);
MUST_CHECK status_t remote_symlink(handle_t vfs, struct path *path, const char *target, uint64_t length);
MUST_CHECK status_t remote_set_attributes(
        handle_t vfs, struct path *path, bool follow, uint32_t mask, const struct fs_attributes *attributes);

/* FS_read, FS_pread, FS_readdir: into [address, address + length). `position` is for FS_pread; for FS_read it is FS_TRANSFER_*. */
MUST_CHECK status_t remote_fetch(
        handle_t file, uint32_t operation, uint64_t address, uint64_t length, uint64_t position, uint64_t *out_bytes);
/* FS_write, FS_pwrite; likewise. */
MUST_CHECK status_t remote_store(
        handle_t file, uint32_t operation, uint64_t address, uint64_t length, uint64_t position, uint64_t *out_bytes);
MUST_CHECK status_t remote_seek(handle_t file, int64_t offset, uint32_t origin, uint64_t *out_position);
MUST_CHECK status_t remote_fstat(handle_t file, struct fs_stat *out);
/* The frame's handle is the caller's to close; so with the next. */
MUST_CHECK status_t remote_content(handle_t file, handle_t *out_frame, uint64_t *out_offset, uint64_t *out_length);
MUST_CHECK status_t remote_map(handle_t file, handle_t *out_frame, uint64_t *out_offset, uint64_t *out_length);
MUST_CHECK status_t remote_plain(handle_t file, uint32_t operation, uint64_t word);
MUST_CHECK status_t remote_fstatfs(handle_t file, struct fs_info *out);
MUST_CHECK status_t remote_fset_attributes(handle_t file, uint32_t mask, const struct fs_attributes *attributes);
MUST_CHECK status_t remote_allocate(handle_t file, uint64_t start, uint64_t length, uint32_t mode);
/* Of `lock` the kind, start and length; with FS_LOCK_TEST it becomes what is in the way. *out_locks is HANDLE_NONE if none came. */
struct remote_lock {
	uint64_t kind, start, length;
	uint32_t process;
};
MUST_CHECK status_t remote_lock(handle_t file, struct remote_lock *lock, uint32_t flags, handle_t *out_locks);
/* With a notify, `bits` of it are signalled once if nothing of `events` holds now. */
MUST_CHECK status_t remote_watch(handle_t file, uint32_t events, handle_t notify, uint64_t bits, uint32_t *out_ready);

/* An operation of two words that answers one. */
MUST_CHECK status_t remote_ask(handle_t file, uint32_t operation, uint64_t word, uint64_t *out_word);
/* An operation of two words that answers up to `count` of them. */
MUST_CHECK status_t remote_ask_words(
        handle_t file, uint32_t operation, uint64_t first, uint64_t second, uint64_t *out_words, uint32_t count);
/* An operation of two words on a session that makes `count` objects; their handles are the caller's to close. */
MUST_CHECK status_t remote_make(
        handle_t session, uint32_t operation, uint64_t first, uint64_t second, handle_t *out_handles, uint32_t count);

/* The same for what can take long, as remote_call_waiting() has it. */
MUST_CHECK status_t remote_make_waiting(
        handle_t session, uint32_t operation, uint64_t first, uint64_t second, handle_t *out_handles, uint32_t count);
/* On sockets: STREAM_bind and STREAM_connect with a token or HANDLE_NONE; STREAM_name. */
MUST_CHECK status_t remote_name(
        handle_t socket, uint32_t operation, uint64_t flags, const struct stream_name *name, handle_t token);
MUST_CHECK status_t remote_get_name(handle_t socket, bool peer, struct stream_name *out);
/* STREAM_fifo, which takes the token in any case, and STREAM_fifo_await. */
MUST_CHECK status_t remote_fifo(handle_t session, uint32_t sides, uint32_t flags, const struct fs_stat *stat, handle_t token,
        handle_t *out_end, uint64_t out_words[2]);
MUST_CHECK status_t remote_fifo_await(handle_t end, uint64_t came);
/* FS_token; the handle is the caller's to close. */
MUST_CHECK status_t remote_token(handle_t file, handle_t *out_token);

MUST_CHECK status_t remote_tty_get(handle_t file, uint64_t address);
MUST_CHECK status_t remote_tty_set(handle_t file, uint32_t when, uint32_t flags, uint64_t address);
MUST_CHECK status_t remote_tty_get_size(handle_t file, uint32_t *out_rows, uint32_t *out_columns);
MUST_CHECK status_t remote_tty_set_size(handle_t file, uint32_t rows, uint32_t columns);
