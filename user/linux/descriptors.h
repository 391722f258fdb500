/*
 * File descriptors: small numbers for open files, which several of them (and calls that are under way) can share.
 *
 * descriptors_hold keeps an open file alive over a call although another thread closes its descriptor meanwhile; the last to
 * let go closes it at its server.
 */
#pragma once

#include "user/linux/remote.h"
#include "user/linux/state.h"

/* NULL if fd is not open. Every success needs a descriptors_drop. */
struct open_file *descriptors_hold(int fd);
/* The open file at this place of the table, if it is still the one with that serial number. */
struct open_file *descriptors_hold_file(uint32_t index, uint32_t serial);
void descriptors_drop(struct open_file *file);

/*
 * Gives an open file its first descriptor, the lowest that is free. The handle is taken over, and closed on an error.
 * `path` is remembered (NULL: none). The descriptor, -EMFILE or -ENFILE; -ENOMEM for a directory whose path finds no room.
 */
int64_t descriptors_add(const struct open_file *file, bool close_on_exec, const struct path *path);
/* At the start, before anybody else can look: those of the start block. False if a number is out of range or taken. */
bool descriptors_add_first(const struct start_block *start);

/* The path of an open directory: 0, -EBADF, -ENOTDIR (also where it was not opened by a path). */
int64_t descriptors_path(int fd, char out[FS_PATH_MAX]);
/* The path that an open file was opened by; NULL if that is not known. Under descriptors_lock, or while it is held. */
const char *descriptors_path_of(const struct process *process, const struct open_file *file);
/* The names that files were opened by begin at this directory from now on; those of others are forgotten. */
void descriptors_change_root(struct process *process, const struct path *root);

/* The lowest open descriptor from `from` on; -1 if there is none. */
int descriptors_next(int from);

int64_t descriptors_close(int fd);
int64_t descriptors_close_range(uint32_t first, uint32_t last, uint32_t flags);
int64_t descriptors_dup(int fd);
int64_t descriptors_dup2(int from, int to);
int64_t descriptors_dup3(int from, int to, uint32_t flags);
int64_t descriptors_fcntl(int fd, int command, uint64_t argument);
