/* Linux calls that make, change and remove names. */
#pragma once

#include <stdint.h>

int64_t names_mkdir(uint64_t name, uint32_t mode);
int64_t names_mkdirat(int dirfd, uint64_t name, uint32_t mode);
int64_t names_mknod(uint64_t name, uint32_t mode, uint32_t device);
int64_t names_mknodat(int dirfd, uint64_t name, uint32_t mode, uint32_t device);
int64_t names_rmdir(uint64_t name);
int64_t names_unlink(uint64_t name);
int64_t names_unlinkat(int dirfd, uint64_t name, uint32_t flags);
int64_t names_rename(uint64_t name, uint64_t new_name);
int64_t names_renameat(int dirfd, uint64_t name, int new_dirfd, uint64_t new_name);
int64_t names_renameat2(int dirfd, uint64_t name, int new_dirfd, uint64_t new_name, uint32_t flags);
int64_t names_link(uint64_t name, uint64_t new_name);
int64_t names_linkat(int dirfd, uint64_t name, int new_dirfd, uint64_t new_name, uint32_t flags);
int64_t names_symlink(uint64_t target, uint64_t new_name);
int64_t names_symlinkat(uint64_t target, int dirfd, uint64_t new_name);
