/*
 * When a supervisor starts a process again that has ended: after 0.1 s, doubled with each end up to 10 s, and again after 0.1 s
 * once a run has lasted for 10 s. So a server that fails at its start costs little, and one that fails seldom is back at once.
 * Pure: the caller has the clock.
 */
#pragma once

#include <stdint.h>

#ifndef BACKOFF_FIRST_NS /* tests that end a server often have shorter times */
#define BACKOFF_FIRST_NS 100000000ull
#define BACKOFF_MOST_NS 10000000000ull
#endif
#define BACKOFF_STABLE_NS 10000000000ull /* a run of this length is forgiven what was before it */

/* All zero before the first start. */
struct backoff {
	uint64_t started_ns;
	uint64_t delay_ns; /* that the last restart waited for; 0: there was none */
};

static inline void backoff_started(struct backoff *backoff, uint64_t now_ns)
{
	backoff->started_ns = now_ns;
}

/* The process has ended, or could not be started: at what time to start it again. */
static inline uint64_t backoff_ended(struct backoff *backoff, uint64_t now_ns)
{
	if (!backoff->delay_ns || now_ns - backoff->started_ns >= BACKOFF_STABLE_NS)
		backoff->delay_ns = BACKOFF_FIRST_NS;
	else if (backoff->delay_ns < BACKOFF_MOST_NS / 2)
		backoff->delay_ns *= 2;
	else
		backoff->delay_ns = BACKOFF_MOST_NS;
	return now_ns + backoff->delay_ns;
}
