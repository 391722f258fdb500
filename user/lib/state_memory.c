/*
 * Memory of the state: pieces by class of size, each with a head before it. A piece comes from the list of free ones of its class, or
 * from behind all others. Sizes go by 16 bytes up to 128 and by quarters of a doubling above, so that at most a fifth is lost. Free
 * pieces stay of their class as long as there is memory behind the last one; when that is used up they are joined, piece by
 * piece, with those beside them that are joined already, and serve for any class by giving their fronts away. So what was one class's
 * most becomes another's, and no order in which clients fill class after class uses the memory up. A message that has changed much
 * already leaves the rest of that to the next.
 *
 * A joined piece stands in the list of the largest class that is no larger than it, its links in the first 16 bytes behind its head; one
 * of a single unit has no room for them and waits, in no list, for a neighbour. The last one goes to what lies behind all pieces.
 *
 * The lists are changed under the log. What is freed goes into them only at the commit: until then it may have to be there again.
 */
#include <stdlib.h>
#include <string.h>

#include "user/lib/state_area.h"

#define CHANGES_MOST (STATE_LOG_WORDS / 2) /* of one message, from which on it joins no more */

/*
 * A piece: in units of 16 bytes, its head included; the next one begins where it ends. The tag is the secret of the frame mixed with the
 * piece's address and, of one that is in use or free, its class; of one that is joined, JOINED and its units. So no data can pass for
 * a head, and a pointer into the middle is noticed.
 */
struct state_piece {
	uint64_t tag;
	uint32_t before; /* units of the piece that ends where this one begins; 0: none */
	uint32_t next;   /* of a free one, or one that is freed: units from the frame's beginning; 0: none */
};
#define UNIT 16u
#define JOINED 0x6a6f696e00000000ull
_Static_assert(sizeof(struct state_piece) == UNIT, "memory stays aligned");

#define SMALL_CLASSES 8u /* of a unit more each; above them four for each doubling */

static uint64_t units_of_class(unsigned class)
{
	if (class <= SMALL_CLASSES)
		return class;
	unsigned step = class - SMALL_CLASSES - 1;
	return (5ull + step % 4) << (step / 4 + 1);
}

static uint64_t secret_of(const struct state_piece *piece)
{
	return (state_header()->cookie ^ (uintptr_t)piece) * 0x9e3779b97f4a7c15ull;
}

/* The second word of a head is about to change. */
static void keep_neighbours(struct state_piece *piece)
{
	_Static_assert(offsetof(struct state_piece, before) == 8, "one word");
	state_keep_word((uint64_t *)(void *)piece + 1);
}

static struct state_piece *piece_at(uint32_t units)
{
	return units ? (struct state_piece *)(state_area.base + (uint64_t)units * UNIT) : NULL;
}

static uint32_t place_of(const struct state_piece *piece)
{
	return piece ? (uint32_t)(((uintptr_t)piece - state_area.base) / UNIT) : 0;
}

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
	return units_of_class(class) * UNIT;
}

static uint64_t tag_of(const struct state_piece *piece, unsigned class)
{
	return secret_of(piece) ^ class;
}

/* 0 if it is no head of a piece that is in use or free. */
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
	state_keep_word(&header->memory.last);
	piece->tag = tag_of(piece, class);
	piece->before = (uint32_t)(header->memory.last / UNIT);
	header->memory.end += size;
	header->memory.last = size;
	return piece;
}

struct links {
	struct state_piece *next, *previous;
};

static struct links *links_of(struct state_piece *piece)
{
	return (struct links *)(void *)(piece + 1);
}

/* The largest class that is no larger than so many units. */
static unsigned class_below(uint64_t units)
{
	if (units <= SMALL_CLASSES)
		return (unsigned)units;
	unsigned doubling = 63u - (unsigned)__builtin_clzll(units); /* 2^doubling <= units */
	return SMALL_CLASSES + (doubling - 3) * 4 + (unsigned)(units >> (doubling - 2) & 3);
}

static struct state_piece *behind(struct state_piece *piece, uint64_t units)
{
	return piece + units;
}

/* 0: it is not joined. */
static uint64_t joined_units(const struct state_piece *piece)
{
	uint64_t value = piece->tag ^ secret_of(piece);
	return (value & ~(uint64_t)UINT32_MAX) == JOINED ? (uint32_t)value : 0;
}

static void set_tag(struct state_piece *piece, uint64_t value)
{
	state_keep_word(&piece->tag);
	piece->tag = secret_of(piece) ^ value;
}

/* Where a head was is none any more. */
static void wipe(struct state_piece *piece)
{
	state_keep_word(&piece->tag);
	piece->tag = 0;
}

static void set_before(struct state_piece *piece, uint64_t units)
{
	keep_neighbours(piece);
	piece->before = (uint32_t)units;
}

static void set_bit(struct state_header *header, unsigned class, bool on)
{
	uint64_t *word = &header->memory.has_joined[class / 64], bit = 1ull << class % 64;
	state_keep_word(word);
	*word = on ? *word | bit : *word & ~bit;
}

