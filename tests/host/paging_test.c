/*
 * The loader's page tables: paging_map, directmap_build and segments_pieces build them, and a walk as the processor does it
 * (Intel SDM 3A, 4.5) looks every page up again.
 */
/* sources: boot/paging.c boot/directmap.c boot/segments.c */
#include "boot/directmap.h"
#include "boot/paging.h"
#include "boot/segments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096ull
#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define POOL_PAGES 400u
#define POOL_PHYSICAL 0x7654321000ull

static int failures;
static uint8_t *pool;

static void check(bool ok, const char *name, const char *why)
{
	printf(ok ? "ok paging: %s\n" : "not ok paging: %s: %s\n", name, why);
	failures += !ok;
}

/* A pool full of rubbish, as memory from the firmware is. */
static struct paging start(uint32_t pages)
{
	struct paging paging = {pool, POOL_PHYSICAL, pages, 0};

	memset(pool, 0xa5, POOL_PAGES * PAGE);
	if (!paging_start(&paging))
		check(false, "the root is made", "it is not");
	return paging;
}

struct translation {
	bool present, writable, executable;
	uint64_t physical, size;
};

static struct translation look_up(uint64_t virtual)
{
	uint64_t table = POOL_PHYSICAL;
	struct translation out = {.present = true, .writable = true, .executable = true};

	for (int level = 4; level > 0; level--) {
		uint64_t size = PAGE << 9 * (level - 1);
		uint64_t entry = ((uint64_t *)(pool + (table - POOL_PHYSICAL)))[virtual / size % 512];

		if (!(entry & 1))
			return (struct translation){0};
		out.writable = out.writable && (entry & 2);
		out.executable = out.executable && !(entry >> 63);
		if (entry & 4 || !(entry & 0x20) || (entry & 0x100))
			check(false, "no page is the user's, unaccessed or global", "one is");
		table = entry & 0x000ffffffffff000ull;
		if (level == 1 || (level < 4 && entry & 0x80)) {
			if (table % size)
				check(false, "large pages are aligned", "one is not");
			out.physical = table + virtual % size;
			out.size = size;
			return out;
		}
	}
	return (struct translation){0};
}

static bool is_page(uint64_t virtual, uint64_t physical, unsigned rights, uint64_t size)
{
	struct translation found = look_up(virtual);

	return found.present && found.physical == physical && found.writable == !!(rights & PAGING_WRITE) &&
	        found.executable == !!(rights & PAGING_EXECUTE) && found.size == size;
}

static void test_small_pages(void)
{
	struct paging paging = start(POOL_PAGES);
	uint64_t base = 0xffffffff80000000ull;
	bool right = true;

	check(paging_map(&paging, base + 0x1ff000, 0x5000, 3 * PAGE, PAGING_EXECUTE, PAGING_4K), "small pages are mapped",
	        "they are not");
	for (uint64_t i = 0; i < 3; i++)
		right = right && is_page(base + 0x1ff000 + i * PAGE, 0x5000 + i * PAGE, PAGING_EXECUTE, PAGE);
	check(right, "across a table's end", "they are not");
	check(!look_up(base + 0x1fe000).present && !look_up(base + 0x202000).present, "nothing else is mapped", "something is");
	check(paging.used == 5, "by as many tables as needed", "there are more or fewer");
	check(!paging_map(&paging, base + 0x200000, 0x9000, PAGE, 0, PAGING_4K), "no page is mapped twice", "it is");
	check(paging_map(&paging, 0xfffffffffffff000ull, 0x9000, PAGE, PAGING_WRITE, PAGING_4K) &&
	                is_page(0xfffffffffffff000ull, 0x9000, PAGING_WRITE, PAGE),
	        "the last page can be mapped", "it can not");
}

