/*
 * Address spaces: mappings of frames that do not overlap, and the page tables that follow from them. Pages are mapped when first
 * touched. A vmem may outlive its processes and is destroyed in steps.
 *
 * The mappings are the truth and the page table is only a memory of it: an entry may be cleared at any time and comes back with
 * the next fault. That is what makes long calls possible in bounded steps. A call that takes mappings away cuts them out of the
 * tree at once, which cannot fail half-way and after which no page of theirs can be mapped any more. They are then *discarded*:
 * step by step their entries leave the page table, and only then are the pages freed and the frames let go. Every call that
 * changes mappings ends when nothing is discarded any more, whoever discarded it, so that nobody meets a stale entry after it.
 *
 * Who pays: the vmem's group, for the page tables, for a page for each 32 mappings, and for fresh memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/syscalls.h"
#include "arch/paging.h"
#include "core/lock.h"
#include "lib/digital_tree.h"
#include "object/control_blocks.h"
#include "object/frame.h"
#include "object/object.h"

struct vmem;

/* `flags` of the ABI that a mapping keeps, and beside them: the frame is fresh memory, which no handle leads to. */
#define MAPPING_TOLD (MAP_READ | MAP_WRITE | MAP_EXECUTE | MAP_SHARE | MAP_NO_INHERIT)
#define MAPPING_FRESH 0x100u
#define MAPPING_CONTROL 0x200u /* control blocks, which a clone of the process has of its own */

struct vmem_mapping {
	struct vmem *vmem;
	struct frame *frame; /* holds a reference */
	uint64_t start, end; /* bytes, page-aligned */
	uint64_t offset;     /* in the frame */
	uint32_t flags;
	uint32_t rights; /* MAP_READ|WRITE|EXECUTE that vmem_protect may set: what the frame's handle conveyed */

	struct vmem_mapping *left, *right; /* in the vmem's tree, by start, or in a discarded one (vmem_tree.h) */
	uint32_t priority;
	struct vmem_mapping *next_discarded;
	uint64_t cleared; /* of a discarded one: below this address it is out of the page table */

	struct vmem_mapping *next_of_frame, **link_of_frame; /* guarded by the frame's lock */
};

struct vmem {
	struct object object;
	struct lock lock; /* everything below but the control blocks, which have their own */
	struct page_table table;
	struct vmem_mapping *root;
	struct vmem_mapping *last;      /* that a page was found in, 0: unknown */
	struct vmem_mapping *discarded; /* trees of mappings that were taken away, linked by their roots */
	uint64_t arena;                 /* where small mappings lie together */
	uint64_t arena_next;            /* where the search for room in it begins */
	uint64_t arena_end;             /* from here on it was never used */
	uint64_t chance;                /* state of a generator of the mappings' priorities, which no program sees */
	uint64_t tables_charged;
	uint64_t resident; /* pages in the page table */
	uint64_t mapped;   /* bytes of all mappings, discarded ones included */
	uint32_t mapping_count;
	uint32_t processes;          /* whose address space it is */
	struct digital_tree futexes; /* addresses that threads wait at (object/futex.h), guarded by `lock` */
	struct control_blocks blocks;
};

#define VMEM_MAPPINGS_MAX 65536u

/*
 * Not an error, and never told to a program: the call did a part of its work, some 2,000 instructions, and wants to be called
 * again with the same arguments. `progress` is 0 at the first call and the callee's business in between; who gives up half-way
 * leaves nothing that the next call on this vmem or its end would not clean up.
 */
#define VMEM_MORE 0x10000u

/* The caller gets a reference. QUOTA, NO_MEMORY. */
uint32_t vmem_create(struct group *group, struct vmem **out) __attribute__((warn_unused_result));

/*
 * address 0: a random free place. frame 0: fresh memory of its own. `allowed` is what the handle's rights let be mapped
 * (MAP_READ|WRITE|EXECUTE). WRITE and EXECUTE mean READ too, as the hardware does. All or nothing.
 * BAD_ARGUMENT (alignment, length 0, unknown flags, writable and executable, beyond the frame's end, an address that may not be
 * mapped), NO_RIGHT, EXISTS, NO_SPACE, NO_MEMORY, QUOTA, TOO_LARGE (too many mappings); VMEM_MORE.
 */
