/* The memory map: from the firmware's descriptors and the loader's own claims to struct boot_memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"

/* No address from here on is used: the direct map has room for no more. */
#define MEMMAP_END (1ull << 46)

/* Ranges in any order, overlapping or not. */
struct memmap_pieces {
	struct boot_memory *pieces;
	uint32_t capacity;
	uint32_t count;
};

/* False when there is no room for another. Empty ranges and what lies beyond MEMMAP_END is left out. */
bool memmap_add(struct memmap_pieces *pieces, uint64_t start, uint64_t length, enum boot_memory_type type)
        __attribute__((warn_unused_result));

/* Adds all descriptors of GetMemoryMap (UEFI 2.10, 7.2.3), `descriptor_size` bytes each. False when there is no room. */
bool memmap_add_firmware(struct memmap_pieces *pieces, const void *descriptors, uint64_t size, uint64_t descriptor_size)
        __attribute__((warn_unused_result));

/*
 * Writes what bootinfo promises: sorted, page-aligned, not overlapping, neighbours of one type merged. Where pieces overlap,
 * the type with the highest number counts: the loader's claims over its raw memory, and trouble over use. Needs at most
 * 2 * pieces->count entries; false when `capacity` is too small.
 */
bool memmap_resolve(const struct memmap_pieces *pieces, struct boot_memory *out, uint32_t capacity, uint32_t *out_count)
        __attribute__((warn_unused_result));
