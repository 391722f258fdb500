/*
 * Calls that wait: readers for bytes, writers for room, accepting sockets for somebody to come. Each is a saved reply in the
 * queue of what it waits for, in the order of coming.
 *
 * A thread waits with one call at a time, so what clients can make of waits is bounded by their threads; but one that ends
 * while it waits is noticed only when its reply is used. So the waits of the dead are looked for whenever the number of all
 * has doubled, and no more than WAITS_MAX are kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/request.h"
#include "user/lib/state.h"

#define WAITS_MAX 16384u
_Static_assert(WAITS_MAX < STATE_ANSWERS, "one message may end all of them");

struct cargo;
struct end;

/* Who waits is told by `first` and each one's `next`. */
struct wait_queue {
	struct wait *first;
	struct wait *last; /* of this life; means nothing if there is no first */
};

struct wait {
	struct wait *next;
	struct end *end; /* that the call was made on */
	handle_t reply;
	uint32_t caller;
	uint32_t flags;        /* of the operation */
	bool takes_words;      /* the caller takes a short result within the answer */
	uint64_t length, done; /* of the transfer */
	uint64_t place;        /* the owner's */
	struct cargo *cargo;   /* handles that are to go along; the wait's until taken */
	struct wait *made;     /* the one that was made before this; memory of waits stays theirs */
	/* Of this life. */
	bool queued;
	struct wait_queue *queue;
	struct wait *previous;
};

/* Saves the call; it is not answered by the kit then. FULL, NO_MEMORY, or what request_save() says; nothing has happened then. */
MUST_CHECK status_t wait_add(struct wait_queue *queue, struct request *request, uint64_t length, uint64_t done, uint32_t flags);

/* The same, where nothing else follows from the call: it is certain at once, without the log (streamd.h). */
MUST_CHECK status_t wait_add_only(struct wait_queue *queue, struct request *request, uint64_t length, uint32_t flags);

/* The one that was added last. */
static inline struct wait *wait_last(const struct wait_queue *queue)
{
	return queue->last;
}

/* Answers, and the wait is no more; an error only if nothing was done. */
void wait_finish(struct wait *wait, status_t status, struct answer *answer);
/* The same with how much was done in word 0. */
void wait_finish_done(struct wait *wait, status_t status);

/*
 * Gives a reader these bytes, and how many they are: its wait is no more. An error if it was not given them, be it that its memory is
 * bad, which it is told, or that it was gone.
 */
MUST_CHECK status_t wait_finish_bytes(struct wait *wait, const void *bytes, uint64_t length);

/* Its caller needs no answer any more: by the log, or by one store that is the only change of the message. */
void wait_remove(struct wait *wait);
void wait_leave(struct wait *wait);

/* Whether one store may stand for all that a message changes. */
bool wait_may_go_alone(void);

/* All waits of a queue get the same answer. */
void wait_finish_all(struct wait_queue *queue, status_t status);

/* The kernel's word that the caller of a saved call is asked to end it: it is told what was done, or INTERRUPTED. */
void wait_interrupted(struct server *server, handle_t reply);

/* The last sender of an end is gone, so whoever still waits by it has ended or given up: all its waits are DEAD. */
void wait_end_closed(struct end *end);

/* At the beginning of a life: none waits; then each queue of the state is told of; then those in no queue are free. */
void wait_begin(void);
void wait_resume_queue(struct wait_queue *queue);
void wait_resume(void);
