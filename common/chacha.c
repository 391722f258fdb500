/* ChaCha20 (RFC 8439, section 2) without vector registers: some bytes at a start and now and then, not a cipher for streams. */
#include "common/chacha.h"

static uint32_t load(const uint8_t *from)
{
	uint32_t word;
	__builtin_memcpy(&word, from, sizeof word); /* little-endian, as this machine is */
	return word;
}

static inline uint32_t rotate(uint32_t word, unsigned by)
{
	return word << by | word >> (32 - by);
}

/* Section 2.1. */
static inline void quarter_round(uint32_t s[16], unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha_block(const uint8_t key[CHACHA_KEY], uint32_t counter, const uint8_t nonce[CHACHA_NONCE], uint8_t out[CHACHA_BLOCK])
{
	uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	for (unsigned i = 0; i < 8; i++)
		start[4 + i] = load(key + 4 * i);
	start[12] = counter;
	for (unsigned i = 0; i < 3; i++)
		start[13 + i] = load(nonce + 4 * i);

	uint32_t s[16];
	__builtin_memcpy(s, start, sizeof s);
	for (unsigned i = 0; i < 10; i++) {
		quarter_round(s, 0, 4, 8, 12);
		quarter_round(s, 1, 5, 9, 13);
		quarter_round(s, 2, 6, 10, 14);
		quarter_round(s, 3, 7, 11, 15);
		quarter_round(s, 0, 5, 10, 15);
		quarter_round(s, 1, 6, 11, 12);
		quarter_round(s, 2, 7, 8, 13);
		quarter_round(s, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < 16; i++)
		s[i] += start[i];
	__builtin_memcpy(out, s, CHACHA_BLOCK);
}

static const uint8_t zero_nonce[CHACHA_NONCE];

void chacha_generator_start(struct chacha_generator *generator, const uint8_t seed[CHACHA_KEY])
{
	__builtin_memcpy(generator->key, seed, CHACHA_KEY);
}

/* The key becomes the first half of a block made with key and seed; so mixing a known seed in loses nothing. */
void chacha_generator_mix(struct chacha_generator *generator, const uint8_t seed[CHACHA_KEY])
{
	uint8_t block[CHACHA_BLOCK];
	for (unsigned i = 0; i < CHACHA_KEY; i++)
		generator->key[i] ^= seed[i];
	chacha_block(generator->key, 0, zero_nonce, block);
	__builtin_memcpy(generator->key, block, CHACHA_KEY);
}

void chacha_generator_fill(struct chacha_generator *generator, void *out, size_t length)
{
	uint8_t key[CHACHA_KEY], block[CHACHA_BLOCK];
	__builtin_memcpy(key, generator->key, CHACHA_KEY);
	chacha_block(key, 0, zero_nonce, block);
	__builtin_memcpy(generator->key, block, CHACHA_KEY);

	/* The first block's second half, then whole blocks; 2^32 of them are more than a call may ask for. */
	uint8_t *to = out;
	const uint8_t *from = block + CHACHA_KEY;
	size_t left = CHACHA_BLOCK - CHACHA_KEY;
	for (uint32_t counter = 1;; counter++) {
		size_t part = length < left ? length : left;
		__builtin_memcpy(to, from, part);
		to += part;
		length -= part;
		if (!length)
			break;
		chacha_block(key, counter, zero_nonce, block);
		from = block;
		left = CHACHA_BLOCK;
	}
	/* A compiler may not leave out what it thinks nobody reads: keys and unused output must not stay on the stack. */
	__builtin_memset(key, 0, sizeof key);
	__builtin_memset(block, 0, sizeof block);
	__asm__ volatile("" : : "r"(key), "r"(block) : "memory");
}
