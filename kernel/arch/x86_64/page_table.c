/*
 * Page tables as data: no register is touched here, so that the host tests run it as it is.
 *
 * Four levels of 512 entries. The upper 256 entries of every root are copies of the kernel's, made once when the root is created:
 * the kernel never adds a top-level entry after it has started (paging.c). In the lower half, tables below the root are added as
 * pages are mapped, and go with the whole or by page_table_trim (page_range.c). Intermediate entries allow everything; the last
 * level decides.
 */
#include "arch/paging.h"
#include "arch/upcalls.h"
#include "arch/x86_64/page_entry.h"
#include "lib/string.h"

#define USER_ENTRIES 256u

uint64_t direct_map_base;
uint64_t page_kernel_root;

static uint64_t *table_at(uint64_t entry)
{
	return direct_map(paddr(entry & ENTRY_ADDRESS));
}

uint64_t page_entry(uint64_t physical, bool writable, bool executable, unsigned cache)
{
	static const uint64_t cache_bits[] = {
	        [PAGE_CACHE_BACK] = 0,
	        [PAGE_CACHE_THROUGH] = ENTRY_THROUGH,
	        [PAGE_CACHE_COMBINING] = ENTRY_PAT,
	        [PAGE_CACHE_NONE] = ENTRY_NO_CACHE | ENTRY_THROUGH,
	};

	/* Accessed and dirty from the start: nobody looks at them, and the CPU need not set them. */
	return physical | ENTRY_PRESENT | ENTRY_ACCESSED | cache_bits[cache] | (writable ? ENTRY_WRITE | ENTRY_DIRTY : 0) |
	        (executable ? 0 : ENTRY_NX);
}

uint64_t *page_walk(uint64_t root, uint64_t address, uint64_t make, uint64_t *tables)
{
	uint64_t *table = table_at(root);

	for (unsigned level = LEVEL_TOP; level > 0; level--) {
		uint64_t *entry = &table[LEVEL_INDEX(address, level)];
		if (!(*entry & ENTRY_PRESENT)) {
			void *page = make ? upcall_page_alloc() : 0;
			if (!page)
				return 0;
			++*tables;
			*entry = direct_map_physical(page).raw | make;
		} else if (*entry & ENTRY_LARGE) {
			return 0;
		}
		table = table_at(*entry);
	}
	return &table[LEVEL_INDEX(address, 0)];
}

bool page_table_create(struct page_table *table)
{
	uint64_t *root = upcall_page_alloc();

	if (!root)
		return false;
	const uint64_t *kernel = table_at(page_kernel_root);
	memcpy(root + USER_ENTRIES, kernel + USER_ENTRIES, (TABLE_ENTRIES - USER_ENTRIES) * sizeof *root);
	*table = (struct page_table){direct_map_physical(root), 1, 0};
	return true;
}

bool page_table_map(
        struct page_table *table, struct uaddr address, struct paddr page, struct page_rights rights, bool *out_replaced)
{
	const uint64_t intermediate = ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED;
	uint64_t *entry = page_walk(table->root.raw, address.raw, intermediate, &table->tables);

	if (!entry)
		return false;
	*out_replaced = *entry & ENTRY_PRESENT;
	*entry = page_entry(page.raw, rights.writable, rights.executable, rights.cache) | ENTRY_USER;
	return true;
}

static uint64_t *find(const struct page_table *table, struct uaddr address)
{
	uint64_t *entry = page_walk(table->root.raw, address.raw, 0, 0);

	return entry && (*entry & ENTRY_PRESENT) ? entry : 0;
}

static enum page_cache entry_cache(uint64_t entry)
{
	if (entry & ENTRY_PAT)
		return PAGE_CACHE_COMBINING;
	if (entry & ENTRY_NO_CACHE)
		return PAGE_CACHE_NONE;
	return entry & ENTRY_THROUGH ? PAGE_CACHE_THROUGH : PAGE_CACHE_BACK;
}

bool page_table_find(
        const struct page_table *table, struct uaddr address, struct paddr *out_page, struct page_rights *out_rights)
{
	const uint64_t *entry = find(table, address);

	if (!entry)
		return false;
	*out_page = paddr(*entry & ENTRY_ADDRESS);
	*out_rights = (struct page_rights){
	        .writable = *entry & ENTRY_WRITE,
	        .executable = !(*entry & ENTRY_NX),
	        .cache = entry_cache(*entry),
	};
	return true;
}

static void free_table(struct page_table *table, uint64_t *entry)
{
	upcall_page_free(table_at(*entry));
	*entry = 0;
	table->tables--;
}

/*
 * All below `progress` is gone. Looks at one entry there, on the highest level that has nothing or the lowest that names a table,
 * frees that table, and those above whose last entry it was. Goes past what was looked at.
 */
static void destroy_at_progress(struct page_table *table)
{
	uint64_t *path[LEVEL_TOP + 1];
	uint64_t *entries = table_at(table->root.raw);
	unsigned level = LEVEL_TOP;

	for (;; level--) {
		path[level] = &entries[LEVEL_INDEX(table->progress, level)];
		if (level == 1 || !(*path[level] & ENTRY_PRESENT))
			break;
		entries = table_at(*path[level]);
	}
	if (*path[level] & ENTRY_PRESENT)
		free_table(table, path[level]);
	for (; level < LEVEL_TOP && LEVEL_INDEX(table->progress, level) == TABLE_ENTRIES - 1; level++)
		free_table(table, path[level + 1]);
	table->progress = ((table->progress >> LEVEL_SHIFT(level)) + 1) << LEVEL_SHIFT(level);
}

bool page_table_destroy_step(struct page_table *table, unsigned budget)
{
	uint64_t enough = table->tables > budget ? table->tables - budget : 0;

	if (table->root.raw == 0)
		return true;
	for (unsigned looked = 0; looked < budget * TABLE_ENTRIES && table->tables > enough; looked++) {
		if (LEVEL_INDEX(table->progress, LEVEL_TOP) >= USER_ENTRIES) {
			upcall_page_free(table_at(table->root.raw));
			*table = (struct page_table){0};
			return true;
		}
		destroy_at_progress(table);
	}
	return false;
}
