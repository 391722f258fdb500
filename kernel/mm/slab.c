/*
 * Pages with free pieces are in a list, full ones in none; the page of a piece is found by its address. Pieces are zero while
 * they are free: fresh pages come zeroed and slab_free clears.
 */
#include "mm/slab.h"

#include <stdbool.h>

#include "core/panic.h"
#include "lib/address.h"
#include "lib/string.h"
#include "mm/pages.h"

#define MAP_WORDS 4

struct slab_page {
	struct slab_page *next, *previous; /* in the list of partial pages */
	struct slab *slab;
	uint32_t free;
	uint32_t reserved;
	uint64_t map[MAP_WORDS]; /* bit set: the piece is free */
};

_Static_assert((PAGE_SIZE - sizeof(struct slab_page)) / 16 <= MAP_WORDS * 64, "a bit for each of the smallest pieces");
_Static_assert(sizeof(struct slab_page) % 16 == 0, "pieces are aligned to 16");
_Static_assert((PAGE_SIZE - sizeof(struct slab_page)) / SLAB_SIZE_MAX == 2, "");

static uint64_t page_count; /* atomic */

static void *piece_address(struct slab_page *page, uint32_t index)
{
	return (uint8_t *)(page + 1) + (uint64_t)index * page->slab->size;
}

static void list_add(struct slab_page *page)
{
	struct slab *slab = page->slab;

	page->previous = 0;
	page->next = slab->partial;
	if (page->next)
		page->next->previous = page;
	slab->partial = page;
}

static void list_remove(struct slab_page *page)
{
	if (page->previous)
		page->previous->next = page->next;
	else
		page->slab->partial = page->next;
	if (page->next)
		page->next->previous = page->previous;
}

static bool grow(struct slab *slab)
{
	struct slab_page *page = page_alloc(PAGES_ZERO);

	if (!page)
		return false;
	if (!slab->per_page) {
		ASSERT(slab->size && slab->size <= SLAB_SIZE_MAX);
		slab->per_page = (uint32_t)((PAGE_SIZE - sizeof *page) / slab->size);
	}
	page->slab = slab;
	page->free = slab->per_page;
	for (uint32_t i = 0; i < slab->per_page; i++)
		page->map[i / 64] |= 1ull << i % 64;
	list_add(page);
	__atomic_fetch_add(&page_count, 1, __ATOMIC_RELAXED);
	return true;
}

static void *take(struct slab *slab)
{
	struct slab_page *page = slab->partial;
	uint32_t word = 0;

	while (!page->map[word])
		word++;

	uint32_t bit = (uint32_t)__builtin_ctzll(page->map[word]);
	page->map[word] &= ~(1ull << bit);
	if (--page->free == 0)
		list_remove(page);
	slab->used++;
	return piece_address(page, word * 64 + bit);
}

void *slab_alloc(struct slab *slab)
{
	void *piece = 0;

	lock_acquire(&slab->lock);
	if (slab->partial || grow(slab))
		piece = take(slab);
	lock_release(&slab->lock);
	return piece;
}

void slab_free(struct slab *slab, void *piece)
{
	struct slab_page *page = (struct slab_page *)((uintptr_t)piece & ~PAGE_MASK);
	uint64_t offset = (uintptr_t)piece - (uintptr_t)(page + 1);
	uint64_t index = offset / slab->size;

	ASSERT(page->slab == slab && offset % slab->size == 0 && index < slab->per_page);
	memset(piece, 0, slab->size);

	lock_acquire(&slab->lock);
	ASSERT(!(page->map[index / 64] & 1ull << index % 64));
	page->map[index / 64] |= 1ull << index % 64;
	slab->used--;
	if (++page->free == 1)
		list_add(page);
	bool empty = page->free == slab->per_page;
	if (empty)
		list_remove(page);
	lock_release(&slab->lock);

	if (empty) {
		page->slab = 0;
		page_free(page);
		__atomic_fetch_sub(&page_count, 1, __ATOMIC_RELAXED);
	}
}

uint64_t slab_pages(void)
{
	return __atomic_load_n(&page_count, __ATOMIC_RELAXED);
}