static void test_large_pages(void)
{
	struct paging paging = start(POOL_PAGES);
	uint64_t base = 0xffff900000000000ull, from = GIB - 2 * MIB - PAGE, length = 3 * GIB + 4 * MIB + 2 * PAGE;

	check(paging_map(&paging, base + from, from, length, PAGING_WRITE, PAGING_1G), "pages of all sizes are mapped",
	        "they are not");
	check(is_page(base + from, from, PAGING_WRITE, PAGE) &&
	                is_page(base + from + PAGE, from + PAGE, PAGING_WRITE, 2 * MIB) &&
	                is_page(base + GIB, GIB, PAGING_WRITE, GIB) && is_page(base + 3 * GIB, 3 * GIB, PAGING_WRITE, GIB) &&
	                is_page(base + 4 * GIB, 4 * GIB, PAGING_WRITE, 2 * MIB) &&
	                is_page(base + 4 * GIB + 2 * MIB, 4 * GIB + 2 * MIB, PAGING_WRITE, PAGE),
	        "each as large as its place allows", "they are not");
	check(!look_up(base + from - PAGE).present && !look_up(base + from + length).present, "and nothing beside",
	        "there is something");
	check(paging.used <= 1 + paging_tables_bound(length, PAGING_1G), "within the bound of tables", "beyond it");
	check(!paging_map(&paging, base + GIB, 0, PAGE, 0, PAGING_4K), "no page is mapped inside a large one", "it is");
	paging = start(POOL_PAGES);
	check(paging_map(&paging, base, GIB, 2 * GIB, 0, PAGING_2M) && is_page(base + GIB, 2 * GIB, 0, 2 * MIB),
	        "pages are not larger than allowed", "they are");
	paging = start(POOL_PAGES);
	check(paging_map(&paging, base + PAGE, 2 * PAGE, 4 * MIB, 0, PAGING_1G) &&
	                is_page(base + 2 * MIB, 2 * MIB + PAGE, 0, PAGE),
	        "unequal alignment needs small pages", "it does not");
}

static void test_refusals(void)
{
	struct paging paging = start(POOL_PAGES);

	check(!paging_map(&paging, 0x800, 0, PAGE, 0, PAGING_4K) && !paging_map(&paging, 0, 0x800, PAGE, 0, PAGING_4K) &&
	                !paging_map(&paging, 0, 0, 0x800, 0, PAGING_4K) && !paging_map(&paging, 0, 0, 0, 0, PAGING_4K),
	        "only whole pages", "not only");
	check(!paging_map(&paging, 1ull << 47, 0, PAGE, 0, PAGING_4K) &&
	                !paging_map(&paging, (1ull << 47) - PAGE, 0, 2 * PAGE, 0, PAGING_4K) &&
	                !paging_map(&paging, -PAGE, 0, 2 * PAGE, 0, PAGING_4K),
	        "only canonical addresses", "not only");
	check(!paging_map(&paging, 0, 1ull << 52, PAGE, 0, PAGING_4K), "only physical addresses that exist", "not only");
	check(paging.used == 1, "a refusal takes no table", "it does");
	paging = start(3);
	check(!paging_map(&paging, 0, 0, PAGE, 0, PAGING_4K) && paging.used == 3, "a small pool is used up, not overrun",
	        "it is not");
	paging = (struct paging){pool, POOL_PHYSICAL, 0, 0};
	check(!paging_start(&paging), "an empty pool has no root", "it has");
}

/* A map as memmap_resolve makes it, with a kernel of 3 MiB whose second half must not be written. */
static const struct boot_memory map[] = {
        {0, PAGE, BOOT_MEMORY_RESERVED, 0},
        {PAGE, 0x9f000, BOOT_MEMORY_FREE, 0},
        {1 * MIB, 7 * MIB, BOOT_MEMORY_FREE, 0},
        {8 * MIB, 3 * MIB, BOOT_MEMORY_KERNEL, 0},
        {11 * MIB, 5 * MIB, BOOT_MEMORY_LOADER, 0},
        {16 * MIB, 240 * MIB, BOOT_MEMORY_FREE, 0},
        {256 * MIB, 2 * PAGE, BOOT_MEMORY_ACPI, 0},
        {256 * MIB + 2 * PAGE, PAGE, BOOT_MEMORY_FIRMWARE, 0},
        {256 * MIB + 3 * PAGE, PAGE, BOOT_MEMORY_PANIC, 0},
        {257 * MIB, MIB, BOOT_MEMORY_RESERVED, 0},
        {258 * MIB, MIB, BOOT_MEMORY_DEVICE, 0},
        {259 * MIB, MIB, BOOT_MEMORY_BAD, 0},
        {4 * GIB, 6 * GIB, BOOT_MEMORY_FREE, 0},
};
static const struct boot_range read_only[] = {{8 * MIB, MIB}, {9 * MIB, MIB}, {10 * MIB + 4 * PAGE, 8 * PAGE}};
static const struct directmap directmap = {map, sizeof map / sizeof *map, read_only, 3};

