/*
 * mm/pages.c, pages_boot.c and buddy.c over the memory of a made-up machine. Whoever holds a block fills it with his mark, so
 * that blocks that overlap show; at the end every page must be back and joined into the largest blocks again.
 */
/* sources: kernel/mm/pages.c kernel/mm/pages_boot.c kernel/mm/buddy.c kernel/core/lock.c */
/* sources: tests/host/fake/kernel.c tests/host/fake/machine.c tests/host/fake/direct_map.c */
/* includes: kernel */
#include "mm/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/paging.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "fake/kernel.h"
#include "mm/buddy.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define LOADER_AT (2 * MIB)

static const struct boot_memory small_map[] = {
        {0, 0xa0000, BOOT_MEMORY_FREE, 0},
        {MIB, MIB, BOOT_MEMORY_KERNEL, 0},
        {LOADER_AT, MIB, BOOT_MEMORY_LOADER, 0},
        {3 * MIB, 61 * MIB, BOOT_MEMORY_FREE, 0},
        {64 * MIB, MIB, BOOT_MEMORY_INITFS, 0},
        {3 * GIB, MIB, BOOT_MEMORY_RESERVED, 0},
        {3 * GIB + MIB, MIB, BOOT_MEMORY_ACPI, 0},
        {4 * GIB, 32 * MIB, BOOT_MEMORY_FREE, 0},
};
#define SMALL_COUNT (sizeof small_map / sizeof small_map[0])

static void start_small(void)
{
	fake_kernel_start(5 * GIB);
	struct bootinfo boot = fake_bootinfo(LOADER_AT, small_map, SMALL_COUNT);
	pages_init(&boot);
}

struct held {
	struct paddr start;
	uint64_t pages;
	unsigned order; /* ~0u: a run */
	uint64_t mark;
};

static void mark(const struct held *held)
{
	for (uint64_t i = 0; i < held->pages; i++) {
		uint64_t *page = direct_map(paddr_add(held->start, i * PAGE_SIZE));
		page[0] = page[511] = held->mark + i;
	}
}

static bool marked(const struct held *held)
{
	for (uint64_t i = 0; i < held->pages; i++) {
		uint64_t *page = direct_map(paddr_add(held->start, i * PAGE_SIZE));
		if (page[0] != held->mark + i || page[511] != held->mark + i)
			return false;
	}
	return true;
}

static bool take(struct held *held, uint64_t number)
{
	uint32_t flags = rand() % 4 ? 0 : PAGES_BELOW_4G;
	bool taken;

	held->mark = number << 20;
	if (rand() % 5 == 0) {
		held->order = ~0u;
		held->pages = 1 + (uint64_t)rand() % PAGES_RUN_MAX;
		taken = pages_alloc_run(held->pages, flags, &held->start);
	} else {
		held->order = rand() % 3 ? 0 : (unsigned)rand() % (PAGES_ORDER_MAX + 1);
		held->pages = 1ull << held->order;
		taken = pages_alloc(held->order, flags, &held->start);
		if (taken && held->start.raw % (held->pages * PAGE_SIZE)) {
			check(false, "blocks are aligned to their size", "one is not");
			exit(1);
		}
	}
	if (taken && flags & PAGES_BELOW_4G && held->start.raw >= 4 * GIB) {
		check(false, "memory asked for below 4 GiB is there", "it is above");
		exit(1);
	}
	return taken;
}

static void give(const struct held *held)
{
	if (!marked(held)) {
		check(false, "nobody else writes to a held block", "its marks changed");
		exit(1);
	}
	if (held->order == ~0u)
		pages_free_run(held->start, held->pages);
	else
		pages_free(held->start, held->order);
}

/* Every page in turn, until there are none; they all come back. */
static uint64_t drain_all(void)
{
	static struct paddr page[65536];
	uint64_t count = 0;

	while (pages_alloc(0, 0, &page[count]))
		count++;
	for (uint64_t i = 0; i < count; i++)
		pages_free(page[i], 0);
	return count;
}

static void test_random(void)
{
	enum { HELD_MAX = 300 };
	static struct held held[HELD_MAX];
	unsigned count = 0;

	start_small();
	uint64_t before = pages_available(), refused = 0;

	srand(1);
	for (uint64_t round = 0; round < 60000; round++) {
		if (count < HELD_MAX && rand() % 2) {
			if (!take(&held[count], round))
				refused++;
			else
				mark(&held[count++]);
		} else if (count) {
			unsigned i = (unsigned)rand() % count;
			give(&held[i]);
			held[i] = held[--count];
		}
	}
	while (count)
		give(&held[--count]);
	check(pages_available() == before, "pages: all come back after random use", "some were lost");
	check(refused > 0 && refused < 30000, "pages: random use met both success and exhaustion",
	        "the test is too gentle or too hard");

	uint64_t blocks = 0;
	struct paddr block;
	while (pages_alloc(PAGES_ORDER_MAX, 0, &block))
		blocks++;
	/* 3..64 MiB without the account's piece at the end of the upper zone: 4..64 and 4096..4128 less one */
	check(blocks == 15 + 7, "pages: buddies are joined again into the largest blocks",
	        "fewer large blocks than at the start");
}

