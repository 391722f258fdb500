/*
 * What the parts of a vmem (vmem*.c) share: making, splitting and ending single mappings, and cleaning up after those that were
 * taken away. The vmem's lock is held unless a function says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/vmem.h"

/* Work that fits into one hold of a lock, in units of some ten instructions. */
#define VMEM_BUDGET 200u

static inline struct page_rights vmem_mapping_rights(const struct vmem_mapping *mapping)
{
	return (struct page_rights){
	        .writable = mapping->flags & MAP_WRITE,
	        .executable = mapping->flags & MAP_EXECUTE,
	        .device = mapping->frame->flags & FRAME_DEVICE,
	        .cache = (enum page_cache)mapping->frame->cache,
	};
}

/* A mapping that is in no tree and takes over the caller's reference to the frame on success. QUOTA, NO_MEMORY, TOO_LARGE. */
uint32_t vmem_mapping_create(struct vmem *vmem, struct frame *frame, struct vmem_mapping **out)
        __attribute__((warn_unused_result));

/* Takes back what create did; the frame's reference is the caller's again. */
void vmem_mapping_free(struct vmem_mapping *mapping);

/* Puts a mapping whose fields are set into the tree and into the frame's list (frame_add_mapping says where). */
void vmem_mapping_insert(struct vmem_mapping *mapping, struct vmem_mapping *after);

/* A mapping that has the address in its middle becomes two. QUOTA, NO_MEMORY, TOO_LARGE; then nothing changed. */
uint32_t vmem_mapping_split(struct vmem *vmem, uint64_t address) __attribute__((warn_unused_result));

/* A mapping that starts at the address becomes a part of the one that ends there, if the two could have been one. */
void vmem_mapping_join(struct vmem *vmem, uint64_t address);

/* Takes everything in the range away, to be cleaned up. Fails like a split, and then nothing changed. */
uint32_t vmem_discard(struct vmem *vmem, uint64_t start, uint64_t end) __attribute__((warn_unused_result));

/* Cleans up within the budget; true when nothing is discarded any more. */
bool vmem_clean(struct vmem *vmem, unsigned budget);

/* The last act of every call that changes mappings, without the lock: cleans up, whoever left it. ERR_OK or VMEM_MORE. */
uint32_t vmem_finish(struct vmem *vmem);

/* Takes pages out of the page table from *at on; true when `end` is reached. */
bool vmem_clear(struct vmem *vmem, uint64_t *at, uint64_t end, unsigned *budget);

/* A page that is another now. */
void vmem_forget_page(struct vmem *vmem, uint64_t address);

/* After table entries of a range have changed. */
void vmem_flush(const struct vmem *vmem, uint64_t start, uint64_t end);

/* A reference to a frame goes; one that no handle leads to ends at once, because nobody else can know it. Needs no lock. */
void vmem_release_frame(struct frame *frame, bool fresh);

/* A free range of this length by chance, or NO_SPACE (vmem_place.c). */
uint32_t vmem_place(struct vmem *vmem, uint64_t length, uint32_t flags, uint64_t *out_address)
        __attribute__((warn_unused_result));

/* Chooses a new arena. */
void vmem_place_arena(struct vmem *vmem);

/* Tables that mapping one page may need are paid for. QUOTA. What was paid for tables that are gone (vmem.c). */
uint32_t vmem_charge_tables(struct vmem *vmem) __attribute__((warn_unused_result));
void vmem_return_tables(struct vmem *vmem);
