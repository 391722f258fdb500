/*
 * Where a process's control blocks lie: four to a page of pinned memory (vmem_map_pinned), allotted when a thread is created. A
 * page stays with the process until its end; its blocks are used again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/control_block.h"
#include "abi/errors.h"

struct process;
struct vmem;
struct control_page;

struct control_blocks {
	struct control_page *pages; /* all */
	struct control_page *free;  /* those with a free block */
};

struct control_block_place {
	struct control_page *page; /* 0: none */
	uint32_t index;
};

/* A zeroed block with its `self` written. QUOTA, NO_MEMORY, NO_SPACE, TOO_LARGE (mappings). */
uint32_t control_block_allot(struct process *process, struct control_block_place *out_place, struct control_block **out_kernel,
        uint64_t *out_address) __attribute__((warn_unused_result));

/* The same for an address space that is not the process's yet: of blocks that lie there. */
uint32_t control_block_allot_in(struct control_blocks *blocks, struct vmem *vmem, struct control_block_place *out_place,
        struct control_block **out_kernel, uint64_t *out_address) __attribute__((warn_unused_result));

/* The same at an address that a block of a clone's original has; the first of its process. EXISTS. */
uint32_t control_block_allot_at(struct control_blocks *blocks, struct vmem *vmem, uint64_t address,
        struct control_block_place *out_place, struct control_block **out_kernel) __attribute__((warn_unused_result));

/* Its address in the process, whatever the program has written into its `self`; 0: there is none. */
uint64_t control_block_address(const struct control_block_place *place);

void control_block_return(struct process *process, struct control_block_place *place);

/* Takes up to `budget` pages out of an address space that stays, and gives them back; true when all are gone. */
bool control_blocks_leave_step(struct control_blocks *blocks, struct vmem *vmem, unsigned budget);

/* Gives up to `budget` pages back; true when all are gone. No thread may be left. */
bool control_blocks_destroy_step(struct control_blocks *blocks, unsigned budget);
