/* What the files of the server kit share. */
#pragma once

#include "user/lib/server.h"
#include "user/lib/state_area.h"

/* What the kit knows of an object; its stamp is the key. */
struct server_object {
	void *state;
	uint32_t caller; /* whom it was opened for, and is counted for */
};

/*
 * Serves the message whose label, info and words stand in the request. The status of the answer that is owed afterwards, if request->reply is
 * still HANDLE_SELF_REPLY.
 */
MUST_CHECK status_t server_serve(struct server *server, struct request *request);

/* The call that a handler has handed on, as it goes to request->forward_to. */
static inline struct message request_forwarded(const struct request *request)
{
	struct message message = {.label = request->label | (request->takes_words ? LABEL_SHORT : 0)};
	memcpy(message.word, request->answer.word, sizeof message.word);
	return message;
}

/* It leaves now, instead of with the next wait. On an error the call is to be answered with that. */
MUST_CHECK status_t request_forward_now(struct request *request);

/* The last sender with this stamp is gone. */
void server_close_stamp(struct server *server, uint64_t stamp);

/* The answer without regard to state: see answer_send(). */
void answer_give(handle_t reply, status_t status, struct answer *answer);

/* Opens the state, and looks at what a predecessor left there. */
MUST_CHECK status_t server_state_begin(struct server *server);

/* Ends what a predecessor has begun: before the first message. */
void server_state_recover(struct server *server);

/*
 * What a message, or a timer, has changed is certain from now on, with the answer that the request is owed, if `request` is not NULL and
 * its answer is owed; the answers to other calls have been given.
 */
void server_state_commit(struct request *request, status_t status);
