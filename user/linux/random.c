/*
 * getrandom: ChaCha20 with a key that the starter's seed and RDRAND made together, so that either of them suffices. It never
 * waits: there is no time before the seed.
 */
#include "user/linux/random.h"

#include <string.h>

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
	uint64_t hardware[4];
	for (unsigned i = 0; i < 4; i++)
		hardware[i] = hardware_word(process);
	chacha_generator_mix(&process->random, seed);
	chacha_generator_mix(&process->random, (const uint8_t *)hardware);
}

void random_fill(void *out, size_t length)
{
	struct process *process = process_self();
	uint8_t *to = out;
	while (length) {
		size_t part = length < CHUNK ? length : CHUNK;
		lock_take(&process->random_lock);
		chacha_generator_fill(&process->random, to, part);
		lock_drop(&process->random_lock);
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
	if (length && !user_range(buffer, length))
		return -EFAULT;
	random_fill(user_pointer(buffer), length);
	return (int64_t)length;
}
