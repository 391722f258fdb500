/*
 * Pages with free pieces are in a list, full ones in none; the page of a piece is found by its address. Pieces are zero while
 * they are free: fresh pages come zeroed and slab_free clears.
 */
#include "mm/slab.h"

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

static __attribute__((noinline)) void list_add(struct slab_page *page)
{
	struct slab *slab = page->slab;

	page->previous = 0;
	page->next = slab->partial;
	if (page->next)
		page->next->previous = page;
	slab->partial = page;
}

static __attribute__((noinline)) void list_remove(struct slab *slab, struct slab_page *page)
{
	if (page->previous)
		page->previous->next = page->next;
	else
		slab->partial = page->next;
	if (page->next)
		page->next->previous = page->previous;
}

/* A page of free pieces, first in the list; 0: no memory. */
static __attribute__((noinline)) struct slab_page *grow(struct slab *slab)
{
	struct slab_page *page = page_alloc(PAGES_ZERO);

	if (!page)
		return 0;
	if (!slab->per_page) {
		ASSERT(slab->size && slab->size <= SLAB_SIZE_MAX);
		slab->per_page = (uint32_t)((PAGE_SIZE - sizeof *page) / slab->size);
	}
	page->slab = slab;
	page->free = slab->per_page;
	for (uint32_t word = 0, left = slab->per_page; left; word++) {
		uint32_t bits = left < 64 ? left : 64;
		page->map[word] = ~0ull >> (64 - bits);
		left -= bits;
	}
	list_add(page);
	__atomic_fetch_add(&page_count, 1, __ATOMIC_RELAXED);
	return page;
}

/* Pieces are zero while they are free, so that only the account has to be cleared. */
static __attribute__((noinline)) void give_back(struct slab_page *page)
{
	memset(page, 0, sizeof *page);
	page_free_zero(page);
	__atomic_fetch_sub(&page_count, 1, __ATOMIC_RELAXED);
}

void *slab_alloc(struct slab *slab)
{
	void *piece = 0;

	lock_acquire(&slab->lock);
	struct slab_page *page = slab->partial;
	if (__builtin_expect(page || (page = grow(slab)), 1)) {
		uint32_t word = 0;
		while (!page->map[word])
			word++;

		uint32_t bit = (uint32_t)__builtin_ctzll(page->map[word]);
		page->map[word] &= page->map[word] - 1;
		if (--page->free == 0)
			list_remove(slab, page);
		slab->used++;
		piece = (char *)(page + 1) + (uint64_t)(word * 64 + bit) * slab->size;
	}
	lock_release(&slab->lock);
	return piece;
}

static inline void clear(void *piece, uint32_t size)
{
	uint64_t words = size / 8;

	__asm__ volatile("rep stosq" : "+D"(piece), "+c"(words) : "a"(0) : "memory");
}

void slab_free(struct slab *slab, void *piece)
{
	struct slab_page *page = (struct slab_page *)((uintptr_t)piece & ~PAGE_MASK);
	uint32_t offset = (uint32_t)((uintptr_t)piece - (uintptr_t)(page + 1));
	uint32_t index = offset / slab->size;
	uint64_t *map = &page->map[index / 64 % MAP_WORDS], bit = 1ull << index % 64;

	ASSERT(page->slab == slab && offset % slab->size == 0 && index < slab->per_page);
	clear(piece, slab->size);

	lock_acquire(&slab->lock);
	ASSERT(!(*map & bit));
	*map |= bit;
	slab->used--;
	uint32_t free = ++page->free;
	if (free == 1)
		list_add(page);
	if (free == slab->per_page)
		list_remove(slab, page);
	lock_release(&slab->lock);
	if (free == slab->per_page)
		give_back(page);
}

uint64_t slab_pages(void)
{
	return __atomic_load_n(&page_count, __ATOMIC_RELAXED);
}
