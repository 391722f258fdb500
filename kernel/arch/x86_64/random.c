/*
 * Random numbers: ChaCha20 (RFC 8439) keyed by the loader's seed, each block mixed with RDRAND where there is one. Of every block
 * half becomes the next key, so that what was given out cannot be found from the state (fast key erasure). Good for addresses and
 * for seeds of programs as far as the boot seed or RDRAND is; bootinfo.seed_source says which there was.
 */
#include "arch/x86_64/random.h"

#include "arch/cpu.h"
#include "arch/x86_64/features.h"
#include "lib/string.h"

static uint32_t key[8];
static uint64_t counter;
static uint64_t pool[4];
static uint32_t pool_left;

static uint32_t rotate(uint32_t value, unsigned by)
{
	return value << by | value >> (32 - by);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

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

static void block(uint32_t out[static 16])
{
	uint64_t extra = hardware_random() ^ cpu_tsc();
	uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, key[0], key[1], key[2], key[3], key[4], key[5],
	        key[6], key[7], (uint32_t)counter, (uint32_t)(counter >> 32), (uint32_t)extra, (uint32_t)(extra >> 32)};

	counter++;
	memcpy(out, start, sizeof start);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 4; i++)
			quarter(&out[i], &out[4 + i], &out[8 + i], &out[12 + i]);
		for (unsigned i = 0; i < 4; i++)
			quarter(&out[i], &out[4 + (i + 1) % 4], &out[8 + (i + 2) % 4], &out[12 + (i + 3) % 4]);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] += start[i];
}

void random_init(const uint8_t seed[static 64])
{
	uint32_t words[16];

	memcpy(words, seed, sizeof words);
	for (unsigned i = 0; i < 8; i++)
		key[i] = words[i] ^ rotate(words[8 + i], 16);
	counter = cpu_tsc();
	pool_left = 0;
	memset(words, 0, sizeof words);
}

uint64_t cpu_random(void)
{
	uint32_t words[16];

	if (pool_left == 0) {
		block(words);
		memcpy(key, words, sizeof key);
		memcpy(pool, words + 8, sizeof pool);
		memset(words, 0, sizeof words);
		pool_left = 4;
	}
	uint64_t value = pool[--pool_left];
	pool[pool_left] = 0;
	return value;
}
