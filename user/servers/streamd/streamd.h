/*
 * What outlives streamd (user/lib/state.h), and what it makes of that anew in each of its lives.
 *
 * The state is what clients can tell by their calls: the things that they have open (pipes, sockets, events, alarms), the ends by which
 * they have them, the bytes and handles in them, and the calls that wait. What follows from that is not under the log and is worked
 * out anew at the beginning of each life (state.c): which name leads to which socket or FIFO, what each client has on its account, how
 * many calls wait on an end, the free ones among the waits.
 *
 * **Order in place of the log.** Two changes happen with every byte that a program reads, and have no entry in the log, because each is one
 * store that says all:
 *   - A call that begins to wait is in its queue as soon as the word before it points to it. Before that store the call is one that
 *     was received and not answered; after it, one that waits.
 *   - A writer's bytes go to a waiting reader along with its answer (handing.h).
 * And a ring's bytes are written where no reader looks before `count` says that they are there: only that word goes into the log.
 */
#pragma once

#include "user/lib/server.h"
#include "user/servers/streamd/handing.h"

struct wait;
struct socket;
struct cargo;

#define THINGS_MAX (1u << 20) /* that are believed of a predecessor */

enum thing_kind { THING_PIPE = 1, THING_SOCKET, THING_EVENT, THING_ALARM };

/* What ends lead to; first in each of them. */
struct thing {
	uint32_t kind;
	uint32_t sound;  /* the life that has looked at it: state.c */
	uint64_t number; /* that nothing else has, for fstat */
	struct thing *next, *previous;
};

/* The root of the state. */
struct streamd {
	struct thing *things;
	struct wait *waits; /* all that were ever made */
	uint64_t last_number;
	uint32_t last_name;
	struct socket *ending;  /* ending.c: by their next_ending */
	struct cargo *dropped;  /* likewise, by their next */
	struct handing handing; /* not under the log */
};
extern struct streamd *streamd;
extern struct server streamd_server;

void thing_begin(struct thing *thing, enum thing_kind kind);
void thing_end(struct thing *thing);

/* For state_check(): whether this is one of the things, and of that kind. */
bool thing_is_sound(const struct thing *thing, enum thing_kind kind);

/* Whether what a predecessor left is sound; and what is to be done before it can be used. */
bool state_check(struct server *server);
void state_begin(void); /* a life, whatever was left */
void state_resume(struct server *server);