static void test_directmap(void)
{
	uint64_t base = 0xffff812340000000ull;
	struct paging paging = start(POOL_PAGES);
	bool right = true;

	check(directmap_end(&directmap) == 10 * GIB, "the direct map ends with RAM", "it does not");
	check(directmap_build(&directmap, base, PAGING_1G, &paging), "the direct map is built", "it is not");
	check(paging.used <= 1 + directmap_tables_bound(&directmap, PAGING_1G), "within the bound", "beyond it");
	for (uint32_t i = 0; i < directmap.count; i++) {
		for (uint64_t at = map[i].start; at < map[i].start + map[i].length; at += PAGE) {
			bool ram = map[i].type <= BOOT_MEMORY_FIRMWARE;
			bool writable = ram && map[i].type != BOOT_MEMORY_ACPI && map[i].type != BOOT_MEMORY_FIRMWARE;
			struct translation found = look_up(base + at);

			for (uint32_t j = 0; j < 3; j++)
				if (at - read_only[j].start < read_only[j].length)
					writable = false;
			right = right && found.present == ram &&
			        (!ram || (found.physical == at && found.writable == writable && !found.executable));
			if (map[i].start == 4 * GIB)
				at += 2 * MIB - PAGE;
		}
	}
	check(right, "each page of RAM is mapped with its rights, nothing else is", "not so");
	check(!look_up(base + 0xa0000).present && !look_up(base + GIB).present, "holes stay holes", "they do not");
	check(look_up(base + 4 * GIB).size == GIB && look_up(base + 16 * MIB).size == 2 * MIB &&
	                look_up(base + 8 * MIB).size == 2 * MIB && look_up(base + 10 * MIB).size == PAGE,
	        "large pages are split only where rights change", "not so");
	paging = start(POOL_PAGES);
	check(directmap_build(&directmap, base, PAGING_2M, &paging) && look_up(base + 5 * GIB).size == 2 * MIB &&
	                paging.used <= 1 + directmap_tables_bound(&directmap, PAGING_2M),
	        "without pages of 1 GiB, too", "not so");
	paging = start(6);
	check(!directmap_build(&directmap, base, PAGING_2M, &paging), "a pool that is too small is reported", "it is not");
}

static void test_segments(void)
{
	struct elf_image image = {
	        .segments = {{.address = 0x10000, .memory_size = 0x1800},
	                {.address = 0x12000, .memory_size = 0x1000, .executable = true},
	                {.address = 0x14f00, .memory_size = 0x5000, .writable = true}},
	        .segment_count = 3,
	        .lowest = 0x10000,
	        .end = 0x1a000,
	        .relro_address = 0x14f00,
	        .relro_size = 0x1900,
	};
	struct segments_piece pieces[SEGMENTS_PIECES_MAX];
	uint32_t count = segments_pieces(&image, pieces);

	check(count == 4 && pieces[0].offset == 0 && pieces[0].length == 0x2000 && pieces[0].rights == PAGING_READ &&
	                pieces[1].offset == 0x2000 && pieces[1].length == 0x1000 && pieces[1].rights == PAGING_EXECUTE,
	        "text and constants are pieces", "they are not");
	check(count == 4 && pieces[2].offset == 0x4000 && pieces[2].length == 0x2000 && pieces[2].rights == PAGING_READ &&
	                pieces[3].offset == 0x6000 && pieces[3].length == 0x4000 && pieces[3].rights == PAGING_WRITE,
	        "what is read-only once relocated is cut off, to the last whole page", "it is not");
	image.relro_address = 0x16000;
	image.relro_size = 0x1000;
	check(segments_pieces(&image, pieces) == 5 && pieces[3].offset == 0x6000 && pieces[3].rights == PAGING_READ &&
	                pieces[4].offset == 0x7000 && pieces[4].length == 0x3000,
	        "in the middle of a segment, too", "it is not");
	image.relro_size = 0x800;
	check(segments_pieces(&image, pieces) == 3 && pieces[2].rights == PAGING_WRITE, "less than a page stays writable",
	        "it does not");
}

int main(void)
{
	pool = aligned_alloc(PAGE, POOL_PAGES * PAGE);
	test_small_pages();
	test_large_pages();
	test_refusals();
	test_directmap();
	test_segments();
	free(pool);
	return failures != 0;
}
