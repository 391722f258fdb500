/*
 * A process that root supervises. It is started from the same description each time: the same program, arguments and grants,
 * among them the receiver of its channel, of which root keeps a handle. So the senders that others hold stay good, calls that
 * nobody took wait for the next instance, and only what was open in the one that ended is lost.
 *
 * One with state (a grant "state") loses nothing: it is started again in the process that it was, with its handles and the calls that
 * it had not answered.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/backoff.h"
#include "user/lib/call.h"
#include "user/lib/spawn.h"

struct child {
	struct spawn spawn;           /* what it points to lives as long as the child */
	handle_t process;             /* HANDLE_NONE: it does not run */
	handle_t resting;             /* what one with state was, until it is started again */
	handle_t there[START_GRANTS]; /* names of the grants in its process */
	struct backoff backoff;
	uint64_t restart_at; /* ns since boot; DEADLINE_NEVER: it runs, or was never started */
};

/* Starts it and has `bits` of `notify` signalled at its end. On an error the log has a line and restart_at is set. */
MUST_CHECK status_t child_start(struct child *child, handle_t notify, uint64_t bits);

/* Whether it has ended: then the log has a line, its handle is closed and restart_at is set. */
bool child_has_ended(struct child *child);

/*
 * Starts one that rests in the process that it was. On an error the log has a line, and it rests no more: child_start() is next, and
 * what it had open is lost.
 */
MUST_CHECK status_t child_start_again(struct child *child, handle_t notify, uint64_t bits);
