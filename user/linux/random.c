/*
 * getrandom: ChaCha20 with a key that the starter's seed and RDRAND made together, so that either of them suffices. It never
 * waits: there is no time before the seed.
 *
 * A process that borrows its parent's memory (fork.c) takes from the parent's generator, so that no two of its children begin with the
 * same seed.
 */
#include "user/linux/random.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/state.h"

#define CHUNK 4096u /* bytes made while the lock is held */

/* 0 where the CPU has no such instruction, or it failed ten times (Intel SDM volume 1, 7.3.17.1). */
static uint64_t hardware_word(const struct process *process)
{
	uint64_t word = 0;
	uint8_t done = 0;
	for (unsigned i = 0; process->has_rdrand && !done && i < 10; i++)
		__asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(word), "=qm"(done) : : "cc");
	return done ? word : 0;
}

void random_start(const uint8_t seed[32])
{
	struct process *process = process_self();
	uint64_t words[4];
	memcpy(words, seed, sizeof words);
	for (unsigned i = 0; i < 4; i++)
		words[i] ^= hardware_word(process);
	process->random = &process->own_random;
	chacha_generator_start(&process->own_random.generator, (const uint8_t *)words);
}

void random_separate(void)
{
	process_self()->random->stale = true;
}

/* A copy of a process must not make the same bytes as the other one. The block that is made next makes another key of this. */
static void mix_anew_locked(struct process *process)
{
	struct random_source *source = process->random;
	uint64_t words[4] = {process->number, 0, 0, 0};
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	words[1] = (uint64_t)high << 32 | low;
	words[2] = hardware_word(process);
	words[3] = hardware_word(process);
	for (unsigned i = 0; i < sizeof words; i++)
		source->generator.key[i] ^= ((const uint8_t *)words)[i];
	memset(source->ahead, 0, sizeof source->ahead);
	source->left = 0;
	source->stale = source->was_used = false;
}

/* Most programs want few bytes, if any: the first time as many blocks are made as it takes, and then four at once. */
static void make_ahead_locked(struct random_source *source, size_t wanted)
{
	size_t first = CHACHA_BLOCK - CHACHA_KEY;
	while (first < wanted)
		first += CHACHA_BLOCK;
	source->left = (uint8_t)(source->was_used ? RANDOM_AHEAD : first);
	source->was_used = true;
	chacha_generator_fill(&source->generator, source->ahead + RANDOM_AHEAD - source->left, source->left);
}

/* What is handed out is nowhere else any more. */
static void take_ahead_locked(struct random_source *source, uint8_t *to, size_t length)
{
	while (length) {
		if (!source->left)
			make_ahead_locked(source, length);
		size_t part = length < source->left ? length : source->left;
		uint8_t *from = source->ahead + RANDOM_AHEAD - source->left;
		memcpy(to, from, part);
		memset(from, 0, part);
		source->left -= (uint8_t)part;
		to += part;
		length -= part;
	}
}

void random_fill(void *out, size_t length)
{
	struct process *process = process_self();
	uint8_t *to = out;
	while (length) {
		size_t part = length < CHUNK ? length : CHUNK;
		lock_take(&process->random->lock);
		if (process->random->stale)
			mix_anew_locked(process);
		if (part <= RANDOM_AHEAD / 2)
			take_ahead_locked(process->random, to, part);
		else
			chacha_generator_fill(&process->random->generator, to, part);
		lock_drop(&process->random->lock);
		to += part;
		length -= part;
	}
}

int64_t random_getrandom(uint64_t buffer, uint64_t length, uint32_t flags)
{
	enum { NONBLOCK = 1, RANDOM = 2, INSECURE = 4 };
	if (flags & ~(uint32_t)(NONBLOCK | RANDOM | INSECURE))
		return -EINVAL;
	if (length > INT32_MAX)
		length = INT32_MAX;
	uint8_t part[256];
	for (uint64_t done = 0; done < length;) {
		uint64_t size = length - done < sizeof part ? length - done : sizeof part;
		random_fill(part, size);
		if (!access_write(buffer + done, part, size))
			return done ? (int64_t)done : -EFAULT;
		done += size;
	}
	return (int64_t)length;
}
