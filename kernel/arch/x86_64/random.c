/*
 * Random numbers: the generator of common/chacha.h, keyed by the loader's seed, with RDRAND where there is one and the time mixed in
 * before each pool of numbers. Good for addresses and for seeds of programs as far as the boot seed or RDRAND is;
 * bootinfo.seed_source says which there was.
 */
#include "arch/x86_64/random.h"

#include "arch/cpu.h"
#include "arch/x86_64/features.h"
#include "common/chacha.h"
#include "lib/string.h"

#define POOL 32u

static struct chacha_generator generator;
static uint64_t pool[POOL];
static uint32_t pool_left;

static uint64_t hardware_random(void)
{
	uint64_t value;
	uint8_t ok;

	/* Ten attempts: Intel SDM volume 1, 7.3.17.1. */
	for (unsigned i = 0; features.rdrand && i < 10; i++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok) : : "cc");
		if (ok)
			return value;
	}
	return 0;
}

static void fill_pool(void)
{
	uint64_t fresh[CHACHA_KEY / sizeof(uint64_t)] = {cpu_tsc()};

	for (unsigned i = 1; i < sizeof fresh / sizeof *fresh; i++)
		fresh[i] = hardware_random();
	chacha_generator_mix(&generator, (const uint8_t *)fresh);
	chacha_generator_fill(&generator, pool, sizeof pool);
	memset(fresh, 0, sizeof fresh);
	pool_left = POOL;
}

void random_init(const uint8_t seed[static 2 * CHACHA_KEY])
{
	chacha_generator_mix(&generator, seed);
	chacha_generator_mix(&generator, seed + CHACHA_KEY);
	pool_left = 0;
}

uint64_t cpu_random(void)
{
	if (pool_left == 0)
		fill_pool();
	uint64_t value = pool[--pool_left];
	pool[pool_left] = 0;
	return value;
}
