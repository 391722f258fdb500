/*
 * Where the control blocks of an address space lie: four to a page of pinned memory (vmem_map_pinned), allotted when a thread is
 * created. A page stays with the address space until its end, and its blocks are used again, by threads of whichever process has
 * that memory: so a process that borrows its parent's memory costs no page.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/control_block.h"
#include "abi/errors.h"
#include "core/lock.h"

struct vmem;
struct control_page;

struct control_blocks {
	struct lock lock;           /* guards these */
	struct control_page *pages; /* all */
	struct control_page *free;  /* those with a free block */
};

struct control_block_place {
	struct control_page *page; /* 0: none */
	uint32_t index;
};

static inline void control_blocks_init(struct control_blocks *blocks)
{
	lock_init(&blocks->lock, RANK_BLOCKS, "blocks");
}

/* A zeroed block with its `self` written, for a thread there. QUOTA, NO_MEMORY, NO_SPACE, TOO_LARGE (mappings). */
uint32_t control_block_allot(struct vmem *vmem, struct control_block_place *out_place, struct control_block **out_kernel)
        __attribute__((warn_unused_result));

/* The same at an address that a block of a clone's original has; the first of its address space. EXISTS. */
uint32_t control_block_allot_at(struct vmem *vmem, uint64_t address, struct control_block_place *out_place,
        struct control_block **out_kernel) __attribute__((warn_unused_result));

/* Its address in the process, whatever the program has written into its `self`; 0: there is none. */
uint64_t control_block_address(const struct control_block_place *place);

/* The address space is still there. Nothing is done where there is no block. */
void control_block_return(struct control_block_place *place);

/* At the end of the address space: gives up to `budget` pages back; true when all are gone. No thread may be left. */
bool control_blocks_destroy_step(struct control_blocks *blocks, unsigned budget);
