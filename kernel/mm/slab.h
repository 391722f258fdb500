/*
 * Memory for kernel objects of one size: whole pages cut into equal zeroed pieces, returned to the pages when all are free. A
 * page begins with its own account, one bit per piece, so that a second free is caught and no free piece holds a link.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/lock.h"

struct slab_page;

struct slab {
	const char *name;
	uint32_t size; /* of a piece, a multiple of 16 */
	uint32_t per_page;
	uint64_t used;
	struct slab_page *partial; /* pages with free pieces */
	struct lock lock;
};

#define SLAB_SIZE_MAX 2016 /* bytes; two to a page */

#define SLAB_INIT(slab_name, type) \
	{ \
		(slab_name), (sizeof(type) + 15) / 16 * 16, 0, 0, 0, LOCK_INIT(RANK_SLAB, slab_name) \
	}

void *slab_alloc(struct slab *slab) __attribute__((warn_unused_result)); /* zeroed; 0: no memory */
void slab_free(struct slab *slab, void *piece);                          /* zeroes it */

/* Pages that all slabs together consist of. */
uint64_t slab_pages(void);
