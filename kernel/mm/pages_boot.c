/*
 * How the allocator gets its memory. Everything that it must know of the machine later (which ranges are RAM, which were the
 * loader's, a byte of state for each page) lies in one stretch that is cut from the end of the highest free range it fits in:
 *
 *   addresses of the sections' states · states of the sections that have memory · RAM ranges · the loader's ranges
 *
 * The loader's memory holds the map itself, which is why its ranges are copied before they are given back.
 */
#include "mm/pages.h"

#include "arch/paging.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/buddy.h"

#define LOWEST (1ull << 20) /* see pages.h */
#define SECTION_SIZE (BUDDY_SECTION_PAGES * PAGE_SIZE)

struct ranges {
	struct boot_range *range;
	uint64_t count;
};

static struct ranges ram, loader;
static uint64_t total;

/* What is RAM but for the firmware's tables, which nothing of the kernel's ever lies in. */
static bool is_ram(const struct boot_memory *memory)
{
	switch (memory->type) {
	case BOOT_MEMORY_ACPI:
	case BOOT_MEMORY_ACPI_NVS:
	case BOOT_MEMORY_RESERVED:
	case BOOT_MEMORY_DEVICE: return false;
	default: return true;
	}
}

static bool is_usable(const struct boot_memory *memory)
{
	return memory->type == BOOT_MEMORY_FREE || memory->type == BOOT_MEMORY_LOADER;
}

static uint64_t end_of(const struct boot_memory *memory)
{
	return memory->start + memory->length;
}

static const struct boot_memory *map_of(const struct bootinfo *boot)
{
	return direct_map(paddr(boot->memory_map));
}

static void check_map(const struct bootinfo *boot)
{
	const struct boot_memory *map = map_of(boot);
	uint64_t end = 0;

	for (uint32_t i = 0; i < boot->memory_count; i++) {
		if ((map[i].start | map[i].length) & PAGE_MASK || map[i].start < end || end_of(&map[i]) < map[i].start)
			panic("the loader's memory map is not sorted at entry %u: 0x%lx, length 0x%lx after 0x%lx", i,
			        map[i].start, map[i].length, end);
		end = end_of(&map[i]);
		if (is_usable(&map[i]) && end > boot->direct_map_length)
			panic("memory at 0x%lx is beyond the direct map's 0x%lx bytes", map[i].start, boot->direct_map_length);
	}
}

/* Sizes of the parts of the stretch; the counts of ranges are upper limits. */
struct plan {
	uint64_t sections, sections_used, ram_ranges, loader_ranges;
};

static uint64_t plan_bytes(const struct plan *plan)
{
	uint64_t bytes = plan->sections * sizeof(uint8_t *) + plan->sections_used * BUDDY_SECTION_BYTES +
	        (plan->ram_ranges + plan->loader_ranges) * sizeof(struct boot_range);
	return whole_pages(bytes);
}

static struct plan make_plan(const struct bootinfo *boot)
{
	const struct boot_memory *map = map_of(boot);
	struct plan plan = {0, 0, 0, 0};

	for (uint32_t i = 0; i < boot->memory_count; i++) {
		plan.ram_ranges += is_ram(&map[i]);
		plan.loader_ranges += map[i].type == BOOT_MEMORY_LOADER;
		if (!is_usable(&map[i]) || !map[i].length)
			continue;

		uint64_t first = map[i].start / SECTION_SIZE, end = (end_of(&map[i]) - 1) / SECTION_SIZE + 1;
		if (first < plan.sections)
			first = plan.sections; /* an earlier range lies in it too */
		if (end > first)
			plan.sections_used += end - first;
		if (end > plan.sections)
			plan.sections = end;
	}
	return plan;
}

/* The index of the highest free range with room for `bytes` at its end. */
static uint32_t find_room(const struct bootinfo *boot, uint64_t bytes)
{
	const struct boot_memory *map = map_of(boot);

	for (uint32_t i = boot->memory_count; i-- > 0;) {
		if (map[i].type == BOOT_MEMORY_FREE && map[i].start >= LOWEST && map[i].length >= bytes)
			return i;
	}
	panic("no free memory of %lu KiB in one piece, which the kernel needs to keep account of memory", bytes / 1024);
}

