/*
 * Addresses of different kinds are different types, so that the compiler refuses to mix them: struct paddr is physical,
 * struct uaddr is what a program says, and only a plain pointer can be followed by the kernel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SIZE 4096ull
#define PAGE_SHIFT 12
#define PAGE_MASK (PAGE_SIZE - 1)

/* Rounded up to whole pages; 0 for the last bytes of the 64 bits, which callers rule out. */
static inline uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

struct paddr {
	uint64_t raw;
};

struct uaddr {
	uint64_t raw;
};

static inline struct paddr paddr(uint64_t raw)
{
	return (struct paddr){raw};
}

static inline struct uaddr uaddr(uint64_t raw)
{
	return (struct uaddr){raw};
}

static inline struct paddr paddr_add(struct paddr address, uint64_t offset)
{
	return (struct paddr){address.raw + offset};
}
