/* Linux calls on mounts: the process's own namespace, which it has by unshare or chroot; and what /proc tells of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct proc_writer;

int64_t mounts_mount(uint64_t source, uint64_t target, uint64_t type, uint64_t flags, uint64_t data);
int64_t mounts_umount2(uint64_t target, uint32_t flags);
int64_t mounts_unshare(uint64_t flags);

/* The text of /proc/self/mounts, or of mountinfo. */
void mounts_write(struct proc_writer *writer, bool with_numbers);
