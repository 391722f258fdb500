/*
 * The ChaCha20 block function of RFC 8439, and a generator of random bytes on it.
 *
 * The generator's key is replaced by output before any output is handed out, so that what was told can not be computed from a
 * state seen later (fast key erasure). Pure: the caller brings the memory and the lock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CHACHA_KEY 32
#define CHACHA_NONCE 12
#define CHACHA_BLOCK 64

/* Section 2.3: one block of key stream. */
void chacha_block(
        const uint8_t key[CHACHA_KEY], uint32_t counter, const uint8_t nonce[CHACHA_NONCE], uint8_t out[CHACHA_BLOCK]);

struct chacha_generator {
	uint8_t key[CHACHA_KEY];
};

/* Begins with a seed that is secret as a whole; the first output replaces it. */
void chacha_generator_start(struct chacha_generator *generator, const uint8_t seed[CHACHA_KEY]);

/* Mixes 32 bytes into the key; the result is secret if either was. */
void chacha_generator_mix(struct chacha_generator *generator, const uint8_t seed[CHACHA_KEY]);
void chacha_generator_fill(struct chacha_generator *generator, void *out, size_t length);
