/*
 * The mount table: which file system serves which part of the names. A path belongs to the longest mount point that it begins
 * with, names taken whole: "/dev" is a beginning of "/dev/null" and not of "/devices". What is left behind the mount point is
 * the path within the file system; nothing, if the path is the mount point.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"

#define MOUNTS_MAX 64

struct mount {
	char *path; /* in normal form; "" for the root, so that every path begins with it */
	size_t length;
	handle_t file_system;
};

struct mounts {
	struct mount mount[MOUNTS_MAX];
	unsigned count;
};

/*
 * Takes the handle over on success; *out_replaced, then the caller's, is that of what was mounted at this very path before, or
 * HANDLE_NONE. ERR_FULL, ERR_NO_MEMORY. `path` is in normal form.
 */
status_t mounts_set(struct mounts *mounts, const char *path, handle_t file_system, handle_t *out_replaced)
        __attribute__((warn_unused_result));

/* Finds the mount of a path in normal form and how many bytes of it are the mount point. ERR_NOT_FOUND if none has it. */
status_t mounts_find(const struct mounts *mounts, const char *path, handle_t *out_file_system, size_t *out_skip)
        __attribute__((warn_unused_result));
