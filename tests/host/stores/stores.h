/* Functions that store in many ways, made as a server's with state are; each changes what it is given. */
#pragma once

#include <stdint.h>

#define STORES_WORDS 512u

union stores_memory {
	uint64_t word[STORES_WORDS];
	unsigned char byte[STORES_WORDS * 8];
};

struct store {
	const char *name; /* ends the list: NULL */
	void (*act)(union stores_memory *memory);
};

extern const struct store stores[];
