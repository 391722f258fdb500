/* Linux calls that lock files: flock, and the locks of ranges of fcntl. */
#pragma once

#include <stdint.h>

#include "user/linux/state.h"

int64_t record_lock_flock(int fd, uint32_t operation);
/* F_GETLK, F_SETLK, F_SETLKW; `argument` is the address of Linux's struct flock. */
int64_t record_lock_fcntl(int fd, int command, uint64_t argument);

/*
 * To be called before a descriptor of `file` is closed: POSIX lets a process lose all that it has locked in a file then, by
 * whichever descriptor.
 */
void record_lock_forget(struct open_file *file);
