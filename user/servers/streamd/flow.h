/*
 * A flow: bytes on their way from writers to readers, in order, through a ring of bounded size. A pipe has one, a connected
 * pair of stream sockets two.
 *
 * Rules that always hold between two calls:
 *   - if readers wait, the ring is empty; if writers wait, the first of them finds no room.
 *   - what a reader was not given because its memory was bad, or because it had ended, is still there for the next.
 * A writer that finds a reader waiting hands over by one copy of the kernel's; so does a reader that has emptied the ring and
 * finds a writer waiting. All else is copied into the ring and out of it.
 *
 * The ring's memory grows with what is in it, by doubling, as far as the client's account allows; one that gets no more is a
 * ring of smaller capacity. A page is always had.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/servers/streamd/wait.h"
#include "user/servers/streamd/watch.h"

struct flow {
	uint8_t *bytes;        /* what lies outside of the count that begins at start is nobody's, and never in the log */
	uint32_t start, count; /* one word of the log */
	uint32_t allotted;     /* size of the ring now, a power of two or 0 */
	uint32_t capacity;     /* what it may grow to, a power of two */
	uint32_t client;       /* whose account it is on */
	bool ended;            /* nobody will write any more */
	bool broken;           /* nobody will read any more */
	bool scarce;           /* it wanted to grow and could not: what is allotted is its capacity until then */
	struct wait_queue readers, writers;
	struct watched *reading, *writing; /* who is told of bytes and of room; NULL: nobody */
};

/* An empty flow of this capacity on a client's account. */
void flow_init(struct flow *flow, uint32_t client, uint32_t capacity);
/* Frees the ring; nobody waits. */
void flow_free(struct flow *flow);

/*
 * Serve a read or write with FS_TRANSFER_* flags; word 0 of the answer is how much. A write of at most `atomic` bytes goes in
 * whole or waits. BROKEN_PIPE, WOULD_BLOCK, BAD_ADDRESS, BAD_ARGUMENT, NO_MEMORY.
 */
MUST_CHECK status_t flow_read(struct flow *flow, struct request *request, uint64_t length, uint32_t flags);
MUST_CHECK status_t flow_write(struct flow *flow, struct request *request, uint64_t length, uint32_t atomic, uint32_t flags);

/* No writer is left, or no reader. They may come back where a flow has a name (`ended`, `broken` are the owner's then). */
void flow_end(struct flow *flow);
void flow_break(struct flow *flow);

/* Lets writers go on after one in front of them has gone without being served. */
void flow_settle(struct flow *flow);

/* Room for a writer that wants `atomic` bytes at once. */
bool flow_has_room(const struct flow *flow, uint32_t atomic);

/* Whether what a predecessor left is sound, but for its waits; and brings it on its client's account again. */
bool flow_check(const struct flow *flow);
MUST_CHECK bool flow_resume(const struct flow *flow);

/* Changes the capacity: rounded up to a power of two. BAD_STATE if more is in it, QUOTA if the account does not allow it. */
MUST_CHECK status_t flow_set_capacity(struct flow *flow, uint64_t capacity);
