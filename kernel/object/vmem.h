/*
 * Address spaces: mappings of frames that do not overlap, and the page tables that follow from them. Pages are mapped when first
 * touched. A vmem may outlive its processes and is destroyed in steps.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/paging.h"
#include "core/lock.h"
#include "lib/digital_tree.h"
#include "object/frame.h"
#include "object/object.h"

struct vmem;

struct vmem_mapping {
	struct vmem *vmem;
	struct frame *frame; /* holds a reference */
	uint64_t start, end; /* bytes, page-aligned */
	uint64_t offset;     /* in the frame */
	uint32_t flags;      /* MAP_READ|WRITE|EXECUTE|SHARE */
	uint32_t rights;     /* MAP_READ|WRITE|EXECUTE that vmem_protect may set: what the frame's handle conveyed */
	struct vmem_mapping *left, *right; /* balanced tree by start */
	uint32_t priority;
	struct vmem_mapping *next_of_frame, **link_of_frame;
};

struct vmem {
	struct object object;
	struct lock lock; /* mappings and page table */
	struct page_table table;
	struct vmem_mapping *root;
	uint64_t mapped;   /* bytes */
	uint64_t resident; /* pages in the page table */
	uint32_t mapping_count;
	struct digital_tree futexes; /* addresses that threads wait at (object/futex.h), guarded by `lock` */
};

#define VMEM_MAPPINGS_MAX 65536u

uint32_t vmem_create(struct group *group, struct vmem **out);

/*
 * address 0: a random free place. frame 0: fresh memory of its own. `allowed` is what the handle's rights let be mapped
 * (MAP_READ|WRITE|EXECUTE). Errors: BAD_ARGUMENT (alignment, length 0, writable and executable), NO_RIGHT, EXISTS, NO_SPACE,
 * NO_MEMORY, QUOTA, TOO_LARGE. All or nothing.
 */
uint32_t vmem_map(struct vmem *vmem, uint64_t address, uint64_t length, uint32_t flags, struct frame *frame, uint64_t offset,
        uint32_t allowed, uint64_t *out_address);
uint32_t vmem_unmap(struct vmem *vmem, uint64_t address, uint64_t length);
uint32_t vmem_protect(struct vmem *vmem, uint64_t address, uint64_t length, uint32_t flags);

/* Makes the page at `address` present for this access, filling it if needed. BAD_ADDRESS: a real fault. */
uint32_t vmem_fault(struct vmem *vmem, uint64_t address, bool write, bool execute);

/* The physical page behind an address for an access that the kernel makes through the direct map; fills it. */
uint32_t vmem_page(struct vmem *vmem, uint64_t address, bool write, struct paddr *out);

/* Copies with the current process's memory (its vmem is active), filling pages. Returns the bytes copied; less: BAD_ADDRESS. */
uint64_t vmem_copy_in(struct vmem *vmem, void *to, uint64_t from, uint64_t length);
uint64_t vmem_copy_out(struct vmem *vmem, uint64_t to, const void *from, uint64_t length);

/* Between two address spaces, at most `length` bytes in one bounded step (the caller limits it); returns the bytes copied. */
uint64_t vmem_copy_across(struct vmem *to_vmem, uint64_t to, struct vmem *from_vmem, uint64_t from, uint64_t length);

/*
 * A page of pinned memory for control blocks: mapped read and write for the program at a random place, and reachable by the
 * kernel. The caller gets a reference to its frame, which keeps the page whatever the program unmaps.
 */
uint32_t vmem_map_pinned(struct vmem *vmem, uint64_t *out_address, void **out_kernel, struct frame **out_frame);

bool vmem_destroy_step(struct object *object);
