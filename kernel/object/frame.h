/*
 * Frames: sized pieces of memory, which vmems map and programs read and write by handle.
 *
 * A lazy frame's pages are in a radix tree (mm/page_tree.h); a page is charged to the frame's group, allocated and filled with
 * zeros when it is first touched. Every other frame is one range of physical memory: a contiguous one owns it, has it whole from
 * the start, and zeroes each page when it is first touched; a device frame and one over existing pages (initfs, root's ELF, the
 * time page) do not own theirs. Only lazy frames can change their length and be cloned.
 *
 * A clone shares the nodes of its original's tree (frame_clone.c); frames that share nodes are a family and have one lock. A page
 * that is shared is copied when one of them writes to it. No entry of a page table lets write to a shared page, but while the call
 * that clones is under way, so that every write to one is a fault, or goes through frame_find.
 *
 * A page that somebody got from frame_find stays at least until the CPU leaves the kernel, like everything that is freed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/syscalls.h"
#include "arch/paging.h"
#include "core/lock.h"
#include "lib/address.h"
#include "lib/digital_tree.h"
#include "mm/page_tree.h"
#include "object/object.h"

#define FRAME_OVER 0x200u          /* in `flags` beside FRAME_* of the ABI: over pages that exist already */
#define FRAME_OVER_WRITABLE 0x400u /* and a program may write these if its handle says so */

#define FRAME_LENGTH_MAX (1ull << 46)
#define FRAME_CONTIGUOUS_MAX (4ull << 20)

/* What is being done with all mappings of a frame, one after the other (frame_walk.c). */
enum frame_walk {
	FRAME_STANDS,
	FRAME_SHRINKS,  /* pages beyond the end leave the page tables */
	FRAME_PROTECTS, /* no entry lets write any more */
	FRAME_REPLACES, /* one page leaves the page tables, because it will be another */
};

struct frame_family {
	struct lock lock;
	uint32_t frames;
};

struct frame {
	struct object object;
	struct lock own_lock;        /* guards everything below, */
	struct lock *lock;           /* or the family's does: this one (frame_acquire) */
	struct frame_family *family; /* 0: it was never cloned */
	struct page_tree tree;
	uint64_t length;        /* bytes, a multiple of the page size */
	uint64_t end;           /* bytes that frame_read reads for others than who manages it; written and read as one word */
	uint32_t flags;         /* FRAME_*; fixed when made */
	uint32_t cache;         /* CACHE_*; fixed when made */
	struct paddr start;     /* of a frame that is not lazy */
	uint64_t *touched;      /* of a contiguous one: a bit for each page that was zeroed */
	uint64_t range_pages;   /* of a contiguous one, charged */
	uint64_t resident;      /* pages that it has */
	bool one_way;           /* fresh memory: no handle leads to it, and at most one mapping to each page */
	bool shrinking;         /* `length` was set, and pages beyond it may be in mappings and in the tree */
	uint8_t walk;           /* enum frame_walk */
	uint32_t walk_number;   /* of this walk, or the last one */
	uint64_t walk_index;    /* FRAME_REPLACES: the page's */
	uint64_t walk_progress; /* in the mapping that the walk is at */
	struct vmem_mapping *walk_at;
	struct vmem_mapping *mappings; /* where it is mapped (vmem.h) */
	struct digital_tree futexes;   /* offsets of shared words that threads wait at (object/futex.h) */

	/* The clone that a process_clone under way has made of it, if the stamp is that call's (vmem_clone.c). */
	uint64_t clone_stamp;
	struct frame *clone;
};

static inline void frame_acquire(struct frame *frame)
{
	for (;;) {
		struct lock *lock = __atomic_load_n(&frame->lock, __ATOMIC_ACQUIRE);
		lock_acquire(lock);
		if (__builtin_expect(lock == frame->lock, 1))
			return;
		lock_release(lock); /* it got a family meanwhile */
	}
}

static inline void frame_release(struct frame *frame)
{
	lock_release(frame->lock);
}

static inline bool frame_is_lazy(const struct frame *frame)
{
	return !(frame->flags & (FRAME_CONTIGUOUS | FRAME_DEVICE | FRAME_OVER));
}

/*
 * Length in bytes, rounded up to whole pages; flags of the ABI. TOO_LARGE, BAD_ARGUMENT (length 0, flags), QUOTA, NO_MEMORY. The
 * caller gets a reference.
 */
uint32_t frame_create(struct group *group, uint64_t length, uint32_t flags, struct frame **out)
        __attribute__((warn_unused_result));

/* A page of zeros, which is there from the start and needs no tree. */
uint32_t frame_create_page(struct group *group, struct frame **out) __attribute__((warn_unused_result));

/* BAD_ARGUMENT: not whole pages, or beyond what the CPU can express; DENIED: a part is RAM. */
uint32_t frame_create_device(struct group *group, struct paddr start, uint64_t length, uint32_t cache, struct frame **out)
        __attribute__((warn_unused_result));

