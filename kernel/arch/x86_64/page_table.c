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
#define FREE_COST 15u /* of a table, in looks at entries */

uint64_t direct_map_base;
uint64_t page_kernel_root;

static uint64_t *table_at(uint64_t entry)
{
	return direct_map(paddr(entry & ENTRY_ADDRESS));
}

uint64_t page_entry(uint64_t physical, const struct page_rights *rights)
{
	static const uint64_t cache_bits[] = {
	        [PAGE_CACHE_BACK] = 0,
	        [PAGE_CACHE_THROUGH] = ENTRY_THROUGH,
	        [PAGE_CACHE_COMBINING] = ENTRY_PAT,
	        [PAGE_CACHE_NONE] = ENTRY_NO_CACHE | ENTRY_THROUGH,
	};

	/* Accessed and dirty from the start: nobody looks at them, and the CPU need not set them. */
	return physical | ENTRY_PRESENT | ENTRY_ACCESSED | cache_bits[rights->cache] |
	        (rights->writable ? ENTRY_WRITE | ENTRY_DIRTY : 0) | (rights->executable ? 0 : ENTRY_NX) |
	        (rights->device ? ENTRY_DEVICE : 0);
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

/* Few tables are noted, so that their end need not look for them; where there are more, or one was freed, it does. */
static void note(struct page_table *table, uint64_t *entry, unsigned level)
{
	if (table->noted < PAGE_TABLES_NOTED)
		table->note[table->noted] = (uint64_t)entry | level;
	if (table->noted <= PAGE_TABLES_NOTED)
		table->noted++;
}

/* The last-level entry of an address, with the tables that lead there; 0: no memory. */
static uint64_t *make_way(struct page_table *table, uint64_t address)
{
	uint64_t *entries = table_at(table->root.raw);

	for (unsigned level = LEVEL_TOP; level > 0; level--) {
		uint64_t *entry = &entries[LEVEL_INDEX(address, level)];
		if (!(*entry & ENTRY_PRESENT)) {
			void *page = upcall_page_alloc();
			if (!page)
				return 0;
			*entry = direct_map_physical(page).raw | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED;
			table->tables++;
			note(table, entry, level - 1);
		}
		entries = table_at(*entry);
	}
	return &entries[LEVEL_INDEX(address, 0)];
}

/* The few top-level entries that the kernel has, found with the first root that is made: none is added afterwards. */
static struct {
	uint64_t root;
	unsigned count;
	uint16_t index[TABLE_ENTRIES - USER_ENTRIES];
} kernel_half;

static __attribute__((noinline)) void find_kernel_half(void)
{
	const uint64_t *kernel = table_at(page_kernel_root);

	kernel_half.count = 0;
	for (unsigned i = USER_ENTRIES; i < TABLE_ENTRIES; i++) {
		if (kernel[i])
			kernel_half.index[kernel_half.count++] = (uint16_t)i;
	}
	kernel_half.root = page_kernel_root;
}

bool page_table_create(struct page_table *table)
{
	uint64_t *root = upcall_page_alloc();

	if (!root)
		return false;
	if (kernel_half.root != page_kernel_root)
		find_kernel_half();
	const uint64_t *kernel = table_at(page_kernel_root);
	for (unsigned i = 0; i < kernel_half.count; i++)
		root[kernel_half.index[i]] = kernel[kernel_half.index[i]];
	*table = (struct page_table){.root = direct_map_physical(root), .tables = 1};
	return true;
}

/* The same, for neighbours that are mapped one after the other, which is often. */
static inline uint64_t *find_way(struct page_table *table, uint64_t address)
{
	uint64_t span = address >> LEVEL_SHIFT(1);

	if (!table->recent || table->recent_span != span) {
		uint64_t *entry = make_way(table, address);
		if (!entry)
			return 0;
		table->recent = entry - LEVEL_INDEX(address, 0);
		table->recent_span = span;
	}
	return &table->recent[LEVEL_INDEX(address, 0)];
}

bool page_table_map(
        struct page_table *table, struct uaddr address, struct paddr page, struct page_rights rights, bool *out_replaced)
{
	uint64_t *entry = find_way(table, address.raw);

	if (!entry)
		return false;
	*out_replaced = *entry & ENTRY_PRESENT;
	*entry = page_entry(page.raw, &rights) | ENTRY_USER;
	return true;
}

unsigned page_table_map_gathered(struct page_table *table, struct uaddr address,
        const struct paddr pages[static PAGES_GATHERED], uint64_t wanted, uint64_t writing, struct page_rights rights)
{
	const struct page_rights reading = {.executable = rights.executable, .device = rights.device, .cache = rights.cache};
	uint64_t bits = page_entry(0, &reading) | ENTRY_USER;
	uint64_t *entry = find_way(table, address.raw);
	unsigned count = 0, done = 0;

	if (!entry)
		return 0;
	while (wanted >> done) { /* a run of neighbours at a time */
		unsigned i = done + (unsigned)__builtin_ctzll(wanted >> done);
		for (done = i + (unsigned)__builtin_ctzll(~(wanted >> i)); i < done; i++) {
			count += 1 - (unsigned)(entry[i] & ENTRY_PRESENT);
			entry[i] = pages[i].raw | bits;
		}
	}
	for (uint64_t left = rights.writable ? wanted & writing : 0; left; left &= left - 1)
		entry[__builtin_ctzll(left)] |= ENTRY_WRITE | ENTRY_DIRTY;
	return count;
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
	        .device = *entry & ENTRY_DEVICE,
	        .cache = entry_cache(*entry),
	};
	return true;
}

