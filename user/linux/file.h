/* Linux calls that open files and move their bytes. */
#pragma once

#include <stdint.h>

int64_t file_open(uint64_t name, uint32_t flags, uint32_t mode);
int64_t file_openat(int dirfd, uint64_t name, uint32_t flags, uint32_t mode);
int64_t file_creat(uint64_t name, uint32_t mode);
int64_t file_memfd_create(uint64_t name, uint32_t flags); /* memfd.c */
int64_t file_read(int fd, uint64_t buffer, uint64_t length);
int64_t file_write(int fd, uint64_t buffer, uint64_t length);
int64_t file_pread64(int fd, uint64_t buffer, uint64_t length, int64_t position);
int64_t file_pwrite64(int fd, uint64_t buffer, uint64_t length, int64_t position);
int64_t file_readv(int fd, uint64_t vector, uint64_t count);
int64_t file_writev(int fd, uint64_t vector, uint64_t count);
int64_t file_preadv(int fd, uint64_t vector, uint64_t count, int64_t position);
int64_t file_pwritev(int fd, uint64_t vector, uint64_t count, int64_t position);
int64_t file_preadv2(int fd, uint64_t vector, uint64_t count, int64_t position, uint64_t high, uint32_t flags);
int64_t file_pwritev2(int fd, uint64_t vector, uint64_t count, int64_t position, uint64_t high, uint32_t flags);
int64_t file_lseek(int fd, int64_t offset, uint32_t origin);
int64_t file_fsync(int fd);
int64_t file_sync(void);
int64_t file_fadvise64(int fd, int64_t start, int64_t length, int advice);
int64_t file_umask(uint32_t mask);
