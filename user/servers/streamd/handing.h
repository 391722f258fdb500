/*
 * Handing a writer's bytes to a reader that waits, along with the reader's answer. The kernel takes the reader's reply away at the very
 * moment at which the reader has them, which is what makes it certain, without the log and without the outbox: what is about to happen
 * is written down before, and the next life finds the reply there, and nothing has happened, or gone, and ends it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/request.h"

struct wait;

struct handing {
	struct wait *wait;
	uint64_t serial, done; /* of the writer's call, and what it is answered; 0: nobody has the bytes */
	handle_t reply;        /* the reader's; HANDLE_NONE: nothing is on its way */
};

/*
 * Gives a waiting reader the first bytes that a writer's call has carried, at least one and no more than it has; `request` is the writer's and
 * nothing else follows from it. False: nothing has happened, and it is to be done in another way.
 */
MUST_CHECK bool handing_give(struct wait *reader, const struct request *request, uint64_t length);

/* At the beginning of a life, when the waits are known: ends what was begun. */
void handing_begin(void);
void handing_resume(void);
/* For the kit: whether the call was that writer's, and what it is to be answered. */
bool handing_has_done(struct server *server, uint64_t serial, uint64_t *out_word);
