/*
 * rngd's pool: it gives nothing before it is seeded, and what counts for a seed is what the machine could not know.
 *
 * sources: user/servers/rngd/pool.c common/chacha.c
 */
#include "user/servers/rngd/pool.h"

#include <string.h>

#include "tests/host/check.h"

static uint64_t clock_now, clock_noise;

static uint64_t steady_clock(void)
{
	return clock_now += 100;
}

static uint64_t noisy_clock(void)
{
	clock_noise = clock_noise * 6364136223846793005u + 1442695040888963407u;
	return clock_now += 100 + (clock_noise >> 60);
}

static bool no_random(uint64_t *out)
{
	(void)out;
	return false;
}

static bool has_random(uint64_t *out)
{
	*out = clock_noise = clock_noise * 6364136223846793005u + 1;
	return true;
}

static void test_unseeded(void)
{
	check_begin("random_pool.a_pool_without_a_seed_gives_nothing_and_an_even_clock_is_none");
	struct pool pool = {0};
	uint8_t bytes[32] = {7}, untouched[32] = {7};
	pool_mix(&pool, "known to everybody", 18, 0);
	CHECK(!pool_seeded(&pool) && !pool_fill(&pool, bytes, sizeof bytes));
	CHECK(!memcmp(bytes, untouched, sizeof bytes));
	for (int i = 0; i < 1000; i++)
		pool_renew(&pool, steady_clock, no_random);
	CHECK(!pool_seeded(&pool));
}

static void test_seeds(void)
{
	check_begin("random_pool.the_cpu_uneven_timing_and_the_starter_seed_a_pool");
	struct pool by_cpu = {0}, by_time = {0}, by_starter = {0};
	uint8_t seed[CHACHA_KEY] = {1, 2, 3};
	pool_renew(&by_cpu, steady_clock, has_random);
	CHECK(pool_seeded(&by_cpu));
	int rounds = 0;
	while (!pool_seeded(&by_time) && rounds++ < 100)
		pool_renew(&by_time, noisy_clock, no_random);
	CHECK(rounds > 10 && rounds < 100);
	pool_mix(&by_starter, seed, sizeof seed, POOL_SEED_BITS);
	CHECK(pool_seeded(&by_starter));
}

static void test_fill(void)
{
	check_begin("random_pool.a_seeded_pool_never_repeats_itself");
	struct pool pool = {0}, twin;
	uint8_t seed[CHACHA_KEY] = {9}, first[1000], second[1000], other[1000];
	pool_mix(&pool, seed, sizeof seed, POOL_SEED_BITS);
	twin = pool;
	CHECK(pool_fill(&pool, first, sizeof first) && pool_fill(&pool, second, sizeof second));
	CHECK(memcmp(first, second, sizeof first));
	CHECK(pool.given == sizeof first + sizeof second);
	pool_mix(&twin, "x", 1, 0);
	CHECK(pool_fill(&twin, other, sizeof other) && memcmp(first, other, sizeof first));
}

int main(void)
{
	test_unseeded();
	test_seeds();
	test_fill();
	return check_result();
}
