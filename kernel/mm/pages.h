/*
 * Physical pages: a buddy allocator (mm/buddy.h) over the boot map's free memory, one zone below 4 GiB and one above, with a
 * stack of recently freed single pages per CPU. Memory above 4 GiB is used first, since some devices reach only what is below.
 * The first megabyte is left alone: page 0 means "none", some firmware scribbles there, and other CPUs start there. Pages are
 * not zeroed unless asked. Charging is the caller's business (object/group.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"
#include "lib/address.h"

#define PAGES_ORDER_MAX 10 /* 4 MiB */
#define PAGES_RUN_MAX (1ull << PAGES_ORDER_MAX)

#define PAGES_ZERO 0x1u /* filled with zeros; only for order 0 to 3, so that it stays bounded */
#define PAGES_BELOW_4G 0x2u

/* Takes over what the map calls free. The page metadata is taken from it too. Panics in words when there is too little. */
void pages_init(const struct bootinfo *boot);

/* Gives the loader's memory back; after that nothing of bootinfo may be used. */
void pages_reclaim_loader(void);

/* 2^order pages, naturally aligned; false when there are none. */
bool pages_alloc(unsigned order, uint32_t flags, struct paddr *out) __attribute__((warn_unused_result));
void pages_free(struct paddr start, unsigned order);

/* Many single pages, which is quick for those that lie side by side in ascending order. */
void pages_free_many(const struct paddr *page, unsigned count);

/* 1 to PAGES_RUN_MAX contiguous pages, not zeroed, aligned to the next power of two. Freed by pages_free_run with all its length. */
bool pages_alloc_run(uint64_t count, uint32_t flags, struct paddr *out) __attribute__((warn_unused_result));
void pages_free_run(struct paddr start, uint64_t count);

/* One page through the direct map, 0 when there is none. */
void *page_alloc(uint32_t flags) __attribute__((warn_unused_result));
void page_free(void *page);

/* One that is all zeros, which the next one who wants such a page gets: nobody fills it again. */
void page_free_zero(void *page);

/*
 * Whether any byte of the range is RAM, of any type but ACPI's: the firmware's tables may be mapped like device memory by whoever
 * holds the machine, and RESERVED may be anything.
 */
bool pages_is_ram(struct paddr start, uint64_t length);

uint64_t pages_total(void); /* that were ever handed to the allocator */
uint64_t pages_available(void);
