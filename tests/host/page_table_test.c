/* Page tables of address spaces, against a list of what is mapped, with allocations that fail. */
/* sources: kernel/arch/x86_64/page_table.c kernel/arch/x86_64/page_range.c */
/* includes: kernel */
#include <stdlib.h>
#include <string.h>

#include "abi/syscalls.h"
#include "arch/paging.h"
#include "arch/upcalls.h"
#include "arch/x86_64/page_entry.h"
#include "check.h"

/* Physical addresses are those of the process: the direct map begins at 0. */
static uint64_t live, fail_in = UINT64_MAX;

void *upcall_page_alloc(void)
{
	if (fail_in-- == 0)
		return NULL;
	live++;
	return memset(aligned_alloc(PAGE_SIZE, PAGE_SIZE), 0, PAGE_SIZE);
}

void upcall_page_free(void *page)
{
	live--;
	free(page);
}

void upcall_page_free_zero(void *page)
{
	const uint64_t *words = page;
	for (unsigned i = 0; i < PAGE_SIZE / sizeof *words; i++)
		CHECK(!words[i]);
	upcall_page_free(page);
}

void page_flush(struct uaddr address)
{
	(void)address;
}

#define MODEL_MAX 600u

static struct model {
	uint64_t address, page;
	struct page_rights rights;
} model[MODEL_MAX];

static const struct page_rights read_write = {.writable = true, .executable = false, .cache = PAGE_CACHE_BACK};

static uint64_t random_address(void)
{
	static const uint64_t strides[] = {1ull << 12, 1ull << 21, 1ull << 30, 1ull << 39};
	uint64_t address = USER_BOTTOM;

	for (unsigned i = 0; i < 4; i++)
		address += (uint64_t)(rand() % (i == 3 ? 200 : 512)) * (rand() % 3 ? 0 : strides[i]);
	return address & ~PAGE_MASK;
}

static struct model *model_find(unsigned count, uint64_t address)
{
	for (unsigned i = 0; i < count; i++) {
		if (model[i].address == address)
			return &model[i];
	}
	return NULL;
}

static bool same(struct page_rights a, struct page_rights b)
{
	return a.writable == b.writable && a.executable == b.executable && a.cache == b.cache;
}

static bool matches(const struct page_table *table, unsigned count)
{
	struct page_rights rights;
	struct paddr page;

	for (unsigned i = 0; i < count; i++) {
		if (!page_table_find(table, uaddr(model[i].address), &page, &rights) || page.raw != model[i].page ||
		        !same(rights, model[i].rights))
			return false;
	}
	return true;
}

static unsigned fill(struct page_table *table)
{
	unsigned count = 0;

	while (count < MODEL_MAX) {
		uint64_t address = random_address();
		struct model *old = model_find(count, address);
		struct model *entry = old ? old : &model[count];
		bool replaced;
		*entry = (struct model){address, (uint64_t)rand() << 12,
		        {.writable = rand() % 2, .executable = rand() % 2, .cache = (enum page_cache)(rand() % 4)}};
		if (!CHECK(page_table_map(table, uaddr(address), paddr(entry->page), entry->rights, &replaced)))
			return count;
		CHECK(replaced == (old != NULL));
		count += !old;
	}
	return count;
}

static void destroy(struct page_table *table, unsigned budget)
{
	uint64_t last = table->tables;
	unsigned steps = 0;

	while (!page_table_destroy_step(table, budget)) {
		CHECK(last - table->tables <= budget / 15 + 4);
		last = table->tables;
		if (!CHECK(++steps < 100000))
			return;
	}
	CHECK(table->root.raw == 0 && table->tables == 0);
}

static void test_model(void)
{
	struct page_table table;

	check_begin("page_table: what was mapped last is found, nothing else, and all tables are given back");
	for (unsigned round = 0; round < 20; round++) {
		srand(round);
		if (!CHECK(page_table_create(&table)))
			return;
		unsigned count = fill(&table);
		CHECK(matches(&table, count));
		CHECK(table.tables + 1 == live); /* and the kernel's root */
		destroy(&table, 20 + round * round * 3);
		CHECK(live == 1);
	}
}

