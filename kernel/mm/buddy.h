/*
 * Blocks of 2^order physical pages, split and joined again with their buddies. The state of a page is one byte; only the first
 * page of a block has one that is not zero, so that a range of any size becomes free by writing one byte for each of its
 * largest aligned blocks, whatever the size of the machine. States lie in sections of 128 MiB, absent where there is no memory
 * to hand out, and links of free blocks lie in the blocks themselves. Behind the states of a section lie notes, 32 bits for each
 * page, which nobody here looks at.
 *
 * Holds no lock: mm/pages.c does for every call. An allocated block's state and notes belong to whoever holds the block.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"

#define BUDDY_ORDER_MAX 10 /* 4 MiB */
#define BUDDY_SECTION_SHIFT 15
#define BUDDY_SECTION_PAGES (1ull << BUDDY_SECTION_SHIFT)
#define BUDDY_SECTION_BYTES (BUDDY_SECTION_PAGES * (sizeof(uint8_t) + sizeof(uint32_t)))

enum { BUDDY_BELOW_4G, BUDDY_ABOVE_4G, BUDDY_ZONES };

/* States: of the first page of an allocated block, of a free one, and of a page in a CPU's stack of recent pages. */
#define BUDDY_USED 0x10u /* + order */
#define BUDDY_FREE 0x20u /* + order */
#define BUDDY_RECENT 0x30u

extern uint8_t **buddy_sections;

/* Starts empty. `sections` has room for `count` addresses, zero but for sections with memory: BUDDY_SECTION_BYTES. */
void buddy_init(uint8_t **sections, uint64_t count);

static inline uint8_t *buddy_state(struct paddr page)
{
	uint64_t number = page.raw >> PAGE_SHIFT;
	return &buddy_sections[number >> BUDDY_SECTION_SHIFT][number & (BUDDY_SECTION_PAGES - 1)];
}

static inline uint32_t *buddy_note(struct paddr page)
{
	uint64_t number = page.raw >> PAGE_SHIFT;
	uint32_t *notes = (uint32_t *)(buddy_sections[number >> BUDDY_SECTION_SHIFT] + BUDDY_SECTION_PAGES);
	return &notes[number & (BUDDY_SECTION_PAGES - 1)];
}

/* Whether the page lies in a section with memory, so that it has a state. */
bool buddy_has_state(struct paddr page);

/* Takes over `pages` pages of memory that it did not have before. */
void buddy_add(struct paddr start, uint64_t pages);

/* A block of this order, in state USED; false: none. */
bool buddy_alloc(unsigned zone, unsigned order, struct paddr *out) __attribute__((warn_unused_result));

/* The smallest free block, cut down to at most `order_max`, in state USED. For callers who take whatever is there. */
bool buddy_alloc_some(unsigned zone, unsigned order_max, struct paddr *out, unsigned *out_order)
        __attribute__((warn_unused_result));

/* The block must be in state USED with this order: a second free is a panic. */
void buddy_free(struct paddr start, unsigned order);

/* Keeps the first `pages` pages of an allocated block and frees the rest; they are freed by buddy_free_run. */
void buddy_trim(struct paddr start, unsigned order, uint64_t pages);
void buddy_free_run(struct paddr start, uint64_t pages);

/* The same for pages that were allocated one by one and happen to lie side by side. */
void buddy_free_singles(struct paddr start, uint64_t pages);

uint64_t buddy_available(unsigned zone); /* pages */
