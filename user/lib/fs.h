/*
 * Protocol fs from the client's side: one function for each operation of abi/proto/fs.def.
 *
 * A `space` is a sender to a namespace (vfs) or to a file system, a `file` one that fs_open() has given. Paths are in normal
 * form (common/path.h). Every function answers the transport's error or the server's; out_ arguments are written only on
 * ERR_OK. What a server answers is not trusted further than its types go: counts of bytes are held to what was asked for, and
 * handles that nobody expects are closed.
 *
 * Every call has a deadline (nanoseconds since boot), so that a server which hangs never keeps its supervisor waiting; who stands
 * above the server may take DEADLINE_NEVER.
 */
#pragma once

#include "abi/proto/fs.h"
#include "user/lib/call.h"

struct fs_opened {
	handle_t file; /* a sender; closing it closes the file */
	uint32_t kind; /* FS_KIND_* */
	uint64_t size; /* in bytes; 0 for what has none */
};

/* A file's bytes are those of the frame from `offset` on, which is a multiple of the page size. */
struct fs_mapped {
	handle_t frame; /* with RIGHT_READ, and RIGHT_EXECUTE if the file was opened with OPEN_EXECUTE */
	uint64_t offset;
	uint64_t length;
};

/* On a namespace or a file system. fs_mount gives the server a copy of the sender. fs_readlink adds a NUL. */
MUST_CHECK status_t fs_open(
        handle_t space, const char *path, uint32_t flags, uint32_t mode, uint64_t deadline, struct fs_opened *out);
MUST_CHECK status_t fs_stat(handle_t space, const char *path, int follow, uint64_t deadline, struct fs_stat *out);
MUST_CHECK status_t fs_readlink(handle_t space, const char *path, char *to, uint64_t size, uint64_t deadline);
MUST_CHECK status_t fs_mount(handle_t space, const char *path, handle_t file_system, uint64_t deadline);

/* On an open file. */
MUST_CHECK status_t fs_read(handle_t file, void *to, uint64_t length, uint64_t deadline, uint64_t *out_bytes);
MUST_CHECK status_t fs_pread(
        handle_t file, void *to, uint64_t length, uint64_t position, uint64_t deadline, uint64_t *out_bytes);
MUST_CHECK status_t fs_write(handle_t file, const void *from, uint64_t length, uint64_t deadline, uint64_t *out_bytes);
MUST_CHECK status_t fs_pwrite(
        handle_t file, const void *from, uint64_t length, uint64_t position, uint64_t deadline, uint64_t *out_bytes);
MUST_CHECK status_t fs_seek(handle_t file, int64_t offset, uint32_t from, uint64_t deadline, uint64_t *out_position);
MUST_CHECK status_t fs_fstat(handle_t file, uint64_t deadline, struct fs_stat *out);
MUST_CHECK status_t fs_readdir(handle_t file, void *to, uint64_t size, uint64_t deadline, uint64_t *out_bytes);
MUST_CHECK status_t fs_map(handle_t file, uint64_t deadline, struct fs_mapped *out);
MUST_CHECK status_t fs_truncate(handle_t file, uint64_t size, uint64_t deadline);
MUST_CHECK status_t fs_sync(handle_t file, uint64_t deadline);

/* FS_READY_* of `events` that hold now. If none does and `notify` is one, `bits` are signalled there when one begins to. */
MUST_CHECK status_t fs_watch(
        handle_t file, uint32_t events, handle_t notify, uint64_t bits, uint64_t deadline, uint32_t *out_ready);

/*
 * The entry at *place of `bytes` bytes that fs_readdir() has given, and *place moved on to the next; NULL at the end, or if what
 * the server gave is no entry.
 */
const struct fs_entry *fs_entry_next(const void *entries, uint64_t bytes, uint64_t *place);

/* Opens, reads all of it into memory made by malloc with a NUL behind, and closes. ERR_TOO_LARGE above `most` bytes. */
MUST_CHECK status_t fs_read_all(
        handle_t space, const char *path, uint64_t most, uint64_t deadline, char **out, uint64_t *out_length);
