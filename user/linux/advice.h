/* madvise. */
#pragma once

#include <stdint.h>

int64_t advice_madvise(uint64_t address, uint64_t length, int advice);
