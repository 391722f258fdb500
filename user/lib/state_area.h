/*
 * How the frame of state.h is laid out; for the files of the kit that work on it.
 *
 *   struct state_header · log · outbox · memory
 *
 * All but the memory, and the part of the header that is named so, is written as state.c has it, never under the log.
 */
#pragma once

#include "user/lib/state.h"

#define STATE_MAGIC 0x3265746174736872ull
#define STATE_BARRIER() __asm__ volatile("" : : : "memory")

#define STATE_LOG 4096ull
#define STATE_OUTBOX (STATE_LOG + STATE_LOG_WORDS * sizeof(struct state_change))
#define STATE_MEMORY ((STATE_OUTBOX + STATE_ANSWERS * sizeof(struct state_answer) + 4095) & ~4095ull)

struct state_change {
	uint64_t address; /* of a word, a multiple of 8 */
	uint64_t old;
};

struct state_piece;

struct state_header {
	uint64_t magic, version, length, address;
	uint64_t cookie; /* secret, mixed into the tags of pieces */
	uint64_t sum;    /* of those above, which never change */
	union {
		struct {
			volatile uint32_t log_words;
			volatile uint32_t answers;
		};
		uint64_t word; /* both: what the one store of a commit writes */
	} progress;
	uint32_t lives;        /* that began, since one served a message */
	uint32_t served_count; /* calls that were being served when the last life ended */
	uint64_t served[STATE_CALLS];

	/* From here on under the log. */
	struct {
		uint64_t end;                              /* of the pieces; behind it is nothing yet */
		uint64_t last;                             /* size of the last one */
		struct state_piece *free[STATE_CLASSES];   /* by class of size */
		struct state_piece *joined[STATE_CLASSES]; /* by the largest class that is no larger */
		uint64_t has_joined[STATE_CLASSES / 64];   /* a bit for each of those lists that has some */
		void *root;
		struct state_tables tables;
	} memory;
};
_Static_assert(sizeof(struct state_header) <= STATE_LOG, "the header has a page");

/* What this life knows. All zero: there is no frame. */
struct state_area {
	uintptr_t base;
	uint64_t size;
	uintptr_t fresh; /* the piece handed out last: nobody misses what was in it */
	uint64_t fresh_size;
	uint32_t answers; /* in the outbox, those not committed included */
	uint32_t close_count, close_room;
	handle_t *closes;
	bool taken;                /* a free piece was handed out since the last commit */
	struct state_piece *freed; /* to be handed out again after the next */
};
extern _Thread_local struct state_area state_area;

_Noreturn void state_log_is_full(void);

static inline bool state_contains(uintptr_t address)
{
	return address - state_area.base < state_area.size;
}

static inline struct state_header *state_header(void)
{
	return (struct state_header *)state_area.base;
}

static inline struct state_change *state_log(void)
{
	return (struct state_change *)(state_area.base + STATE_LOG);
}

static inline struct state_answer *state_outbox(void)
{
	return (struct state_answer *)(state_area.base + STATE_OUTBOX);
}

/* A whole word of the frame is about to change. */
static inline void state_keep_word(void *word)
{
	struct state_header *header = state_header();
	uint32_t used = header->progress.log_words;
	if (used == STATE_LOG_WORDS)
		state_log_is_full();
	struct state_change *change = &state_log()[used];
	change->address = (uintptr_t)word;
	change->old = *(uint64_t *)word;
	STATE_BARRIER();
	header->progress.log_words = used + 1;
	STATE_BARRIER();
}

static inline bool state_has_changed(void)
{
	const struct state_header *header = state_header();
	return header &&
	        (state_area.close_count || header->progress.log_words || state_area.answers != header->progress.answers);
}

/* The words that [address, + size) touches go into the log; they lie in the frame. */
void state_keep_words(uintptr_t address, size_t size);

/* Pieces that were freed become free, under the log: the last step before the commit. */
void state_memory_free_all(void);
