/*
 * What changes names. Each function takes places that walk() has found and either does the whole or changes nothing.
 */
#pragma once

#include "user/servers/tmpfs/walk.h"

/* A new node at an empty place. ERR_EXISTS, ERR_NOT_FOUND (the directory was removed), ERR_DISK_FULL, ERR_NO_MEMORY. */
status_t tree_make(const struct place *place, uint32_t kind, uint32_t mode, struct node **out)
        __attribute__((warn_unused_result));

/* A symbolic link; the target is copied. */
status_t tree_make_link(const struct place *place, const char *target, size_t length) __attribute__((warn_unused_result));

/*
 * Takes a name away: with `directory` that of an empty directory, else that of anything else. ERR_NOT_FOUND, ERR_NOT_DIRECTORY,
 * ERR_IS_DIRECTORY, ERR_NOT_EMPTY, ERR_BUSY (the root).
 */
status_t tree_unlink(const struct place *place, bool directory) __attribute__((warn_unused_result));

/* A second name. ERR_EXISTS, ERR_NO_RIGHT (a directory), ERR_TOO_MANY_LINKS, ERR_DISK_FULL. */
status_t tree_link(struct node *node, const struct place *place) __attribute__((warn_unused_result));

/*
 * FS_RENAME_*. ERR_NOT_FOUND, ERR_EXISTS, ERR_BUSY (the root), ERR_BAD_ARGUMENT (into itself), ERR_IS_DIRECTORY,
 * ERR_NOT_DIRECTORY, ERR_NOT_EMPTY, ERR_DISK_FULL.
 */
status_t tree_rename(const struct place *from, const struct place *to, uint32_t flags) __attribute__((warn_unused_result));
