/* Entries of page tables: Intel SDM volume 3, 4.5. */
#pragma once

#include <stdint.h>

#define ENTRY_PRESENT 0x1ull
#define ENTRY_WRITE 0x2ull
#define ENTRY_USER 0x4ull
#define ENTRY_THROUGH 0x8ull
#define ENTRY_NO_CACHE 0x10ull
#define ENTRY_ACCESSED 0x20ull
#define ENTRY_DIRTY 0x40ull
#define ENTRY_LARGE 0x80ull /* above the last level */
#define ENTRY_PAT 0x80ull   /* in the last level */
#define ENTRY_GLOBAL 0x100ull
#define ENTRY_DEVICE 0x200ull /* of our own, in the last level: the direct map does not have the page */
#define ENTRY_NX (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull

/*
 * Memory types by number: PAT, PCD and PWT of an entry choose one. The first four are what they are after reset, which the
 * loader's tables count on; number 4 is write-combining.
 */
#define PAT_TYPES 0x0007050100070406ull

#define TABLE_ENTRIES 512u
#define LEVEL_SHIFT(level) (12 + 9 * (level)) /* level 0: entries are pages */
#define LEVEL_INDEX(address, level) ((unsigned)((address) >> LEVEL_SHIFT(level)) & (TABLE_ENTRIES - 1))
#define LEVEL_TOP 3u

/* Rights and memory type of a page in the last level, without ENTRY_USER. */
struct page_rights;
uint64_t page_entry(uint64_t physical, const struct page_rights *rights);

/*
 * The last-level entry for an address below a root, with tables made where they are missing if `make` is not 0 (their entries get
 * its bits), and counted in *tables. 0: there is none, or no memory, or a large page is there.
 */
uint64_t *page_walk(uint64_t root, uint64_t address, uint64_t make, uint64_t *tables);

/* Before a last-level table is freed: no way leads there. */
struct page_table;
void page_table_forget_ways(struct page_table *table);

/* Physical address of the root that all others copy the kernel's half from. */
extern uint64_t page_kernel_root;
