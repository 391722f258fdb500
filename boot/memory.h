/* The pages that the loader takes from the firmware, and what each is for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"
#include "failure.h"
#include "memmap.h"

#define MEMORY_PAGE 4096ul

/*
 * Takes whole pages for `length` bytes; *out has their start and exactly `length`. Their contents are anything. They belong to
 * the kernel once it is started; until then memory_free or memory_free_all gives them back. False when there is no such memory.
 */
bool memory_allocate(uint64_t length, enum boot_memory_type type, struct boot_range *out) MUST_CHECK;

/* The same at one place. */
bool memory_allocate_at(uint64_t start, uint64_t length, enum boot_memory_type type, struct boot_range *out) MUST_CHECK;

/* Gives back what was allocated as *range and clears it; nothing if its length is 0. */
void memory_free(struct boot_range *range);
void memory_free_all(void);

/* From now on only the first `length` bytes of the range are of its type, the rest is the loader's. */
void memory_shrink(const struct boot_range *range, uint64_t length);

/* Adds every range with its type. False when there is no room. */
bool memory_claims(struct memmap_pieces *pieces) MUST_CHECK;

/* For a range that lives as long as its scope. */
#define MEMORY_SCOPED __attribute__((cleanup(memory_free)))

static inline void *memory_at(const struct boot_range *range)
{
	return (void *)range->start; /* the firmware maps memory where it is */
}
