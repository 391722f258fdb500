/*
 * What a vmem must be like, in the simplest words: an entry for every page of a small part of the address space. A page belongs to a
 * piece of fresh memory, counted on, or to a frame; contents are one word per page.
 */
#pragma once

#include "vmem_space.h"

/* The part of the address space that the model knows: three spans of a last-level table and the ends of two more. */
#define WINDOW (0x40000000ull - 20 * PAGE_SIZE)
#define WINDOW_PAGES (3 * 512 + 40u)

/* Far away from it, so that there are always more page tables than are kept for their own sake. */
#define BALLAST 10u
#define BALLAST_AT(i) (((i) + 1ull) << 40)

struct piece {
	uint64_t length; /* pages, of a frame that may shrink */
	uint64_t *word;
	struct frame *frame; /* 0: fresh */
};

struct page {
	bool mapped;
	uint32_t flags, rights;
	unsigned piece;
	uint64_t index;
};

extern struct piece *model_pieces;
extern unsigned model_piece_count;
extern struct page model_pages[WINDOW_PAGES];

/* The piece that is being shrunk: until that is done its old pages may still be reached. ~0: none. */
extern unsigned model_resizing;
/* The piece that is being cloned: until that is done entries let write to what the clone has too. ~0: none. */
extern unsigned model_cloning;
/* A call was given up half-way: entries that it left are there until the next call is done. */
extern bool model_unfinished;

unsigned model_add_piece(uint64_t length, struct frame *frame);
unsigned model_random(unsigned end);
uint64_t model_address(unsigned page);
bool model_allows(const struct page *page, uint32_t access);

/* A program reads or writes page i, by chance; it must go as the model has it. */
void model_access(unsigned i);

/* Other threads while a call is under way: pages outside its range are as ever, pages inside may be either. */
void model_meanwhile(unsigned first, unsigned count);

/* Every entry of the page table is one that the model allows, and leads to the frame's page. */
void model_compare_tables(void);
/* Neighbours in order, without overlap, in the window; as many as are counted. */
void model_compare_mappings(void);
