/*
 * The page tables that the kernel starts with.
 *
 * Rights are decided at the last level alone: tables allow everything but user mode. Accessed and dirty bits are set from the
 * beginning, so that the processor never writes to these tables, and no page is global, because the kernel decides that. A page
 * is never mapped twice: the builder refuses instead of overwriting, since that would be a fault in the loader's arithmetic.
 */
#include "paging.h"

#define PAGE 4096ull
#define ENTRIES 512u
#define LEVELS 4

#define PRESENT (1ull << 0)
#define WRITABLE (1ull << 1)
#define ACCESSED (1ull << 5)
#define DIRTY (1ull << 6)
#define LARGE (1ull << 7) /* in levels 2 and 3: a page, not a table */
#define NO_EXECUTE (1ull << 63)
#define ADDRESS_MASK 0x000ffffffffff000ull

/* What one entry of a level covers: 4 KiB, 2 MiB, 1 GiB, 512 GiB. */
static uint64_t level_size(int level)
{
	return PAGE << (9 * (level - 1));
}

static unsigned level_index(uint64_t virtual, int level)
{
	return (virtual / level_size(level)) % ENTRIES;
}

static uint64_t *table_new(struct paging *paging, uint64_t *out_physical)
{
	uint64_t *table = (uint64_t *)(paging->pool + paging->used * PAGE);

	if (paging->used == paging->pages)
		return 0;
	*out_physical = paging->physical + paging->used * PAGE;
	paging->used++;
	__builtin_memset(table, 0, PAGE);
	return table;
}

bool paging_start(struct paging *paging)
{
	uint64_t physical;

	paging->used = 0;
	return table_new(paging, &physical) != 0;
}

/* The table of `level` that covers the address, made when it is missing; NULL when it can not be had. */
static uint64_t *table_of(struct paging *paging, uint64_t virtual, int level)
{
	uint64_t *table = (uint64_t *)paging->pool;

	for (int above = LEVELS; above > level; above--) {
		uint64_t *entry = &table[level_index(virtual, above)];

		if (*entry & LARGE)
			return 0;
		if (*entry & PRESENT) {
			table = (uint64_t *)(paging->pool + ((*entry & ADDRESS_MASK) - paging->physical));
		} else {
			uint64_t physical;

			table = table_new(paging, &physical);
			if (!table)
				return 0;
			*entry = physical | PRESENT | WRITABLE | ACCESSED;
		}
	}
	return table;
}

static int level_for(uint64_t virtual, uint64_t physical, uint64_t length, enum paging_size largest)
{
	int level = largest;

	while (level > 1 && ((virtual | physical) % level_size(level) || length < level_size(level)))
		level--;
	return level;
}

static uint64_t leaf(unsigned rights, int level)
{
	uint64_t bits = PRESENT | ACCESSED | DIRTY;

	if (rights & PAGING_WRITE)
		bits |= WRITABLE;
	if (!(rights & PAGING_EXECUTE))
		bits |= NO_EXECUTE;
	if (level > 1)
		bits |= LARGE;
	return bits;
}

/* Sign-extended from bit 47, and the range not over the end of its half. */
static bool is_canonical(uint64_t virtual, uint64_t length)
{
	uint64_t half = 1ull << 47;

	if (virtual < half)
		return length <= half - virtual;
	return virtual >= -half && length <= -virtual;
}

bool paging_map(
        struct paging *paging, uint64_t virtual, uint64_t physical, uint64_t length, unsigned rights, enum paging_size largest)
{
	if ((virtual | physical | length) % PAGE || !length || !is_canonical(virtual, length))
		return false;
	if (physical & ~ADDRESS_MASK || length > ADDRESS_MASK - physical)
		return false;
	while (length) {
		int level = level_for(virtual, physical, length, largest);
		uint64_t size = level_size(level), bits = leaf(rights, level);
		uint64_t *table = table_of(paging, virtual, level);

		if (!table)
			return false;
		/* As many pages of this size as the table has room for; the first of another size ends the run. */
		do {
			uint64_t *entry = &table[level_index(virtual, level)];

			if (*entry & PRESENT)
				return false;
			*entry = physical | bits;
			virtual += size;
			physical += size;
			length -= size;
		} while (length && level_index(virtual, level) && level_for(virtual, physical, length, largest) == level);
	}
	return true;
}

/* At each level one table per area that it covers, one more because the range may begin inside one; both ends may be torn. */
uint64_t paging_tables_bound(uint64_t length, enum paging_size largest)
{
	uint64_t tables = 0;

	for (int level = 1; level < LEVELS; level++)
		tables += level < (int)largest ? 2 : length / level_size(level + 1) + 2;
	return tables;
}
