/*
 * A mount table: which file system serves which part of the names. A path belongs to the longest mount point that it begins
 * with, names taken whole: "/dev" is a beginning of "/dev/null" and not of "/devices". What is left behind the mount point is
 * the path within the file system; nothing, if the path is the mount point.
 *
 * Directories on the way to a mount point are there although no file system may have them: "/scheme", for one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"

#define MOUNTS_MAX 64

struct mount {
	char *path; /* in normal form; "" for the root, so that every path begins with it */
	size_t length;
	uint64_t head;        /* its first eight bytes: most mounts are told from a path by these */
	uint64_t head_mask;   /* 1s where it has some */
	uint8_t next_alike;   /* as mounts.alike */
	handle_t file_system; /* a file system, or an open directory or file of one */
	handle_t lease;       /* of it, for clients (leases.c), and the lease's keeper; HANDLE_NONE: there is none */
	handle_t keeper;
	bool no_lease; /* it gives none */
};

#define MOUNTS_CHAINS 32

struct mounts {
	struct mount mount[MOUNTS_MAX];
	unsigned count;
	uint8_t alike[MOUNTS_CHAINS]; /* by the first letter: place of the first such mount plus one */
	uint8_t root;                 /* its place plus one; in no chain */
};

/* Where a path lies. */
struct mount_place {
	const struct mount *mount;
	bool exact; /* the path is the mount point */
	bool above; /* there are mount points below the path */
};

/*
 * Takes the handle over on success; *out_replaced, then the caller's, is that of what was mounted at this very path before, or
 * HANDLE_NONE. ERR_FULL, ERR_NO_MEMORY. `path` is in normal form. What leases of the table say is not true any more afterwards: the
 * caller ends them before (mounts_leased()).
 */
status_t mounts_set(struct mounts *mounts, const char *path, handle_t file_system, handle_t *out_replaced)
        __attribute__((warn_unused_result));

/* Takes out what is mounted at this very path; the handle is the caller's. ERR_NOT_FOUND. */
status_t mounts_remove(struct mounts *mounts, const char *path, handle_t *out_file_system) __attribute__((warn_unused_result));

/* The mount whose lease a change at this very path would make wrong; NULL if there is none that has one. */
struct mount *mounts_leased(struct mounts *mounts, const char *path);

/* Whether there are mount points below this one. */
bool mounts_have_below(const struct mounts *mounts, const struct mount *mount);

/*
 * Finds the mount of a path of `length` bytes, no NUL needed, in normal form. ERR_NOT_FOUND if none has it. A path in another form
 * finds something too, without harm; if it is `exact` or `above`, it was in normal form.
 */
status_t mounts_find(const struct mounts *mounts, const char *path, size_t length, struct mount_place *out)
        __attribute__((warn_unused_result));

/*
 * The name that mount point number `i` has in the directory `path`, if it lies in or below it and no mount point before it has
 * the same there: *out_length bytes of it. *out_exact: it is the mount point itself, and not a directory on the way. Else NULL.
 */
const char *mounts_name_in(
        const struct mounts *mounts, unsigned i, const char *path, size_t length, size_t *out_length, bool *out_exact);

/* Whether mounts_name_in() gives this name for some mount. */
bool mounts_have_name(const struct mounts *mounts, const char *path, size_t length, const char *name, size_t name_length);

/* A copy with handles of its own, or none. ERR_NO_MEMORY, ERR_NO_HANDLES; then nothing is left of it. */
status_t mounts_copy(const struct mounts *from, bool with_handles, struct mounts *out) __attribute__((warn_unused_result));

/* Closes all handles and frees the paths. */
void mounts_free(struct mounts *mounts);

/* Whether one that a predecessor left is sound; its handles, if it is one with handles, are kept then. */
bool mounts_check(const struct mounts *mounts, bool with_handles);