static void enter(struct state_header *header, struct state_piece *piece, uint64_t units)
{
	if (units < 2)
		return;
	unsigned class = class_below(units);
	struct state_piece **first = &header->memory.joined[class];
	struct links *links = links_of(piece);
	state_keep_word(&links->next);
	state_keep_word(&links->previous);
	links->next = *first;
	links->previous = NULL;
	if (*first) {
		state_keep_word(&links_of(*first)->previous);
		links_of(*first)->previous = piece;
	} else {
		set_bit(header, class, true);
	}
	state_keep_word(first);
	*first = piece;
}

/* Its links are kept, whoever writes over them. */
static void leave(struct state_header *header, struct state_piece *piece, uint64_t units)
{
	if (units < 2)
		return;
	unsigned class = class_below(units);
	struct links *links = links_of(piece);
	state_keep_word(&links->next);
	state_keep_word(&links->previous);
	if (links->next) {
		state_keep_word(&links_of(links->next)->previous);
		links_of(links->next)->previous = links->previous;
	}
	struct state_piece **place = links->previous ? &links_of(links->previous)->next : &header->memory.joined[class];
	state_keep_word(place);
	*place = links->next;
	if (!header->memory.joined[class])
		set_bit(header, class, false);
}

/* The first list, from this class on, that has some; STATE_CLASSES: none. */
static unsigned find_list(const struct state_header *header, unsigned class)
{
	for (unsigned word = class / 64; word < STATE_CLASSES / 64; word++) {
		uint64_t bits = header->memory.has_joined[word];
		if (word == class / 64)
			bits &= UINT64_MAX << class % 64;
		if (bits)
			return word * 64 + (unsigned)__builtin_ctzll(bits);
	}
	return STATE_CLASSES;
}

static struct state_piece *take_joined(unsigned class)
{
	struct state_header *header = state_header();
	unsigned list = find_list(header, class);
	if (list == STATE_CLASSES)
		return NULL;
	struct state_piece *piece = header->memory.joined[list];
	uint64_t units = joined_units(piece), wanted = units_of_class(class);
	if (units < wanted)
		abort(); /* the lists are damaged: there is nothing that can be relied on */
	leave(header, piece, units);
	set_tag(piece, class);
	state_area.taken = true;
	if (units == wanted)
		return piece;
	struct state_piece *rest = behind(piece, wanted);
	set_before(behind(piece, units), units - wanted);
	set_before(rest, wanted);
	set_tag(rest, JOINED | (units - wanted));
	enter(header, rest, units - wanted);
	return piece;
}

/* The free piece, which is in no list, goes together with what is joined behind it and before it. */
static void join(struct state_header *header, struct state_piece *piece, uint64_t units)
{
	struct state_piece *end = (struct state_piece *)header->memory.end, *next = behind(piece, units);
	uint64_t more = next < end ? joined_units(next) : 0;
	if (more) {
		leave(header, next, more);
		wipe(next);
		units += more;
	}
	more = piece->before ? joined_units(piece - piece->before) : 0;
	if (more) {
		wipe(piece);
		piece -= more;
		leave(header, piece, more);
		units += more;
	}
	next = behind(piece, units);
	if (next < end) {
		set_tag(piece, JOINED | units);
		set_before(next, units);
		enter(header, piece, units);
		return;
	}
	wipe(piece);
	state_keep_word(&header->memory.end);
	state_keep_word(&header->memory.last);
	header->memory.end = (uintptr_t)piece;
	header->memory.last = (uint64_t)piece->before * UNIT;
}

static bool join_one(void)
{
	struct state_header *header = state_header();
	if (header->progress.log_words > CHANGES_MOST)
		return false;
	for (unsigned class = STATE_CLASSES; class -- > 1;) {
		struct state_piece *piece = header->memory.free[class];
		if (!piece)
			continue;
		if ((piece->tag ^ secret_of(piece)) != class)
			abort();
		state_keep_word(&header->memory.free[class]);
		header->memory.free[class] = piece_at(piece->next);
		state_area.taken = true;
		join(header, piece, units_of_class(class));
		return true;
	}
	return false;
}

/* There is no free one of the class. */
static struct state_piece *take_elsewhere(struct state_header *header, unsigned class)
{
	struct state_piece *piece = take_joined(class);
	if (!piece)
		piece = carve(header, class);
	while (!piece && join_one()) {
		piece = take_joined(class);
		if (!piece)
			piece = carve(header, class);
	}
	return piece;
}

static inline struct state_piece *take(struct state_header *header, unsigned class)
{
	struct state_piece *piece = header->memory.free[class];
	if (!piece)
		return take_elsewhere(header, class);
	if (piece->tag != tag_of(piece, class))
		abort(); /* the lists are damaged: there is nothing that can be relied on */
	state_keep_word(&header->memory.free[class]);
	header->memory.free[class] = piece_at(piece->next);
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
		keep_neighbours(piece);
	piece->next = place_of(state_area.freed);
	state_area.freed = piece;
}

void state_memory_free_all(void)
{
	struct state_header *header = state_header();
	for (struct state_piece *piece = state_area.freed, *next; piece; piece = next) {
		unsigned class = class_of_piece(piece);
		next = piece_at(piece->next);
		state_keep_word(&header->memory.free[class]);
		piece->next = place_of(header->memory.free[class]);
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
