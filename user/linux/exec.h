/* execve: another program takes this one's place. */
#pragma once

#include <stdint.h>

int64_t exec_execve(uint64_t name, uint64_t arguments, uint64_t environment);
int64_t exec_execveat(int dirfd, uint64_t name, uint64_t arguments, uint64_t environment, uint32_t flags);