static uint8_t *place_sections(const struct bootinfo *boot, const struct plan *plan, uint8_t *at)
{
	const struct boot_memory *map = map_of(boot);
	uint8_t **sections = (uint8_t **)at;

	at += plan->sections * sizeof *sections;
	for (uint32_t i = 0; i < boot->memory_count; i++) {
		if (!is_usable(&map[i]) || !map[i].length)
			continue;
		for (uint64_t s = map[i].start / SECTION_SIZE; s <= (end_of(&map[i]) - 1) / SECTION_SIZE; s++) {
			if (sections[s])
				continue;
			sections[s] = at;
			at += BUDDY_SECTION_BYTES;
		}
	}
	buddy_init(sections, plan->sections);
	return at;
}

static void ranges_add(struct ranges *ranges, const struct boot_memory *memory)
{
	struct boot_range *last = ranges->count ? &ranges->range[ranges->count - 1] : 0;

	if (last && last->start + last->length == memory->start)
		last->length += memory->length;
	else
		ranges->range[ranges->count++] = (struct boot_range){memory->start, memory->length};
}

static void copy_ranges(const struct bootinfo *boot, const struct plan *plan, void *at)
{
	const struct boot_memory *map = map_of(boot);

	ram = (struct ranges){at, 0};
	loader = (struct ranges){ram.range + plan->ram_ranges, 0};
	for (uint32_t i = 0; i < boot->memory_count; i++) {
		if (is_ram(&map[i]))
			ranges_add(&ram, &map[i]);
		if (map[i].type == BOOT_MEMORY_LOADER)
			ranges_add(&loader, &map[i]);
	}
}

static uint64_t add(uint64_t start, uint64_t length)
{
	uint64_t end = start + length;

	if (start < LOWEST)
		start = LOWEST;
	if (start >= end)
		return 0;
	buddy_add(paddr(start), (end - start) / PAGE_SIZE);
	return (end - start) / PAGE_SIZE;
}

void pages_init(const struct bootinfo *boot)
{
	check_map(boot);

	const struct boot_memory *map = map_of(boot);
	struct plan plan = make_plan(boot);
	uint64_t bytes = plan_bytes(&plan);
	uint32_t room = find_room(boot, bytes);
	uint8_t *at = direct_map(paddr(end_of(&map[room]) - bytes));

	memset(at, 0, bytes);
	at = place_sections(boot, &plan, at);
	copy_ranges(boot, &plan, at);
	total = 0;
	for (uint32_t i = 0; i < boot->memory_count; i++) {
		if (map[i].type == BOOT_MEMORY_FREE)
			total += add(map[i].start, map[i].length - (i == room ? bytes : 0));
	}
	log_info("memory: %lu MiB free, %lu KiB to keep account of it", total >> (20 - PAGE_SHIFT), bytes >> 10);
}

void pages_reclaim_loader(void)
{
	uint64_t pages = 0;

	for (uint64_t i = 0; i < loader.count; i++)
		pages += add(loader.range[i].start, loader.range[i].length);
	loader.count = 0;
	total += pages;
	log_info("memory: %lu KiB of the loader taken back", pages << (PAGE_SHIFT - 10));
}

bool pages_is_ram(struct paddr start, uint64_t length)
{
	uint64_t low = 0, high = ram.count;

	if (!length)
		return false;
	while (low < high) { /* the first range that ends above start */
		uint64_t middle = (low + high) / 2;
		const struct boot_range *range = &ram.range[middle];

		if (range->start + range->length > start.raw)
			high = middle;
		else
			low = middle + 1;
	}
	return low < ram.count && (ram.range[low].start <= start.raw || ram.range[low].start - start.raw < length);
}

uint64_t pages_total(void)
{
	return total;
}
