/* Randomness: a seed for the kernel, and where the loader puts things. */
#pragma once

#include <stdint.h>

struct seed {
	uint32_t source;            /* SEED_* of abi/bootinfo.h */
	uint8_t bytes[64];          /* zero where the source is SEED_NONE */
	uint64_t slide, direct_map; /* not part of the bytes, so neither tells anything about the other */
};

/* Never fails: without a source the two words are made of the time stamp counter, which is better than constants. */
void seed_read(struct seed *out);
