/* Four-level page tables, built in a pool of pages (Intel SDM 3A, 4.5). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum paging_rights { PAGING_READ = 0, PAGING_WRITE = 1, PAGING_EXECUTE = 2 };

/* How large the pages of a mapping may be. */
enum paging_size { PAGING_4K = 1, PAGING_2M, PAGING_1G };

struct paging {
	uint8_t *pool;     /* page-aligned memory for tables, where they are reached now; need not be zero */
	uint64_t physical; /* its physical address */
	uint32_t pages;    /* in the pool */
	uint32_t used;     /* the first is the root */
};

/* Makes the empty root. False when the pool has no page. May be called again to start over. */
bool paging_start(struct paging *paging) __attribute__((warn_unused_result));

/*
 * Maps [virtual, virtual + length) to physical memory from `physical` on, with pages up to `largest` where alignment allows;
 * all three must be multiples of 4 KiB. False when the pool is used up, something there is mapped already, or a number is
 * wrong; what was mapped until then stays.
 */
bool paging_map(struct paging *paging, uint64_t virtual, uint64_t physical, uint64_t length, unsigned rights,
        enum paging_size largest) __attribute__((warn_unused_result));

/* Of the tables that paging_map can need at most for `length` bytes somewhere, with pages up to `largest`. */
uint64_t paging_tables_bound(uint64_t length, enum paging_size largest);
