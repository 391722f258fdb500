/*
 * Memory of the state: pieces by class of size, each with a head before it. A piece comes from the list of free ones of its class, or
 * from behind all others. Sizes go by 16 bytes up to 128 and by quarters of a doubling above, so that at most a fifth is lost; free
 * pieces stay of their class and are not joined, so that the memory that a server holds at most is that of its most in each class.
 *
 * A head's tag is the secret of the frame mixed with the piece's address and class, so that no data can pass for a head, and a
 * pointer into the middle is noticed. It stays as long as the frame.
 *
 * The lists are changed under the log. What is freed goes into them only at the commit: until then it may have to be there again.
 */
#include <stdlib.h>
#include <string.h>

#include "user/lib/state_area.h"

#define UNIT 16u
#define SMALL_CLASSES 8u /* of UNIT bytes more each */

struct state_piece {
	uint64_t tag;
	struct state_piece *next; /* of a free one, or one that is freed */
};
_Static_assert(sizeof(struct state_piece) == UNIT, "memory stays aligned");

/* The class of a piece of so many bytes, its head included. */
static unsigned class_of(uint64_t size)
{
	uint64_t units = (size + UNIT - 1) / UNIT;
	if (units <= SMALL_CLASSES)
		return (unsigned)units;
	unsigned doubling = 63u - (unsigned)__builtin_clzll(units - 1); /* 2^doubling <= units - 1 */
	return SMALL_CLASSES + 1 + (doubling - 3) * 4 + (unsigned)((units - 1) >> (doubling - 2) & 3);
}

static uint64_t size_of_class(unsigned class)
{
	if (class <= SMALL_CLASSES)
		return class * UNIT;
	unsigned step = class - SMALL_CLASSES - 1;
	return (5ull + step % 4) << (step / 4 + 1) << 4;
}

static uint64_t secret_of(const struct state_piece *piece)
{
	return (state_header()->cookie ^ (uintptr_t)piece) * 0x9e3779b97f4a7c15ull;
}

static uint64_t tag_of(const struct state_piece *piece, unsigned class)
{
	return secret_of(piece) ^ class;
}

/* 0 if it is no piece's head. */
static unsigned class_of_piece(const struct state_piece *piece)
{
	uint64_t class = piece->tag ^ secret_of(piece);
	return class < STATE_CLASSES ? (unsigned)class : 0;
}

static bool is_place(uint64_t address)
{
	const struct state_header *header = state_header();
	return address % UNIT == 0 && address >= state_area.base + STATE_MEMORY && address < header->memory.end &&
	        header->memory.end <= state_area.base + state_area.size;
}

/* From behind all others, where nobody misses what was there. */
static struct state_piece *carve(struct state_header *header, unsigned class)
{
	struct state_piece *piece = (struct state_piece *)header->memory.end;
	uint64_t size = size_of_class(class);
	if (size > state_area.base + state_area.size - header->memory.end)
		return NULL;
	state_keep_word(&header->memory.end);
	header->memory.end += size;
	piece->tag = tag_of(piece, class);
	return piece;
}

static inline struct state_piece *take(struct state_header *header, unsigned class)
{
	struct state_piece *piece = header->memory.free[class];
	if (!piece)
		return carve(header, class);
	if (piece->tag != tag_of(piece, class))
		abort(); /* the lists are damaged: there is nothing that can be relied on */
	state_keep_word(&header->memory.free[class]);
	header->memory.free[class] = piece->next;
	state_area.taken = true;
	return piece;
}

/* Pieces are of whole words. */
static void *clear(void *memory, size_t size)
{
	if (size > 256)
		return memset(memory, 0, size);
	for (uint64_t *word = memory, *end = word + (size + 7) / 8; word < end; word++)
		*(volatile uint64_t *)word = 0;
	return memory;
}

void *state_alloc(size_t size)
{
	if (!state_is_open())
		return calloc(1, size);
	void *memory = state_alloc_bytes(size);
	return memory ? clear(memory, size) : NULL;
}

void *state_alloc_bytes(size_t size)
{
	struct state_header *header = state_header();
	if (!header)
		return malloc(size);
	if (!size || size > state_area.size)
		return NULL;
	struct state_piece *piece = take(header, class_of(size + sizeof *piece));
	if (!piece)
		return NULL;
	state_area.fresh = (uintptr_t)(piece + 1);
	state_area.fresh_size = size;
	return piece + 1;
}

/* Where it leads on is only missed if it was a free piece before this message. */
void state_free(void *memory)
{
	if (!state_is_open()) {
		free(memory);
		return;
	}
	if (!memory)
		return;
	struct state_piece *piece = (struct state_piece *)memory - 1;
	if (!class_of_piece(piece))
		abort();
	if (state_area.taken)
		state_keep_word(&piece->next);
	piece->next = state_area.freed;
	state_area.freed = piece;
}

void state_memory_free_all(void)
{
	struct state_header *header = state_header();
	for (struct state_piece *piece = state_area.freed, *next; piece; piece = next) {
		unsigned class = class_of_piece(piece);
		next = piece->next;
		state_keep_word(&header->memory.free[class]);
		piece->next = header->memory.free[class];
		header->memory.free[class] = piece;
	}
	state_area.freed = NULL;
	state_area.taken = false;
}

bool state_holds(const void *pointer, size_t size)
{
	const struct state_piece *piece = (const struct state_piece *)((uintptr_t)pointer - sizeof *piece);
	if (!state_is_open())
		return true;
	if (!is_place((uintptr_t)piece))
		return false;
	unsigned class = class_of_piece(piece);
	return class && size <= size_of_class(class) - sizeof *piece;
}

void *state_root(size_t size)
{
	static _Thread_local void *of_heap;
	if (!state_is_open())
		return of_heap ? of_heap : (of_heap = calloc(1, size));
	struct state_header *header = state_header();
	if (header->memory.root)
		return state_holds(header->memory.root, size) ? header->memory.root : NULL;
	void *root = state_alloc(size);
	state_keep_word(&header->memory.root);
	header->memory.root = root;
	return root;
}

struct state_tables *state_tables(void)
{
	return state_is_open() ? &state_header()->memory.tables : NULL;
}
