/*
 * Frames: sized pieces of memory. A lazy one's pages are in a radix tree (mm/page_tree.h), filled with zeros when first touched
 * and charged to the frame's group; a contiguous one is filled at once; a device one has no pages of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"
#include "mm/page_tree.h"
#include "object/object.h"
#include "core/lock.h"

struct frame {
	struct object object;
	struct lock lock; /* tree, length */
	struct page_tree tree;
	uint64_t length;     /* bytes, a multiple of the page size */
	uint32_t flags;      /* FRAME_* */
	uint32_t cache;      /* CACHE_*, fixed when made */
	struct paddr device; /* of a device frame: its start */
	uint64_t resident;   /* pages */
	struct vmem_mapping
	        *mappings; /* where it is mapped, so that a shrink can take pages away (vmem.h, guarded by `lock`) */
};

uint32_t frame_create(struct group *group, uint64_t length, uint32_t flags, struct frame **out);
uint32_t frame_create_device(struct group *group, struct paddr start, uint64_t length, uint32_t cache, struct frame **out);

/* A lazy frame of the kernel's own over pages that exist already (initfs, root's ELF, the time page): never freed. */
uint32_t frame_create_over(struct group *group, struct paddr start, uint64_t length, struct frame **out);

/* The page at a byte offset; filled if it is absent and `fill`. NO_MEMORY, QUOTA, PAGE_ABSENT, BAD_ADDRESS (beyond the end). */
uint32_t frame_page(struct frame *frame, uint64_t offset, bool fill, struct paddr *out);

uint32_t frame_resize(struct frame *frame, uint64_t length);

/* Between a frame and kernel memory, at most a page at a time; absent pages read as zeros. */
uint32_t frame_copy_out(struct frame *frame, uint64_t offset, void *to, uint64_t length);
uint32_t frame_copy_in(struct frame *frame, uint64_t offset, const void *from, uint64_t length);

bool frame_destroy_step(struct object *object);
