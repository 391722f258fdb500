#include "user/servers/rngd/pool.h"

#include <string.h>

#define TIMING_SAMPLES 64u      /* at each renewal */
#define TIMING_WORK 32u         /* steps of work whose time is taken */
#define TIMING_SAMPLES_A_BIT 4u /* the time of a piece of work differs by a tick or so: taken for a quarter of a bit */
#define RANDOM_WORDS 4u

void pool_mix(struct pool *pool, const void *bytes, uint64_t length, uint32_t bits)
{
	const uint8_t *from = bytes;
	while (length) {
		uint8_t seed[CHACHA_KEY] = {0};
		uint64_t part = length < sizeof seed ? length : sizeof seed;
		memcpy(seed, from, part);
		chacha_generator_mix(&pool->generator, seed);
		explicit_bzero(seed, sizeof seed);
		from += part;
		length -= part;
	}
	pool->bits = bits < POOL_SEED_BITS - pool->bits ? pool->bits + bits : POOL_SEED_BITS;
}

bool pool_seeded(const struct pool *pool)
{
	return pool->bits == POOL_SEED_BITS;
}

/* Work whose time depends on caches, interrupts and whatever else the machine does. */
static void work(volatile uint8_t *memory, uint64_t round)
{
	for (uint32_t i = 0; i < TIMING_WORK; i++)
		memory[(round * 67 + i * 129) % 4096] += (uint8_t)round;
}

/* A clock that stands still or steps evenly surprises nobody: only samples that differ from the one before are counted. */
static void mix_timing(struct pool *pool, uint64_t (*ticks)(void))
{
	static uint8_t memory[4096];
	uint64_t sample[TIMING_SAMPLES], last = 0;
	uint32_t surprises = 0;
	for (uint32_t i = 0; i < TIMING_SAMPLES; i++) {
		uint64_t before = ticks();
		work(memory, i);
		sample[i] = ticks() - before;
		surprises += sample[i] != last;
		last = sample[i];
	}
	pool_mix(pool, sample, sizeof sample, surprises / TIMING_SAMPLES_A_BIT);
}

void pool_renew(struct pool *pool, uint64_t (*ticks)(void), bool (*random)(uint64_t *out))
{
	uint64_t words[RANDOM_WORDS];
	uint32_t had = 0;
	while (had < RANDOM_WORDS && random(&words[had]))
		had++;
	pool_mix(pool, words, had * sizeof *words, had * 64);
	explicit_bzero(words, sizeof words);
	mix_timing(pool, ticks);
	pool->given = 0;
}

bool pool_fill(struct pool *pool, void *to, uint64_t length)
{
	if (!pool_seeded(pool))
		return false;
	chacha_generator_fill(&pool->generator, to, length);
	pool->given += length;
	return true;
}