/*
 * A frame of the kernel's own over pages that exist already: never freed, never resized, and writable for programs only with
 * FRAME_OVER_WRITABLE.
 */
uint32_t frame_create_over(struct group *group, struct paddr start, uint64_t length, struct frame **out)
        __attribute__((warn_unused_result));

/*
 * The page at a byte offset (frame_pages.c). LOOK leaves an absent one absent (PAGE_ABSENT), READ and WRITE fill it with zeros;
 * WRITE makes it the frame's own. `by`: the mapping that it is wanted for, whose vmem's lock is held, or 0. NO_MEMORY, QUOTA,
 * BAD_ADDRESS (beyond the end); FRAME_MORE: it cannot be had before something else is done, of which frame_settle does a step,
 * without any lock.
 */
enum frame_access { FRAME_LOOK, FRAME_READ, FRAME_WRITE };
struct frame_found {
	struct paddr page;
	bool own;      /* no other frame has it: an entry may let write to it */
	bool replaced; /* it was another until now: an entry of the mapping `by` leads there */
};
uint32_t frame_find(struct frame *frame, uint64_t offset, enum frame_access access, const struct vmem_mapping *by,
        struct frame_found *out) __attribute__((warn_unused_result));

/*
 * Up to PAGES_GATHERED pages side by side at once, as LOOK finds them: those with a bit in `wanted`, the first at the offset. Answers a bit for
 * each that is there and may be mapped now, with its address, and in *out_own one for each that is the frame's own.
 */
uint64_t frame_look(struct frame *frame, uint64_t offset, uint64_t wanted, struct paddr out_pages[static PAGES_GATHERED],
        uint64_t *out_own);

/* The first offset at or above one where there is a page; FRAME_END: there is none. Of a frame that is not lazy all are there. */
uint64_t frame_next(struct frame *frame, uint64_t offset);

/* A copy of a page that is shared takes its place, in a frame that is held, and whose mappings have no entry for it. */
uint32_t frame_replace_page(struct frame *frame, uint64_t index, struct frame_found *out) __attribute__((warn_unused_result));

/*
 * Longer: absent pages at the end. Shorter: pages beyond are taken out of every mapping and freed, one bounded step per call:
 * FRAME_MORE asks to be called again with the same arguments, and the new length counts at once. NOT_SUPPORTED unless it is lazy;
 * QUOTA, NO_MEMORY: nothing changed.
 */
#define FRAME_MORE 0x10000u
uint32_t frame_resize(struct frame *frame, uint64_t length) __attribute__((warn_unused_result));

/*
 * Takes pages of a lazy frame out, from byte *offset on, below `end`, at most *budget of them or of nodes that it shares, which
 * are taken off the budget; true when there are no more. Nobody may have them mapped. What lies in nodes that are shared and only partly in the range stays,
 * if there is no memory for copies of these, until the frame's end.
 */
bool frame_discard(struct frame *frame, uint64_t *offset, uint64_t end, unsigned *budget);

bool frame_discard_locked(struct frame *frame, uint64_t *offset, uint64_t end, unsigned *budget);

/* Makes nodes that are shared, and have pages before and behind an offset, the frame's own. The frame is held. QUOTA, NO_MEMORY. */
uint32_t frame_cut(struct frame *frame, uint64_t offset) __attribute__((warn_unused_result));
#define FRAME_END (PAGE_TREE_INDEX_END * PAGE_SIZE) /* no frame has pages from here on */

/*
 * A step of what is under way with a frame, so that something else can be done with it: whoever wants that helps, and nobody waits.
 * True when nothing is.
 */
bool frame_settle(struct frame *frame);

/* The same for who holds it; it may be let go in between. A walk begins where none is under way. */
void frame_walk_begin(struct frame *frame, enum frame_walk walk, uint64_t index);
void frame_walk_step(struct frame *frame);
bool frame_settle_locked(struct frame *frame);
bool frame_shrink_step(struct frame *frame); /* true when done */

/*
 * A new frame with the same content, charged to a group: a clone, which shares what neither writes. FRAME_MORE: frame_settle first.
 * NOT_SUPPORTED unless it is lazy; QUOTA, NO_MEMORY; TOO_LARGE: its family has too many frames. Pages may still be written to
 * through mappings of the original until frame_clone_finish, called with the same *walk again and again, answers true.
 */
uint32_t frame_clone(struct frame *frame, struct group *group, struct frame **out) __attribute__((warn_unused_result));
bool frame_clone_finish(struct frame *frame, uint64_t *walk);

/* At its end. */
void frame_leave_family(struct frame *frame);

/* For frame_clone: a frame without pages. */
uint32_t frame_create_empty(struct group *group, uint64_t length, uint32_t flags, struct frame **out)
        __attribute__((warn_unused_result));

/*
 * From kernel memory, within one page of the frame. As frame_find, and NOT_SUPPORTED for device memory, which the kernel does not
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
