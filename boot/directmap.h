/* The direct map: all RAM at one place in the kernel's half, with the rights that each part may have. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"
#include "paging.h"

struct directmap {
	const struct boot_memory *map; /* as memmap_resolve makes it */
	uint32_t count;
	const struct boot_range
	        *read_only; /* what must not be written though it is RAM: sorted, whole pages, not overlapping */
	uint32_t read_only_count;
};

struct directmap_piece {
	uint64_t start;
	uint64_t length;
	bool writable;
};

/* The first piece of RAM of one kind at or after `at`, as long as possible. False when there is none. */
bool directmap_next(const struct directmap *directmap, uint64_t at, struct directmap_piece *out);

/* End of the highest RAM. */
uint64_t directmap_end(const struct directmap *directmap);

/* Maps everything at `base`, a multiple of 1 GiB, never executable. False as paging_map. */
bool directmap_build(const struct directmap *directmap, uint64_t base, enum paging_size largest, struct paging *paging)
        __attribute__((warn_unused_result));

/* Of the tables that directmap_build can need at most. */
uint64_t directmap_tables_bound(const struct directmap *directmap, enum paging_size largest);
