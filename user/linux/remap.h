/* Linux calls on memory that is there: mremap, and the family of mlock. */
#pragma once

#include <stdint.h>

int64_t remap_mremap(uint64_t address, uint64_t old_length, uint64_t new_length, uint32_t flags);
int64_t remap_mlock(uint64_t address, uint64_t length);
int64_t remap_mlock2(uint64_t address, uint64_t length, uint32_t flags);
int64_t remap_munlock(uint64_t address, uint64_t length);
