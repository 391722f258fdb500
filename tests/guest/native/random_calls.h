/*
 * Calls without sense: random numbers, words, buffers and handles of every type, for threads of processes that are killed in the
 * end. The state is in static memory: set by a child's parent, and the child has a copy of its own.
 */
#pragma once

#include "tests/guest/native/test.h"

struct random_calls {
	uint64_t seed;
	handle_t there[16]; /* good handles that the process has */
	unsigned there_count;
	uint64_t *counter; /* of all calls, in memory that is shared; 0: none */
};
extern struct random_calls random_calls;

/* A pseudo-random number; the state must not be 0. */
uint64_t random_calls_next(uint64_t *state);

/* The function of a process with four threads that make calls until it is killed. */
uint32_t random_calls_process(void *argument);
