/*
 * Frames: sized pieces of memory, which vmems map and programs read and write by handle.
 *
 * A lazy frame's pages are in a radix tree (mm/page_tree.h); a page is charged to the frame's group, allocated and filled with
 * zeros when it is first touched. Every other frame is one range of physical memory: a contiguous one owns it, has it whole from
 * the start, and zeroes each page when it is first touched; a device frame and one over existing pages (initfs, root's ELF, the
 * time page) do not own theirs. Only lazy frames can change their length.
 *
 * A page that somebody got from frame_page stays at least until the CPU leaves the kernel, like everything that is freed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/syscalls.h"
#include "core/lock.h"
#include "lib/address.h"
#include "mm/page_tree.h"
#include "object/object.h"

#define FRAME_OVER 0x200u /* in `flags` beside FRAME_* of the ABI: over pages that exist already */

#define FRAME_LENGTH_MAX (1ull << 46)
#define FRAME_CONTIGUOUS_MAX (4ull << 20)

struct frame {
	struct object object;
	struct lock lock; /* everything below */
	struct page_tree tree;
	uint64_t length;    /* bytes, a multiple of the page size */
	uint32_t flags;     /* FRAME_*; fixed when made */
	uint32_t cache;     /* CACHE_*; fixed when made */
	struct paddr start; /* of a frame that is not lazy */
	uint64_t *touched;  /* of a contiguous one: a bit for each page that was zeroed */
	uint64_t resident;  /* pages that it has */
	uint64_t pages_charged;

	struct vmem_mapping *mappings; /* where it is mapped (vmem.h), so that a shrink can take pages away */

	/* A shrink that is under way: mappings from `shrink_at` on may still have pages beyond the end, and so has the tree. */
	bool shrinking;
	struct vmem_mapping *shrink_at;
	uint64_t shrink_progress; /* in that mapping */
};

/*
 * Length in bytes, rounded up to whole pages; flags of the ABI. TOO_LARGE, BAD_ARGUMENT (length 0, flags), QUOTA, NO_MEMORY. The
 * caller gets a reference.
 */
uint32_t frame_create(struct group *group, uint64_t length, uint32_t flags, struct frame **out)
        __attribute__((warn_unused_result));

/* BAD_ARGUMENT: not whole pages, or beyond what the CPU can express; DENIED: a part is RAM. */
uint32_t frame_create_device(struct group *group, struct paddr start, uint64_t length, uint32_t cache, struct frame **out)
        __attribute__((warn_unused_result));

/* A frame of the kernel's own over pages that exist already: never freed, never resized, and never writable for programs. */
uint32_t frame_create_over(struct group *group, struct paddr start, uint64_t length, struct frame **out)
        __attribute__((warn_unused_result));

/* The page at a byte offset; filled if it is absent and `fill`. NO_MEMORY, QUOTA, PAGE_ABSENT, BAD_ADDRESS (beyond the end). */
uint32_t frame_page(struct frame *frame, uint64_t offset, bool fill, struct paddr *out) __attribute__((warn_unused_result));

/*
 * Longer: absent pages at the end. Shorter: pages beyond are taken out of every mapping and freed, one bounded step per call:
 * FRAME_MORE asks to be called again with the same arguments, and the new length counts at once. NOT_SUPPORTED unless it is lazy.
 */
#define FRAME_MORE 0x10000u
uint32_t frame_resize(struct frame *frame, uint64_t length) __attribute__((warn_unused_result));

/*
 * Frees pages of a lazy frame from byte *offset on, below `end`, at most `budget` of them; true when there are no more. Nobody
 * may have them mapped.
 */
bool frame_discard(struct frame *frame, uint64_t *offset, uint64_t end, unsigned budget);

bool frame_discard_locked(struct frame *frame, uint64_t *offset, uint64_t end, unsigned budget);
#define FRAME_END (PAGE_TREE_INDEX_END * PAGE_SIZE) /* no frame has pages from here on */

/*
 * From kernel memory, within one page of the frame. As frame_page, and NOT_SUPPORTED for device memory, which the kernel does not
 * reach, and for pages of the kernel's own, which may be only for reading.
 */
uint32_t frame_copy_in(struct frame *frame, uint64_t offset, const void *from, uint64_t length)
        __attribute__((warn_unused_result));

/*
 * The list of mappings, kept by vmem_mapping.c, which holds the vmem's lock. One that was split off has pages in the page table
 * and comes `after` the one that it was split from; a new one comes first (0).
 */
void frame_add_mapping(struct frame *frame, struct vmem_mapping *mapping, struct vmem_mapping *after);
void frame_remove_mapping(struct frame *frame, struct vmem_mapping *mapping);

bool frame_destroy_step(struct object *object);
