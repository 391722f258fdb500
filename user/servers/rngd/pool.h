/*
 * The state that random bytes come from: ChaCha20 with fast key erasure (common/chacha.h), into which seeds are mixed: the one that
 * the starter gave, which comes from the loader's by way of the kernel; RDRAND; and timing. It hands out nothing before it has been
 * seeded with what counts for SEED_BITS of surprise, and it is mixed anew every POOL_RENEW_BYTES.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/chacha.h"

#define POOL_SEED_BITS 256u
#define POOL_RENEW_BYTES (1u << 20)

struct pool {
	struct chacha_generator generator;
	uint32_t bits;  /* of surprise that were mixed in, at most POOL_SEED_BITS */
	uint64_t given; /* bytes since it was mixed anew */
};

/* Mixes bytes in that count for `bits` of surprise; any length, also 0 bits. */
void pool_mix(struct pool *pool, const void *bytes, uint64_t length, uint32_t bits);

bool pool_seeded(const struct pool *pool);

/* `ticks` answers a fine clock, and `random` sets *out to a number of the CPU's generator, or answers false: there is none. */
void pool_renew(struct pool *pool, uint64_t (*ticks)(void), bool (*random)(uint64_t *out));

/* False, and nothing is written, before the pool is seeded. */
bool pool_fill(struct pool *pool, void *to, uint64_t length) __attribute__((warn_unused_result));
