/* Linux calls on the address space. Numbers in the names of arguments are Linux's; answers are >= 0 or a negative errno. */
#pragma once

#include <stdint.h>

int64_t memory_mmap(uint64_t address, uint64_t length, uint32_t prot, uint32_t flags, int fd, uint64_t offset);
int64_t memory_munmap(uint64_t address, uint64_t length);
int64_t memory_mprotect(uint64_t address, uint64_t length, uint32_t prot);
int64_t memory_msync(uint64_t address, uint64_t length, uint32_t flags);
int64_t memory_brk(uint64_t address);

/* Where the heap of brk begins: a page boundary behind the program. At the start only. */
void memory_place_heap(uint64_t start);