static void test_limits(void)
{
	start_small();
	uint64_t available = pages_available();
	check(available == pages_total() && available == drain_all() && available == drain_all(),
	        "pages: every page that is said to be available can be had, again and again", "the counts differ");

	struct paddr block;
	bool low = false;
	while (pages_alloc(0, 0, &block))
		low |= block.raw < MIB;
	check(!low, "pages: the first megabyte is never handed out", "a page of it was");
	check(!pages_available() && !pages_alloc(3, 0, &block) && !pages_alloc_run(5, 0, &block) && !page_alloc(0),
	        "pages: an empty machine refuses", "it gave something");
}

static void test_zero(void)
{
	start_small();
	uint8_t *page = page_alloc(0);
	memset(page, 0xaa, PAGE_SIZE);
	page_free(page);
	uint8_t *again = page_alloc(PAGES_ZERO);
	bool zero = again == page;
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		zero &= !again[i];
	check(zero, "pages: a recent page is reused and zeroed when asked", "it is another or dirty");
}

/* Pages in any order, in pieces of any size. */
static void test_many(void)
{
	enum { COUNT = 3000 };
	static struct paddr page[COUNT];

	start_small();
	uint64_t before = pages_available();
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < COUNT; i++) {
			if (!pages_alloc(0, 0, &page[i]))
				check(false, "pages: there are some thousands", "there are not");
		}
		for (unsigned i = 0; i < COUNT * (round % 3) / 4; i++) {
			unsigned a = (unsigned)rand() % COUNT, b = (unsigned)rand() % COUNT;
			struct paddr other = page[a];
			page[a] = page[b];
			page[b] = other;
		}
		for (unsigned i = 0, part; i < COUNT; i += part) {
			part = 1 + (unsigned)rand() % 16;
			part = part < COUNT - i ? part : COUNT - i;
			pages_free_many(&page[i], part);
		}
	}
	check(pages_available() == before && drain_all() == before, "pages: many that are freed together all come back",
	        "some were lost");
}

static void free_many_twice(void)
{
	struct paddr page[8];

	start_small();
	for (unsigned i = 0; i < 8; i++) {
		if (!pages_alloc(0, 0, &page[i]))
			return;
	}
	pages_free_many(page, 8);
	pages_free_many(page, 8);
}

static void free_page_twice(void)
{
	struct paddr page;

	start_small();
	if (pages_alloc(0, 0, &page))
		pages_free(page, 0);
	pages_free(page, 0);
}

static void free_block_twice(void)
{
	struct paddr block;

	start_small();
	if (pages_alloc(2, 0, &block))
		pages_free(block, 2);
	pages_free(block, 2);
}

static void free_with_wrong_order(void)
{
	struct paddr block;

	start_small();
	if (pages_alloc(2, 0, &block))
		pages_free(block, 1);
}

static void free_kernel_memory(void)
{
	start_small();
	pages_free(paddr(MIB), 0);
}

static void free_no_memory(void)
{
	start_small();
	pages_free(paddr(200 * GIB), 0);
}

static void write_to_free_memory(void)
{
	struct paddr block;

	start_small();
	if (!pages_alloc(PAGES_ORDER_MAX, 0, &block))
		return;
	pages_free(block, PAGES_ORDER_MAX);
	memset(direct_map(block), 0xff, 8);
	*(uint64_t *)direct_map(block) = direct_map_base;
	(void)!pages_alloc(PAGES_ORDER_MAX, 0, &block);
}

static void test_misuse(void)
{
	check(panics(free_page_twice, "buddy_state"), "pages: a second free of a recent page panics", "it was accepted");
	check(panics(free_many_twice, "buddy_state"), "pages: a second free of many pages panics", "it was accepted");
	check(panics(free_block_twice, "buddy_state"), "pages: a second free of a block panics", "it was accepted");
	check(panics(free_with_wrong_order, "buddy_state"), "pages: a free with the wrong order panics", "it was accepted");
	check(panics(free_kernel_memory, "buddy_state"), "pages: freeing the kernel's own memory panics", "it was accepted");
	check(panics(free_no_memory, "buddy_has_state"), "pages: freeing what is no memory panics", "it was accepted");
	check(panics(write_to_free_memory, "link"), "pages: a write to free memory is noticed", "it was not");
}

static void test_reclaim(void)
{
	start_small();
	uint64_t before = pages_available();
	pages_reclaim_loader();
	check(pages_available() == before + MIB / PAGE_SIZE && pages_total() == pages_available(),
	        "pages: the loader's memory is taken back", "it is not there");
	pages_reclaim_loader();
	check(pages_available() == before + MIB / PAGE_SIZE, "pages: it is taken back once", "the second time gave more");
	check(drain_all() == pages_available(), "pages: it can be allocated", "it can not");
}

