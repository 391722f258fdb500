/*
 * Cargo: handles that go along with a message of a socket, from whoever sent it to whoever receives it.
 *
 * Only senders can go: they are what a descriptor is made of. Of one that leads to an end of this server nothing is kept but
 * an end of its own without a sender, so that the kernel's count of senders tells who holds it outside; the receiver is given a
 * new sender. What is held here alone is known so, and sockets that are reached by nothing but each other's queues can be found
 * (socket_collect.c). Others' senders are kept as they are.
 *
 * Each client can have ACCOUNT_HANDLES on their way.
 */
#pragma once

#include <stdbool.h>

#include "abi/proto/stream.h"
#include "user/lib/request.h"

struct end;

struct cargo {
	struct cargo *next; /* to be dropped after this one */
	uint32_t count;
	uint32_t client; /* who is charged */
	uint64_t notes[STREAM_NOTES];
	struct cargo_item {
		struct end *end; /* of this server; NULL: */
		handle_t handle; /* of another */
		uint32_t rights;
	} items[MESSAGE_HANDLES];
};

/* Takes the request's first `count` handles. WRONG_TYPE, QUOTA, NO_MEMORY; then nothing was taken. */
MUST_CHECK status_t cargo_load(struct request *request, uint32_t count, const uint64_t *notes, struct cargo **out);

/* Puts it into the request's answer; the cargo is no more. False: some of it was lost. */
bool cargo_unload(struct cargo *cargo, struct request *request);

void cargo_drop(struct cargo *cargo);

/*
 * The same soon, in messages of its own (ending.h): for whoever goes through queues, which the end of a socket that was in the cargo may
 * change.
 */
void cargo_drop_later(struct cargo *cargo);

/* Whether what a predecessor left is sound; and counts it anew, from none. */
bool cargo_check(const struct cargo *cargo);
void cargo_begin(void);
MUST_CHECK bool cargo_resume(struct cargo *cargo);

/* How many ends are in cargos. */
uint32_t cargo_ends(void);
