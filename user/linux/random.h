/* Random bytes of the process's own generator. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Takes the start block's seed, which the caller erases, and what the CPU has. At the start only. */
void random_start(const uint8_t seed[32]);
/* In a copy of a process: what it makes from now on is its own. */
void random_separate(void);
void random_fill(void *out, size_t length);
int64_t random_getrandom(uint64_t buffer, uint64_t length, uint32_t flags);
