/*
 * An address space becomes a copy of another, for process_clone. In steps, mapping after mapping in the order of addresses, while
 * other threads go on with the original: what they change behind the cursor is not copied any more, what they change before it is.
 *
 * Mappings with MAP_SHARE, those that can never be written to, and those of physical ranges have the same frame in both.
 * MAP_NO_INHERIT and control blocks are left out. Each other frame is cloned, once for all mappings of it; then the original's
 * entries for it cease to let write. What the original has in its page table the copy gets too, up to a limit, because it will
 * touch most of that, and a fault for each page costs far more.
 */
#pragma once

#include "object/vmem.h"

struct vmem_clone {
	struct vmem *from, *to; /* borrowed; nobody else has `to` yet */
	uint64_t stamp;         /* of this clone, for frames */
	uint64_t at;            /* below it everything is copied but for entries */
	uint64_t entries_at;    /* from here to `at` entries are to be looked at */
	struct frame *frame;    /* of the mapping that has them, in the copy */
	uint64_t offset;        /* in it, of entries_at */
	uint32_t flags;         /* of that mapping */
	bool protects;          /* it is a clone's */
	bool flushes;           /* entries of the original have changed */
	unsigned pages_left;    /* that the copy may get */

	/* A frame that was just cloned and has other mappings than the original's: references. */
	struct frame *source, *clone;
	uint64_t walk;
	bool walked;
};

void vmem_clone_begin(struct vmem_clone *clone, struct vmem *from, struct vmem *to);

/* ERR_OK when done, VMEM_MORE; QUOTA, NO_MEMORY, TOO_LARGE, EXISTS (in the way of the copy's control block). */
uint32_t vmem_clone_step(struct vmem_clone *clone) __attribute__((warn_unused_result));

/* After its end, however it ended. */
void vmem_clone_end(struct vmem_clone *clone);
