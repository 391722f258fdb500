/*
 * Walking a path: from a directory to the place that it names, whether something is there or not.
 *
 * Symbolic links on the way are followed while they stay in the volume. One that is absolute, or whose ".." would leave the
 * directory where the walk began, or behind which there is nothing (another file system may be mounted there), is the client's
 * to follow: ERR_REDIRECT, with how many bytes of the path are left behind the *first* link's name. The client joins by text,
 * and only what comes before the first link is sure to mean the same as text.
 */
#pragma once

#include "abi/proto/fs.h"
#include "user/servers/tmpfs/volume.h"

/* Where a path leads. */
struct place {
	struct node *parent; /* the directory that has the last name; NULL if the path is empty */
	const char *name;    /* the last name, no NUL; points into the path, or into `copy` */
	uint32_t length;
	bool directory;      /* it must be one: the target of a link ended in a slash */
	struct node *node;   /* what is there; NULL: nothing */
	struct entry *entry; /* and its entry; NULL for the directory where the walk began */
	uint64_t left;       /* with ERR_REDIRECT */
	char copy[FS_NAME_MAX + 1];
};

/*
 * Walks `path`, in normal form or empty, from `base`. A last link is followed if `follow`. If only the last name is missing the
 * walk succeeds with node NULL. ERR_NOT_FOUND (a directory on the way), ERR_NOT_DIRECTORY, ERR_LINK_LOOP, ERR_NAME_TOO_LONG,
 * ERR_REDIRECT.
 */
status_t walk(struct node *base, const char *path, bool follow, struct place *out) __attribute__((warn_unused_result));

/* Of a place where nothing is and something should be: ERR_NOT_FOUND, or ERR_REDIRECT if a link led there. */
status_t walk_missing(const struct place *place) __attribute__((warn_unused_result));

/* The same for something that must be there: ERR_NOT_FOUND, or ERR_REDIRECT behind a link. */
status_t walk_to_node(struct node *base, const char *path, bool follow, struct place *out) __attribute__((warn_unused_result));
