/* Memory for kernel objects of one size: whole pages cut into equal zeroed pieces, returned to the pages when all are free. */
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

#define SLAB_INIT(slab_name, type) \
	{ \
		(slab_name), (sizeof(type) + 15) / 16 * 16, 0, 0, 0, LOCK_INIT(RANK_SLAB, slab_name) \
	}

void *slab_alloc(struct slab *slab) __attribute__((warn_unused_result)); /* zeroed; 0: no memory */
void slab_free(struct slab *slab, void *piece);                          /* zeroes it */
