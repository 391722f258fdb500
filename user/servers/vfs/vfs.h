/*
 * What the parts of vfs share: names.c hands calls on, listing.c has directories in which something is mounted, tables.c changes
 * mount tables.
 */
#pragma once

#include "abi/proto/fs.h"
#include "user/lib/server.h"
#include "user/servers/vfs/mounts.h"

#define VFS_PATIENCE_MS 1000u /* for calls of vfs's own to a file system */

enum object_kind { OBJECT_TABLE = 1, OBJECT_LISTING };

/* A mount table of its holders' own. */
struct table_object {
	enum object_kind kind;
	struct mounts mounts;
};

/* The table that all sessions share. */
extern struct mounts vfs_mounts;

/* The table of a request; NULL if it was made on an open directory. */
struct mounts *vfs_table(const struct request *request);

/* A path at words `which` * 2, read and checked, and where it lies. `path` has room for FS_PATH_MAX bytes. */
MUST_CHECK status_t vfs_find(struct request *request, unsigned which, char *path, struct mount_place *out);

status_t names_open(struct request *request);
status_t names_stat(struct request *request);
status_t names_readlink(struct request *request);
status_t names_plain(struct request *request); /* set_attributes, statfs */
status_t names_make(struct request *request);  /* mkdir, mknod, symlink */
status_t names_unlink(struct request *request);
status_t names_two(struct request *request); /* link, rename */

status_t tables_mount(struct request *request);
status_t tables_bind(struct request *request);
status_t tables_unmount(struct request *request);
status_t tables_new(struct request *request);

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

/* Of a directory that exists only because something is mounted below it. */
void listing_fill_stat(struct fs_stat *out);