static inline void *byte_of(uint64_t entry, struct uaddr address, bool write)
{
	const uint64_t allows = ENTRY_PRESENT | ENTRY_USER | (write ? ENTRY_WRITE : 0);

	if ((entry & (allows | ENTRY_DEVICE)) != allows)
		return 0;
	return (char *)table_at(entry) + (address.raw & PAGE_MASK);
}

/* Remembers the way there. */
static __attribute__((noinline)) void *look_far(struct page_table *table, struct uaddr address, bool write)
{
	uint64_t span = address.raw >> LEVEL_SHIFT(1);

	if (address.raw >> LEVEL_SHIFT(LEVEL_TOP) >= USER_ENTRIES)
		return 0;
	uint64_t *entry = page_walk(table->root.raw, address.raw, 0, 0);
	if (!entry)
		return 0;
	table->ways[span % PAGE_TABLE_WAYS] = (struct page_table_way){entry - LEVEL_INDEX(address.raw, 0), span + 1};
	return byte_of(*entry, address, write);
}

void *page_table_look(struct page_table *table, struct uaddr address, bool write)
{
	uint64_t span = address.raw >> LEVEL_SHIFT(1);
	const struct page_table_way *way = &table->ways[span % PAGE_TABLE_WAYS];

	if (__builtin_expect(way->name != span + 1, 0))
		return look_far(table, address, write);
	return byte_of(way->entries[LEVEL_INDEX(address.raw, 0)], address, write);
}

void page_table_forget_ways(struct page_table *table)
{
	table->recent = 0;
	for (unsigned i = 0; i < PAGE_TABLE_WAYS; i++)
		table->ways[i].name = 0;
}

/* Those above the last level have lost all entries by now. */
static void free_table(struct page_table *table, uint64_t *entry, unsigned level)
{
	if (level)
		upcall_page_free_zero(table_at(*entry));
	else
		upcall_page_free(table_at(*entry));
	*entry = 0;
	table->tables--;
	page_table_forget_ways(table);
}

/* The lowest table on the way to an address whose entries are not passed by: a last-level one, or one with nothing there. */
static uint64_t *descend(const struct page_table *table, uint64_t at, uint64_t *path[static LEVEL_TOP + 1], unsigned *out_level)
{
	uint64_t *entries = table_at(table->root.raw);
	unsigned level = LEVEL_TOP;

	while (level > 1 && (entries[LEVEL_INDEX(at, level)] & ENTRY_PRESENT)) {
		path[level] = &entries[LEVEL_INDEX(at, level)];
		entries = table_at(*path[level--]);
	}
	*out_level = level;
	return entries;
}

/* The first entry from `index` on that names a table, or where the budget ends. What names none is 0. */
static unsigned skip_absent(const uint64_t *entries, unsigned index, unsigned end, unsigned *budget)
{
	while (index < end && *budget) {
		const uint64_t *e = &entries[index];
		bool eight = index % 8 == 0 && !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]);
		if (!eight && *e)
			break;
		index += eight ? 8 : 1;
		*budget -= eight && *budget > 1 ? 2 : 1;
	}
	return index;
}

/*
 * All below `progress` is gone. Goes on over the entries of one table there, of those that name last-level tables or nothing, and
 * at its end frees the table, with those above that end there too.
 */
static void destroy_at_progress(struct page_table *table, unsigned *budget)
{
	uint64_t *path[LEVEL_TOP + 1];
	unsigned level;
	uint64_t *entries = descend(table, table->progress, path, &level);
	unsigned index = LEVEL_INDEX(table->progress, level), end = level == LEVEL_TOP ? USER_ENTRIES : TABLE_ENTRIES;
	uint64_t first = table->progress >> LEVEL_SHIFT(level);

	for (first -= index; index < end; index++) {
		if (table->tables == 1 + LEVEL_TOP - level) {
			index = end; /* none is left but those on the way here */
			break;
		}
		index = skip_absent(entries, index, end, budget);
		if (index == end || !*budget || level > 1)
			break;
		free_table(table, &entries[index], 0);
		*budget -= *budget < FREE_COST ? *budget : FREE_COST;
	}
	table->progress = (first + index) << LEVEL_SHIFT(level);
	if (index < end)
		return;
	for (; level < LEVEL_TOP; level++) {
		free_table(table, path[level + 1], level);
		if (LEVEL_INDEX(table->progress, level + 1))
			break;
	}
}

/* The later ones hang on the earlier ones. */
static void destroy_noted(struct page_table *table)
{
	while (table->noted) {
		uint64_t entry = table->note[--table->noted], level = entry & 7;
		free_table(table, (uint64_t *)(entry - level), (unsigned)level);
	}
	table->progress = (uint64_t)USER_ENTRIES << LEVEL_SHIFT(LEVEL_TOP);
}

bool page_table_destroy_step(struct page_table *table, unsigned budget)
{
	if (table->root.raw == 0)
		return true;
	if (table->noted <= PAGE_TABLES_NOTED)
		destroy_noted(table);
	while (budget && LEVEL_INDEX(table->progress, LEVEL_TOP) < USER_ENTRIES)
		destroy_at_progress(table, &budget);
	if (LEVEL_INDEX(table->progress, LEVEL_TOP) < USER_ENTRIES)
		return false;
	uint64_t *root = table_at(table->root.raw);
	for (unsigned i = 0; i < kernel_half.count; i++)
		root[kernel_half.index[i]] = 0;
	upcall_page_free_zero(root);
	*table = (struct page_table){0};
	return true;
}