static void test_edges(void)
{
	struct page_table table;
	struct page_rights rights;
	struct paddr page;
	bool replaced;

	check_begin("page_table: the lowest and the highest page of user memory, and their neighbours");
	CHECK(page_table_create(&table));
	CHECK(page_table_map(&table, uaddr(0), paddr(0x1000), read_write, &replaced));
	CHECK(page_table_map(&table, uaddr(USER_TOP - PAGE_SIZE), paddr(0x2000), read_write, &replaced));
	CHECK(!page_table_find(&table, uaddr(PAGE_SIZE), &page, &rights));
	CHECK(!page_table_find(&table, uaddr(USER_TOP - 2 * PAGE_SIZE), &page, &rights));
	CHECK(page_table_find(&table, uaddr(USER_TOP - PAGE_SIZE), &page, &rights) && page.raw == 0x2000);
	destroy(&table, 20 * 1);
	CHECK(live == 1);

	check_begin("page_table: the kernel's half is that of the kernel's root, and outlives the table");
	static _Alignas(PAGE_SIZE) uint64_t kernel[TABLE_ENTRIES];
	uint64_t before = page_kernel_root;
	page_kernel_root = (uint64_t)kernel; /* which does not change any more once a table was made */
	for (unsigned i = 256; i < TABLE_ENTRIES; i++)
		kernel[i] = i << 12 | ENTRY_PRESENT;
	CHECK(page_table_create(&table));
	CHECK(memcmp((uint64_t *)table.root.raw + 256, kernel + 256, 2048) == 0);
	CHECK(((uint64_t *)table.root.raw)[0] == 0);
	destroy(&table, 20 * 8);
	CHECK(kernel[511] == (511 << 12 | ENTRY_PRESENT));
	page_kernel_root = before;
}

static void test_no_memory(void)
{
	struct page_table table;
	struct page_rights rights;
	struct paddr page;
	bool replaced;

	check_begin("page_table: without memory a page is not mapped, and nothing is lost");
	fail_in = 0;
	CHECK(!page_table_create(&table));
	fail_in = UINT64_MAX;
	CHECK(page_table_create(&table));
	for (unsigned missing = 0; missing < 3; missing++) {
		fail_in = missing;
		uint64_t address = (uint64_t)(missing + 1) << 39;
		CHECK(!page_table_map(&table, uaddr(address), paddr(0x1000), read_write, &replaced));
		fail_in = UINT64_MAX;
		CHECK(!page_table_find(&table, uaddr(address), &page, &rights));
		CHECK(table.tables + 1 == live);
	}
	destroy(&table, 20 * 3);
	CHECK(live == 1);
}

static void test_ranges(void)
{
	struct page_table table;
	struct page_rights rights;
	struct paddr page;

	check_begin("page_table: ranges are unmapped and protected in steps, and what is outside stays");
	for (unsigned round = 0; round < 20; round++) {
		srand(100 + round);
		CHECK(page_table_create(&table));
		unsigned count = fill(&table), inside = 0;
		uint64_t from = random_address(), end = random_address();
		if (from > end) {
			uint64_t swap = from;
			from = end;
			end = swap;
		}
		for (unsigned i = 0; i < count; i++)
			inside += model[i].address >= from && model[i].address < end;
		uint64_t met = 0, steps = 0;
		for (struct uaddr at = uaddr(from); at.raw < end && CHECK(steps < 4000000); steps++)
			met += page_table_protect(&table, &at, uaddr(end), read_write, 1 + round * 7);
		CHECK(met == inside);
		for (unsigned i = 0; i < count; i++) {
			if (model[i].address >= from && model[i].address < end)
				model[i].rights = read_write;
		}
		CHECK(matches(&table, count));
		met = 0;
		for (struct uaddr at = uaddr(from); at.raw < end && CHECK(steps < 8000000); steps++)
			met += page_table_unmap(&table, &at, uaddr(end), 1 + round * 7);
		CHECK(met == inside);
		for (unsigned i = 0; i < count; i++) {
			bool gone = model[i].address >= from && model[i].address < end;
			CHECK(page_table_find(&table, uaddr(model[i].address), &page, &rights) == !gone);
		}
		destroy(&table, 20 * 4);
		CHECK(live == 1);
	}
}

int main(void)
{
	page_kernel_root = (uint64_t)upcall_page_alloc();
	test_model();
	test_edges();
	test_no_memory();
	test_ranges();
	upcall_page_free((void *)page_kernel_root);
	return check_result();
}
