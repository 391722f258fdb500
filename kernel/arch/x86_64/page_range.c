/*
 * Page tables by range: what unmapping and protecting many pages comes down to. Each function goes from entry to entry of one
 * last-level table, and over what is absent in strides of the level that is absent.
 */
#include "arch/paging.h"
#include "arch/upcalls.h"
#include "arch/x86_64/page_entry.h"

static uint64_t *table_at(uint64_t entry)
{
	return direct_map(paddr(entry & ENTRY_ADDRESS));
}

/* The next multiple of a level's stride. */
static uint64_t next_at(uint64_t at, unsigned level)
{
	return ((at >> LEVEL_SHIFT(level)) + 1) << LEVEL_SHIFT(level);
}

/* How many entries from `i` on, at most `most`, are known to be absent: groups of eight, as far as they go. What is absent is 0. */
static unsigned absent_run(const uint64_t *entries, unsigned i, uint64_t most)
{
	unsigned run = 0;

	while (run + 8 <= most && i + run + 8 <= TABLE_ENTRIES) {
		const uint64_t *e = &entries[i + run];
		if (e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7])
			break;
		run += 8;
	}
	return run;
}

/* The first entry that is present in the last level, with its address in *at; 0 when *at has reached `end` or budget ran out. */
static uint64_t *find_next(const struct page_table *table, uint64_t *at, uint64_t end, unsigned *budget)
{
	while (*at < end && *budget) {
		uint64_t *entries = table_at(table->root.raw);
		unsigned level = LEVEL_TOP;

		while (level > 0 && (entries[LEVEL_INDEX(*at, level)] & ENTRY_PRESENT))
			entries = table_at(entries[LEVEL_INDEX(*at, level--)]);
		if (level == 0) {
			uint64_t left = (end - *at) / PAGE_SIZE, afford = 4ull * *budget; /* eight cost as much as two */
			unsigned run = absent_run(entries, LEVEL_INDEX(*at, 0), left < afford ? left : afford);

			*at += run * PAGE_SIZE;
			*budget -= run / 4;
			unsigned i = LEVEL_INDEX(*at, 0);
			if (run && !i)
				continue; /* the table ends */
			for (; i < TABLE_ENTRIES && *at < end && *budget; i++, *at += PAGE_SIZE, --*budget) {
				if (entries[i] & ENTRY_PRESENT)
					return &entries[i];
			}
			continue;
		}
		--*budget;
		*at = next_at(*at, level);
	}
	return 0;
}

/* Every entry that is present loses all bits but those of `keep` and gets those of `set`. */
static uint64_t change(
        const struct page_table *table, struct uaddr *address, struct uaddr end, unsigned budget, uint64_t keep, uint64_t set)
{
	uint64_t at = address->raw, count = 0;
	uint64_t *entry;

	while ((entry = find_next(table, &at, end.raw, &budget))) {
		/* The rest of this table, or up to the first entry that is absent, without a walk from the root. */
		unsigned most = TABLE_ENTRIES - LEVEL_INDEX(at, 0), done = 0;

		most = most < budget ? most : budget;
		most = most < (end.raw - at) / PAGE_SIZE ? most : (unsigned)((end.raw - at) / PAGE_SIZE);
		for (; done < most && (*entry & ENTRY_PRESENT); done++, entry++)
			*entry = (*entry & keep) | set;
		count += done;
		budget -= done;
		at += done * PAGE_SIZE;
	}
	address->raw = at < end.raw ? at : end.raw;
	return count;
}

uint64_t page_table_unmap(struct page_table *table, struct uaddr *address, struct uaddr end, unsigned budget)
{
	return change(table, address, end, budget, 0, 0);
}

uint64_t page_table_protect(
        struct page_table *table, struct uaddr *address, struct uaddr end, struct page_rights rights, unsigned budget)
{
	uint64_t bits = page_entry(0, &rights) | ENTRY_USER;

	return change(table, address, end, budget, ENTRY_ADDRESS, bits);
}

uint64_t page_table_gather(struct page_table *table, struct uaddr *address, struct uaddr end, unsigned *budget, bool protect,
        struct uaddr *out_first)
{
	const uint64_t keep = protect ? ~ENTRY_WRITE : ~0ull;
	uint64_t at = address->raw, found = 0;
	uint64_t *entry = find_next(table, &at, end.raw, budget);

	out_first->raw = at;
	if (entry) {
		/* As many as this table and the range have room for. */
		uint64_t most = TABLE_ENTRIES - LEVEL_INDEX(at, 0), range = (end.raw - at) / PAGE_SIZE;

		most = most < range ? most : range;
		most = most < PAGES_GATHERED ? most : PAGES_GATHERED;
		for (unsigned i = 0; i < most; i++) {
			if (!(entry[i] & ENTRY_PRESENT))
				continue;
			entry[i] &= keep;
			found |= 1ull << i;
		}
		*budget -= most < *budget ? (unsigned)most : *budget;
		at += most * PAGE_SIZE;
	}
	address->raw = at < end.raw ? at : end.raw;
	return found;
}

/* The CPU may have the way through a table in its caches until it is flushed, so this comes before the table is free. */
static void free_table(struct page_table *table, uint64_t *entry, uint64_t at, bool zero)
{
	uint64_t *page = table_at(*entry);

	*entry = 0;
	page_flush(uaddr(at));
	if (zero)
		upcall_page_free_zero(page);
	else
		upcall_page_free(page);
	table->tables--;
	table->noted = PAGE_TABLES_NOTED + 1;
	page_table_forget_ways(table);
}

static bool is_empty(const uint64_t *entries)
{
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		if (entries[i])
			return false;
	}
	return true;
}

/* Frees the last-level table at an address, and if no other follows in the range, those above it that are empty. */
static uint64_t trim_at(struct page_table *table, uint64_t at, uint64_t end)
{
	uint64_t *path[LEVEL_TOP + 1];
	uint64_t *entries = table_at(table->root.raw);
	unsigned level = LEVEL_TOP;

	for (;; level--) {
		path[level] = &entries[LEVEL_INDEX(at, level)];
		if (level == 1 || !(*path[level] & ENTRY_PRESENT))
			break;
		entries = table_at(*path[level]);
	}

	uint64_t next = next_at(at, level);
	if (*path[level] & ENTRY_PRESENT)
		free_table(table, path[level], at, false);
	for (; level < LEVEL_TOP && (next >= end || next_at(at, level + 1) == next); level++) {
		if (!is_empty(table_at(*path[level + 1])))
			break;
		free_table(table, path[level + 1], at, true);
	}
	return next;
}

void page_table_trim(struct page_table *table, struct uaddr *address, struct uaddr end, unsigned budget)
{
	uint64_t at = address->raw;

	for (; at < end.raw && budget; budget--)
		at = trim_at(table, at, end.raw);
	address->raw = at < end.raw ? at : end.raw;
}
