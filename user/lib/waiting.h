/*
 * Saved calls that wait their turn: a list in the order in which they came, with a bound. The server answers the first when it
 * can, and those of an object that is closed. One whose caller is asked to end it (a signal of a program that reads or writes) is
 * given back with what was done, or ERR_INTERRUPTED if that is nothing. In a server with state (state.h) lists lie in that, and
 * all that changes them is under the log.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/request.h"

struct waiting_list;

struct waiting {
	struct waiting *next;
	struct waiting_list *list;
	void *object;   /* of the request */
	uint64_t stamp; /* likewise */
	handle_t reply;
	uint64_t length, done; /* bytes wanted, and given already */
};

struct waiting_list {
	struct waiting *first;
	uint32_t count, most; /* `most` is filled by the server */
};

/* Saves the request at the end of the list; the handler then returns ERR_OK. ERR_FULL when `most` wait. */
MUST_CHECK status_t waiting_add(struct waiting_list *list, struct request *request, uint64_t length, uint64_t done);

/* Answers the first, with this word, and forgets it. */
void waiting_answer(struct waiting_list *list, status_t status, uint64_t word);

/* The first becomes the last. */
void waiting_rotate(struct waiting_list *list);

/* In a server with state: whether what a predecessor left is sound; and what each further life begins with. */
MUST_CHECK bool waiting_check(const struct waiting_list *list);
void waiting_resume(struct waiting_list *list);

/* Answers ERR_DEAD to those of an object that is being closed. */
void waiting_drop(struct waiting_list *list, const void *object);
