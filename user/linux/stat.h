/* Linux calls that ask about files. */
#pragma once

#include <stdint.h>

int64_t stat_stat(uint64_t name, uint64_t out);
int64_t stat_lstat(uint64_t name, uint64_t out);
int64_t stat_fstat(int fd, uint64_t out);
int64_t stat_newfstatat(int dirfd, uint64_t name, uint64_t out, uint32_t flags);
int64_t stat_statx(int dirfd, uint64_t name, uint32_t flags, uint32_t mask, uint64_t out);
int64_t stat_access(uint64_t name, uint32_t mode);
int64_t stat_faccessat(int dirfd, uint64_t name, uint32_t mode);
int64_t stat_faccessat2(int dirfd, uint64_t name, uint32_t mode, uint32_t flags);
int64_t stat_readlink(uint64_t name, uint64_t buffer, int64_t size);
int64_t stat_readlinkat(int dirfd, uint64_t name, uint64_t buffer, int64_t size);