static void test_ram(void)
{
	start_small();
	check(pages_is_ram(paddr(0), 1) && pages_is_ram(paddr(MIB), PAGE_SIZE) && pages_is_ram(paddr(64 * MIB), 1) &&
	                pages_is_ram(paddr(4 * GIB), 1) && pages_is_ram(paddr(4 * GIB + 32 * MIB - 1), 1),
	        "pages: memory of every type is RAM", "some is not");
	check(!pages_is_ram(paddr(0xa0000), 0x60000) && !pages_is_ram(paddr(65 * MIB), 2 * GIB) &&
	                !pages_is_ram(paddr(3 * GIB), 2 * MIB) && !pages_is_ram(paddr(4 * GIB + 32 * MIB), GIB) &&
	                !pages_is_ram(paddr(~0ull << 12), PAGE_SIZE),
	        "pages: holes, reserved ranges and the firmware's tables are not RAM", "some are");
	check(pages_is_ram(paddr(0xa0000), 0x60001) && pages_is_ram(paddr(65 * MIB), ~0ull - 65 * MIB) &&
	                pages_is_ram(paddr(65 * MIB - 1), 2),
	        "pages: one byte of RAM in a range is enough", "it was missed");
	check(!pages_is_ram(paddr(MIB), 0), "pages: an empty range holds no RAM", "it does");
}

/* Thousands of entries, holes of a page between them, all types. */
static void test_fragmented(void)
{
	enum { ENTRIES = 8000 };
	static struct boot_memory map[ENTRIES];
	uint64_t at = 2 * MIB, free_pages = 0;

	map[0] = (struct boot_memory){MIB, MIB, BOOT_MEMORY_LOADER, 0};
	for (unsigned i = 1; i < ENTRIES - 1; i++) {
		map[i] = (struct boot_memory){at, (1 + i % 7) * PAGE_SIZE, i % 5 ? BOOT_MEMORY_FREE : BOOT_MEMORY_FIRMWARE, 0};
		at += map[i].length + (i % 2) * PAGE_SIZE;
		if (i % 5)
			free_pages += map[i].length / PAGE_SIZE;
	}
	map[ENTRIES - 1] = (struct boot_memory){5 * GIB, 4 * MIB, BOOT_MEMORY_FREE, 0};
	fake_kernel_start(6 * GIB);
	struct bootinfo boot = fake_bootinfo(MIB, map, ENTRIES);
	pages_init(&boot);
	pages_reclaim_loader();
	check(pages_total() > free_pages + 256 && pages_total() <= free_pages + 1024 + 256 && drain_all() == pages_total(),
	        "pages: a map of thousands of entries is taken over whole", "pages are missing");
}

static void init_with(struct boot_memory second, uint64_t direct_map_length)
{
	struct boot_memory map[] = {{MIB, MIB, BOOT_MEMORY_LOADER, 0}, second};

	fake_kernel_start(64 * MIB);
	struct bootinfo boot = fake_bootinfo(MIB, map, 2);
	boot.direct_map_length = direct_map_length;
	pages_init(&boot);
}

static void init_too_little(void)
{
	init_with((struct boot_memory){4 * MIB, 8192, BOOT_MEMORY_FREE, 0}, 64 * MIB);
}

static void init_overlap(void)
{
	init_with((struct boot_memory){MIB, 16 * MIB, BOOT_MEMORY_FREE, 0}, 64 * MIB);
}

static void init_beyond(void)
{
	init_with((struct boot_memory){4 * MIB, 16 * MIB, BOOT_MEMORY_FREE, 0}, 8 * MIB);
}

static void test_bad_maps(void)
{
	check(panics(init_too_little, "no free memory"), "pages: too little memory is said in words", "it was not");
	check(panics(init_overlap, "not sorted"), "pages: a map that overlaps is said in words", "it was not");
	check(panics(init_beyond, "direct map"), "pages: memory beyond the direct map is said in words", "it was not");
}

/* Several CPUs' stacks, one after the other: no page is in two. */
static void test_cpus(void)
{
	start_small();
	uint64_t before = pages_available();
	struct paddr page[200];
	for (unsigned i = 0; i < 200; i++) {
		cpus[0].arch.index = i % 3;
		if (!pages_alloc(0, 0, &page[i]))
			check(false, "pages: a page on another CPU", "none");
		for (unsigned j = 0; j < i; j++) {
			if (page[j].raw == page[i].raw)
				check(false, "pages: no page is given to two CPUs", "one was");
		}
	}
	for (unsigned i = 0; i < 200; i++) {
		cpus[0].arch.index = i % 2;
		pages_free(page[i], 0);
	}
	check(pages_available() == before, "pages: pages freed on another CPU count", "some were lost");
}

int main(void)
{
	run_test(test_limits);
	run_test(test_zero);
	run_test(test_misuse);
	run_test(test_reclaim);
	run_test(test_ram);
	run_test(test_fragmented);
	run_test(test_bad_maps);
	run_test(test_cpus);
	run_test(test_many);
	run_test(test_random);
	return fake_status();
}
