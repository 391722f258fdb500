/* The working directory, names relative to it or to an open directory, and what a directory holds. */
#pragma once

#include "user/linux/remote.h"
#include "user/linux/state.h"

/*
 * The server's path for a name that the program gave (an address in its memory) relative to `dirfd`. 0 or a negative errno.
 * A leading NAME: is a scheme where such a one is mounted, else part of an ordinary name.
 */
int64_t directory_resolve(int dirfd, uint64_t name, struct path *out);

/* The same for a name of the image's own. */
int64_t directory_resolve_text(int dirfd, const char *said, struct path *out);

int64_t directory_getcwd(uint64_t buffer, uint64_t size);
int64_t directory_chdir(uint64_t name);
int64_t directory_fchdir(int fd);
int64_t directory_chroot(uint64_t name);
/* Another sender to vfs takes the place of the one that the process has, and is inherited in its place. */
void directory_change_names(handle_t vfs);

/* For a process that borrows the memory; the lock of `from` is held. */
void directory_copy_working(struct process *to, const struct process *from);

/* lseek of an open directory to a place that a listing gave, or to 0: where its server goes on. */
int64_t directory_seek(struct open_file *file, int64_t place);
int64_t directory_getdents64(int fd, uint64_t buffer, uint64_t size);
