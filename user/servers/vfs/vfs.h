/*
 * What the parts of vfs share: names.c hands calls on, listing.c has directories in which something is mounted, tables.c changes
 * mount tables, leases.c lets clients ask file systems directly.
 */
#pragma once

#include "abi/proto/fs.h"
#include "abi/proto/name.h"
#include "user/lib/server.h"
#include "user/servers/vfs/mounts.h"

#define VFS_PATIENCE_MS 1000u /* for calls of vfs's own to a file system */

enum object_kind { OBJECT_TABLE = 1, OBJECT_LISTING };

/* A mount table of its holders' own. */
struct table_object {
	enum object_kind kind;
	struct mounts mounts;
};

/* The root of what outlives the server (user/lib/state.h): the table that all sessions share. */
extern struct mounts *vfs_mounts;

/* The table of a request; NULL if it was made on an open directory. */
struct mounts *vfs_table(const struct request *request);

/* A path of a request: where the message has carried it, or in the buffer. */
struct vfs_path {
	const char *text;
	uint64_t length;
	char buffer[FS_PATH_MAX];
};

/*
 * The path at words `which` * 2, and where it lies. It begins with a slash and is not checked further: what is handed on the file
 * system checks, and what is a mount point or above one is in normal form.
 */
MUST_CHECK status_t vfs_find(struct request *request, unsigned which, struct vfs_path *path, struct mount_place *out);

/* The same text with a NUL behind it, in the buffer. */
const char *vfs_text(struct vfs_path *path);

status_t names_open(struct request *request);
status_t names_stat(struct request *request);
status_t names_readlink(struct request *request);
status_t names_plain(struct request *request); /* set_attributes, statfs */
status_t names_program(struct request *request);
status_t names_make(struct request *request); /* mkdir, mknod, symlink */
status_t names_unlink(struct request *request);
status_t names_two(struct request *request); /* link, rename */

status_t tables_mount(struct request *request);
status_t tables_bind(struct request *request);
status_t tables_unmount(struct request *request);
status_t tables_new_table(struct request *request);
status_t tables_subtree(struct request *request);
status_t tables_list(struct request *request);
void tables_close(struct table_object *table);
/* How many tables there are is counted when what a predecessor left is looked at, from none. */
void tables_forget(void);
void tables_note(void);

/* Something that calls can be made to, and not any handle whatever. */
MUST_CHECK status_t vfs_check_sender(handle_t handle);

/* NAME_lease. */
status_t tables_lease(struct request *request);
/* Before a change at this path: clients that ask a file system directly come back. */
void leases_end(struct mounts *mounts, const char *path);

/*
 * Opens the directory `path`, which mount points lie below: the answer's sender is one of vfs's own, behind which the file
 * system's is, if it has that directory.
 */
MUST_CHECK status_t listing_open(
        struct request *request, const struct mounts *mounts, const char *path, const struct mount_place *place);
status_t listing_readdir(struct request *request);
status_t listing_seek(struct request *request);
status_t listing_fstat(struct request *request);
status_t listing_other(struct request *request);
void listing_close(void *object);
bool listing_check(const void *object);
void listing_begin(void); /* a life */

/* Of a directory that exists only because something is mounted below it. */
void listing_fill_stat(struct fs_stat *out);
