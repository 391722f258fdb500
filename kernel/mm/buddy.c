/*
 * The buddy allocator. A block of order n starts at a multiple of 2^n pages, and its buddy is the block whose number differs in
 * bit n alone. Freeing joins a block with its buddy as long as that is free in the same order. No block crosses 4 GiB, because
 * that is a multiple of the largest block.
 */
#include "mm/buddy.h"

#include "arch/paging.h"
#include "core/panic.h"

#define ZONE_BORDER (4ull << 30)

struct link {
	struct link *next, *previous;
};

struct zone {
	struct link free[BUDDY_ORDER_MAX + 1]; /* heads of circular lists */
	uint32_t orders;                       /* bit n: free[n] is not empty */
	uint64_t pages;                        /* free */
};

static struct zone zones[BUDDY_ZONES];
static uint64_t section_count;
uint8_t **buddy_sections;

void buddy_init(uint8_t **sections, uint64_t count)
{
	buddy_sections = sections;
	section_count = count;
	for (unsigned z = 0; z < BUDDY_ZONES; z++) {
		zones[z].orders = 0;
		zones[z].pages = 0;
		for (unsigned order = 0; order <= BUDDY_ORDER_MAX; order++)
			zones[z].free[order].next = zones[z].free[order].previous = &zones[z].free[order];
	}
}

bool buddy_has_state(struct paddr page)
{
	uint64_t section = page.raw >> PAGE_SHIFT >> BUDDY_SECTION_SHIFT;
	return section < section_count && buddy_sections[section];
}

static uint64_t block_size(unsigned order)
{
	return PAGE_SIZE << order;
}

static struct zone *zone_of(struct paddr page)
{
	return &zones[page.raw < ZONE_BORDER ? BUDDY_BELOW_4G : BUDDY_ABOVE_4G];
}

static void put(struct paddr block, unsigned order)
{
	struct zone *zone = zone_of(block);
	struct link *head = &zone->free[order], *link = direct_map(block);

	link->next = head->next;
	link->previous = head;
	head->next->previous = link;
	head->next = link;
	zone->orders |= 1u << order;
	zone->pages += 1ull << order;
	*buddy_state(block) = (uint8_t)(BUDDY_FREE + order);
}

/* Free memory that was written to shows here, before it is handed out. */
static void take(struct paddr block, unsigned order)
{
	struct zone *zone = zone_of(block);
	struct link *head = &zone->free[order], *link = direct_map(block);

	ASSERT(link->next->previous == link && link->previous->next == link);
	link->next->previous = link->previous;
	link->previous->next = link->next;
	if (head->next == head)
		zone->orders &= ~(1u << order);
	zone->pages -= 1ull << order;
}

static void put_joined(struct paddr block, unsigned order)
{
	while (order < BUDDY_ORDER_MAX) {
		struct paddr buddy = {block.raw ^ block_size(order)};

		if (!buddy_has_state(buddy) || *buddy_state(buddy) != BUDDY_FREE + order)
			break;
		take(buddy, order);
		*buddy_state(buddy) = 0;
		block.raw &= ~block_size(order);
		order++;
	}
	put(block, order);
}

void buddy_add(struct paddr start, uint64_t pages)
{
	while (pages) {
		unsigned order = 0;

		while (order < BUDDY_ORDER_MAX && !(start.raw & block_size(order)) && 2ull << order <= pages)
			order++;
		put_joined(start, order);
		start.raw += block_size(order);
		pages -= 1ull << order;
	}
}

/* Takes a free block of order `from` and gives its upper halves back until it has the wanted order. */
static struct paddr take_cut(struct zone *zone, unsigned from, unsigned order)
{
	struct paddr block = direct_map_physical(zone->free[from].next);

	take(block, from);
	while (from > order) {
		from--;
		put(paddr_add(block, block_size(from)), from);
	}
	*buddy_state(block) = (uint8_t)(BUDDY_USED + order);
	return block;
}

bool buddy_alloc(unsigned zone, unsigned order, struct paddr *out)
{
	uint32_t large_enough = zones[zone].orders >> order << order;

	if (!large_enough)
		return false;
	*out = take_cut(&zones[zone], (unsigned)__builtin_ctz(large_enough), order);
	return true;
}

bool buddy_alloc_some(unsigned zone, unsigned order_max, struct paddr *out, unsigned *out_order)
{
	if (!zones[zone].orders)
		return false;

	unsigned from = (unsigned)__builtin_ctz(zones[zone].orders);
	unsigned order = from < order_max ? from : order_max;

	*out = take_cut(&zones[zone], from, order);
	*out_order = order;
	return true;
}

void buddy_free(struct paddr start, unsigned order)
{
	ASSERT(buddy_has_state(start) && *buddy_state(start) == BUDDY_USED + order);
	*buddy_state(start) = 0;
	put_joined(start, order);
}

/* The largest block that a run of `pages` pages, whose start is aligned to more than its length, begins with. */
static unsigned leading_order(uint64_t pages)
{
	return 63 - (unsigned)__builtin_clzll(pages);
}

void buddy_trim(struct paddr start, unsigned order, uint64_t pages)
{
	uint64_t offset = 0;

	ASSERT(pages && pages <= 1ull << order && *buddy_state(start) == BUDDY_USED + order);
	while (offset < pages) {
		unsigned part = leading_order(pages - offset);

		*buddy_state(paddr_add(start, offset * PAGE_SIZE)) = (uint8_t)(BUDDY_USED + part);
		offset += 1ull << part;
	}
	while (offset < 1ull << order) {
		unsigned part = (unsigned)__builtin_ctzll(offset);
		struct paddr rest = paddr_add(start, offset * PAGE_SIZE);

		*buddy_state(rest) = (uint8_t)(BUDDY_USED + part);
		buddy_free(rest, part);
		offset += 1ull << part;
	}
}

void buddy_free_run(struct paddr start, uint64_t pages)
{
	while (pages) {
		unsigned part = leading_order(pages);

		buddy_free(start, part);
		start.raw += block_size(part);
		pages -= 1ull << part;
	}
}

void buddy_free_singles(struct paddr start, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++) {
		struct paddr page = paddr_add(start, i * PAGE_SIZE);

		ASSERT(buddy_has_state(page) && *buddy_state(page) == BUDDY_USED);
		*buddy_state(page) = 0;
	}
	buddy_add(start, pages);
}

uint64_t buddy_available(unsigned zone)
{
	return zones[zone].pages;
}
