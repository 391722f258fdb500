/*
 * Timers of a server's event loop: a list sorted by deadline. The loop waits for messages until the first of them and runs
 * what is due before it waits again, so that a server that is always busy still gets to its timers.
 */
#pragma once

#include <stdint.h>

struct server;

/* Memory of the server; zeroed at first, then expired and context filled; not touched by it while the timer is set. */
struct server_timer {
	void (*expired)(struct server_timer *timer);
	void *context;
	uint64_t deadline; /* ns since boot */
	struct server_timer *next;
	uint8_t set;
};

/* Sets or resets it: it fires once, never before the deadline. */
void server_timer_set(struct server *server, struct server_timer *timer, uint64_t deadline);

/* Does nothing to one that is not set. */
void server_timer_cancel(struct server *server, struct server_timer *timer);

/* For the event loop: runs the timers that are due and answers the deadline of the next, or DEADLINE_NEVER. */
uint64_t server_timer_run(struct server *server);

/* Nanoseconds since boot on the clock of all deadlines. */
uint64_t server_timer_now(void);