uint32_t vmem_map(struct vmem *vmem, uint64_t address, uint64_t length, uint32_t flags, struct frame *frame, uint64_t offset,
        uint32_t allowed, uint64_t *progress, uint64_t *out_address) __attribute__((warn_unused_result));

/* BAD_ARGUMENT; QUOTA, NO_MEMORY, TOO_LARGE if a mapping is to be split; VMEM_MORE. Nothing mapped there is no error. */
uint32_t vmem_unmap(struct vmem *vmem, uint64_t address, uint64_t length, uint64_t *progress)
        __attribute__((warn_unused_result));

/* BAD_ARGUMENT, BAD_ADDRESS (a part is not mapped), NO_RIGHT, QUOTA, NO_MEMORY, TOO_LARGE; VMEM_MORE. */
uint32_t vmem_protect(struct vmem *vmem, uint64_t address, uint64_t length, uint32_t flags, uint64_t *progress)
        __attribute__((warn_unused_result));

/*
 * Makes the page at `address` present for this access, filling or copying it if needed. BAD_ADDRESS: a real fault; NO_MEMORY,
 * QUOTA: the page cannot be had now; VMEM_MORE: it takes another step.
 */
uint32_t vmem_fault(struct vmem *vmem, uint64_t address, bool write, bool execute) __attribute__((warn_unused_result));

/* Copies with the current process's memory (its vmem is active), filling pages. Returns the bytes copied; less: BAD_ADDRESS. */
uint64_t vmem_copy_in(struct vmem *vmem, void *to, uint64_t from, uint64_t length);
uint64_t vmem_copy_out(struct vmem *vmem, uint64_t to, const void *from, uint64_t length);

/*
 * Between the current address space (at `own`) and another, at most VMEM_COPY_QUICK bytes: all of them, where all is there, which is
 * usual. False: vmem_copy_across is to do it, from the beginning.
 */
#define VMEM_COPY_QUICK 16384u
bool vmem_copy_quickly(struct vmem *other, uint64_t address, uint64_t own, uint64_t length, bool to_own);

/* Between two address spaces, of which one may be the current one, at most `length` bytes in one bounded step (the caller limits it); returns the bytes copied. */
uint64_t vmem_copy_across(struct vmem *to_vmem, uint64_t to, struct vmem *from_vmem, uint64_t from, uint64_t length);

/* Maps pages that frames have, of a mapping that begins at an address: MAP_READY. To save faults: what does not go, comes later. */
void vmem_make_ready(struct vmem *vmem, uint64_t address, uint64_t length);

/*
 * A page of pinned memory for control blocks: mapped read and write for the program at a random place, and reachable by the
 * kernel. The caller gets a reference to its frame, which keeps the page whatever the program unmaps. QUOTA, NO_MEMORY, NO_SPACE,
 * TOO_LARGE; VMEM_MORE, with nothing left to remember in between.
 */
uint32_t vmem_map_pinned(struct vmem *vmem, uint64_t *out_address, void **out_kernel, struct frame **out_frame)
        __attribute__((warn_unused_result));

/* The same at this very place; EXISTS. */
uint32_t vmem_map_pinned_at(struct vmem *vmem, uint64_t address, void **out_kernel, struct frame **out_frame)
        __attribute__((warn_unused_result));

/*
 * It becomes the address space of one more process, or with `alone` of the only one: false, it is another's already. A reference
 * is the caller's business. vmem_leave takes that back, and answers how many processes are left.
 */
bool vmem_join(struct vmem *vmem, bool alone) __attribute__((warn_unused_result));
uint32_t vmem_leave(struct vmem *vmem);

/*
 * For a frame's walk over its mappings: entries of this mapping, which began at `start` and may have gone since it was looked up,
 * for bytes [from, to) of the frame leave the page table, or only cease to let write. A bounded step from `progress` on; true when
 * done.
 */
struct vmem_forgetting {
	const struct vmem_mapping *mapping;
	const struct frame *frame;
	uint64_t start, from, to;
	bool writing_only;
	uint64_t progress;
};
bool vmem_forget(struct vmem *vmem, struct vmem_forgetting *what);

bool vmem_destroy_step(struct object *object);
