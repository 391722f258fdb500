/* Linux calls that change what is noted about a file: mode, owner, times, size; and those on a file system as a whole. */
#pragma once

#include <stdint.h>

int64_t attributes_chmod(uint64_t name, uint32_t mode);
int64_t attributes_fchmod(int fd, uint32_t mode);
int64_t attributes_fchmodat(int dirfd, uint64_t name, uint32_t mode);
int64_t attributes_chown(uint64_t name, uint32_t uid, uint32_t gid);
int64_t attributes_lchown(uint64_t name, uint32_t uid, uint32_t gid);
int64_t attributes_fchown(int fd, uint32_t uid, uint32_t gid);
int64_t attributes_fchownat(int dirfd, uint64_t name, uint32_t uid, uint32_t gid, uint32_t flags);
int64_t attributes_utime(uint64_t name, uint64_t times);
int64_t attributes_utimes(uint64_t name, uint64_t times);
int64_t attributes_futimesat(int dirfd, uint64_t name, uint64_t times);
int64_t attributes_utimensat(int dirfd, uint64_t name, uint64_t times, uint32_t flags);
int64_t attributes_truncate(uint64_t name, int64_t size);
int64_t attributes_ftruncate(int fd, int64_t size);
int64_t attributes_fallocate(int fd, uint32_t mode, int64_t start, int64_t length);
int64_t attributes_statfs(uint64_t name, uint64_t out);
int64_t attributes_fstatfs(int fd, uint64_t out);
