/* Linux's futex. */
#pragma once

#include <stdint.h>

int64_t futex_futex(uint64_t word, uint32_t operation, uint32_t value, uint64_t value2, uint64_t word2, uint32_t value3);
