/*
 * Page tables of address spaces, the direct map, and device memory in the kernel's half. Knows nothing of frames: the caller
 * (object/vmem.c) says which physical page goes where. The kernel's half is the same in every table.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/cpu.h"
#include "lib/address.h"

enum page_cache { PAGE_CACHE_BACK, PAGE_CACHE_THROUGH, PAGE_CACHE_COMBINING, PAGE_CACHE_NONE }; /* as CACHE_* of the ABI */

struct page_rights {
	bool writable, executable;
	bool device; /* not in the direct map */
	enum page_cache cache;
};

#define PAGE_TABLES_NOTED 15u
#define PAGE_TABLE_WAYS 4u

struct page_table {
	struct paddr root;    /* 0: none */
	uint64_t tables;      /* pages it consists of */
	uint64_t progress;    /* of page_table_destroy_step */
	uint64_t *recent;     /* the last-level table that a page was mapped in last, 0: none */
	uint64_t recent_span; /* and its address by PAGE_TABLE_SPAN */
	unsigned
	        noted; /* as many entries that name tables are noted, in the order in which these were made; more: not all are */
	uint64_t
	        note[PAGE_TABLES_NOTED]; /* address of the entry, with the level of its table in the bits that it leaves free */
	struct page_table_way {
		uint64_t *entries;
		uint64_t name;   /* span + 1, 0: none */
	} ways[PAGE_TABLE_WAYS]; /* the same of those that pages were looked up in, at the place of their span */
};

extern uint64_t direct_map_base;

/* Physical addresses that the CPU can express are below. */
uint64_t page_physical_end(void);

/* RAM only. */
static inline void *direct_map(struct paddr address)
{
	return (void *)(direct_map_base + address.raw);
}

static inline struct paddr direct_map_physical(const void *pointer)
{
	return (struct paddr){(uint64_t)pointer - direct_map_base};
}

/* Pages for tables come from upcall_page_alloc. False: no memory, nothing changed. */
bool page_table_create(struct page_table *table) __attribute__((warn_unused_result));

/*
 * Maps one page. What was mapped there is replaced, which *out_replaced says: then the caller flushes. False: no memory for a
 * table; of those that were missing some may have been made. At most 3 are.
 */
bool page_table_map(struct page_table *table, struct uaddr address, struct paddr page, struct page_rights rights,
        bool *out_replaced) __attribute__((warn_unused_result));

bool page_table_find(
        const struct page_table *table, struct uaddr address, struct paddr *out_page, struct page_rights *out_rights);

/*
 * The byte in the direct map behind an address, for an access that its entry lets the program make; 0: there is no such entry, or
 * it leads to a device. Quick where the last look-ups were near. The table is not changed meanwhile, but by the look-up itself.
 */
void *page_table_look(struct page_table *table, struct uaddr address, bool write);

/*
 * All mapped pages of a range, in bounded steps: they look at about `budget` entries from *address on, set *address to where
 * they stopped (`end`: all is done) and answer how many pages they met. Absent tables cost one entry. Neither flushes.
 */
uint64_t page_table_unmap(struct page_table *table, struct uaddr *address, struct uaddr end, unsigned budget);
uint64_t page_table_protect(
        struct page_table *table, struct uaddr *address, struct uaddr end, struct page_rights rights, unsigned budget);

/*
 * The same for a clone: finds the first page that is mapped, and answers a bit for it (bit 0) and each of the places behind it
 * where one is, PAGES_GATHERED in all; none of them lets write any more if `protect`. 0: none was found. Nothing is flushed.
 */
#define PAGES_GATHERED 24u
uint64_t page_table_gather(struct page_table *table, struct uaddr *address, struct uaddr end, unsigned *budget, bool protect,
        struct uaddr *out_first);

/*
 * Maps what was gathered: the pages with a bit in `wanted` of those side by side from an address on, in one last-level table. Only
 * those with a bit in `writing` get rights to write. Answers how many were mapped where nothing was; 0 also without memory.
 */
unsigned page_table_map_gathered(struct page_table *table, struct uaddr address,
        const struct paddr pages[static PAGES_GATHERED], uint64_t wanted, uint64_t writing, struct page_rights rights);

/*
 * Frees the last-level tables of a range in which the caller knows that nothing is mapped, and the tables above that become empty
 * by that. Whole multiples of PAGE_TABLE_SPAN. At most `budget` tables are looked at; *address as above. Flushes what it frees.
 */
#define PAGE_TABLE_SPAN (2ull << 20)
void page_table_trim(struct page_table *table, struct uaddr *address, struct uaddr end, unsigned budget);

/*
 * Frees the tables of a table that no CPU uses, looking at about `budget` entries, each of some five instructions; true when all
 * are gone. Mapped pages are not touched.
 */
bool page_table_destroy_step(struct page_table *table, unsigned budget);

/* Makes it the address space of this CPU; a no-op if it is. page_table_activate_kernel: one with an empty lower half. */
void page_table_activate(const struct page_table *table);
void page_table_activate_kernel(void);

/* The same as page_table_activate, for where it must be quick. */
static inline void page_table_switch(struct arch_cpu *cpu, const struct page_table *table)
{
	if (cpu->page_root == table->root.raw)
		return;
	cpu->page_root = table->root.raw;
	__asm__ volatile("mov %0, %%cr3" : : "r"(table->root.raw) : "memory");
}

/* Forget translations on this CPU: one page of the current table, or all of it. */
void page_flush(struct uaddr address);
void page_flush_all(void);

/* Device memory for the kernel itself, page-aligned, for good; 0 when out of memory. */
volatile void *device_map(struct paddr start, uint64_t length, enum page_cache cache);
