/*
 * Protocols fs and name from the client's side: one function for each operation of abi/proto/fs.def, and those of abi/proto/name.def.
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
#include "abi/proto/name.h"
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

/* A lock on [start, start + length) of a file; length 0 is to the end of all. */
struct fs_lock {
	uint32_t kind;    /* FS_LOCK_* */
	uint32_t process; /* of one that is told: the owner's number, 0 for an open file */
	uint64_t start, length;
};

/* On a namespace or a file system. Symbolic links that lead from one file system into another are followed here. fs_mount gives the server a copy of the sender. fs_readlink adds a NUL. */
MUST_CHECK status_t fs_open(
        handle_t space, const char *path, uint32_t flags, uint32_t mode, uint64_t deadline, struct fs_opened *out);
MUST_CHECK status_t fs_stat(handle_t space, const char *path, int follow, uint64_t deadline, struct fs_stat *out);
MUST_CHECK status_t fs_readlink(handle_t space, const char *path, char *to, uint64_t size, uint64_t deadline);
MUST_CHECK status_t fs_mount(handle_t space, const char *path, handle_t file_system, uint64_t deadline);
MUST_CHECK status_t fs_unlink(handle_t space, const char *path, uint32_t flags, uint64_t deadline);
MUST_CHECK status_t fs_mkdir(handle_t space, const char *path, uint32_t mode, uint64_t deadline);
MUST_CHECK status_t fs_mknod(handle_t space, const char *path, uint32_t kind, uint32_t mode, uint64_t deadline);
MUST_CHECK status_t fs_symlink(handle_t space, const char *path, const char *target, uint64_t deadline);
MUST_CHECK status_t fs_link(handle_t space, const char *path, const char *new_path, uint32_t flags, uint64_t deadline);
MUST_CHECK status_t fs_rename(handle_t space, const char *path, const char *new_path, uint32_t flags, uint64_t deadline);
MUST_CHECK status_t fs_set_attributes(
        handle_t space, const char *path, int follow, uint32_t mask, const struct fs_attributes *attributes, uint64_t deadline);
MUST_CHECK status_t fs_statfs(handle_t space, const char *path, uint64_t deadline, struct fs_info *out);

/* The frame of a file that is to be executed, and the file's mode; ERR_BAD_CALL where the server knows no such thing. */
MUST_CHECK status_t fs_program(
        handle_t space, const char *path, int follow, uint64_t deadline, struct fs_mapped *out, uint32_t *out_mode);

/* On vfs, protocol name. */
MUST_CHECK status_t fs_bind(handle_t space, const char *path, const char *new_path, uint64_t deadline);
MUST_CHECK status_t fs_unmount(handle_t space, const char *path, uint64_t deadline);
MUST_CHECK status_t fs_new_table(handle_t space, uint64_t deadline, handle_t *out_space);

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
/* The same for frame_read alone. */
MUST_CHECK status_t fs_content(handle_t file, uint64_t deadline, struct fs_mapped *out);
MUST_CHECK status_t fs_map(handle_t file, uint64_t deadline, struct fs_mapped *out);
MUST_CHECK status_t fs_truncate(handle_t file, uint64_t size, uint64_t deadline);
MUST_CHECK status_t fs_sync(handle_t file, uint64_t deadline);

MUST_CHECK status_t fs_fset_attributes(handle_t file, uint32_t mask, const struct fs_attributes *attributes, uint64_t deadline);
MUST_CHECK status_t fs_fstatfs(handle_t file, uint64_t deadline, struct fs_info *out);
MUST_CHECK status_t fs_allocate(handle_t file, uint64_t start, uint64_t length, uint32_t mode, uint64_t deadline);

/*
 * *out_in_the_way, if wanted, is for FS_LOCK_TEST. *out_locks, if wanted, is set when the server gives a sender that stands for
 * all that this process has locked in the file; it is closed at once if it is not wanted, and the locks are gone.
 */
MUST_CHECK status_t fs_lock(handle_t file, const struct fs_lock *lock, uint32_t flags, uint64_t deadline,
        struct fs_lock *out_in_the_way, handle_t *out_locks);

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
/* The lease and the bytes of the path that it is good for. */
MUST_CHECK status_t fs_name_lease(handle_t space, const char *path, uint64_t deadline, handle_t *out_lease, size_t *out_length);

/* On a file system, or an open directory of one; and on the keeper. */
MUST_CHECK status_t fs_lease(handle_t file_system, uint64_t deadline, handle_t *out_lease, handle_t *out_keeper);
MUST_CHECK status_t fs_end_lease(handle_t keeper, uint64_t deadline);
