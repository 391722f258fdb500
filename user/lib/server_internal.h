/* What the files of the server kit share. */
#pragma once

#include "user/lib/server.h"
#include "user/lib/state_area.h"

/* What a stamp of the server's is: an object, or one of the two sides of a lease (lease.c), which share their state. */
enum server_object_kind { SERVER_OBJECT_PLAIN, SERVER_OBJECT_LEASE, SERVER_OBJECT_KEEPER };

/* What the kit knows of an object; its stamp is the key. */
struct server_object {
	void *state;
	uint32_t caller; /* whom it was opened for, and is counted for */
	uint32_t kind;   /* enum server_object_kind */
};

/* server_open() for any kind; *out_stamp is the new one. */
MUST_CHECK status_t server_open_kind(struct request *request, void *object, enum server_object_kind kind, uint64_t *out_stamp);

/* The object of a stamp, NULL if there is none. */
struct server_object *server_find_object(const struct server *server, uint64_t stamp);

/* Takes it out of the table: its state, NULL if there is none. */
void *server_remove_object(struct server *server, uint64_t stamp, uint32_t *out_kind);

/* Memory that lives as long as objects do. */
void *server_get_memory(const struct server *server, size_t size);
void server_put_memory(const struct server *server, void *memory, size_t size);

/* A call came through a lease: the request becomes one through what was leased. ERR_DEAD if that is gone. */
MUST_CHECK status_t lease_enter(struct request *request, const struct server_object *object);

/* What is called through a keeper. */
MUST_CHECK status_t lease_serve_keeper(struct request *request);

/* One side of a lease was taken out of the table. The other side goes too, and its own end then finds nothing. */
void lease_close(struct server *server, void *lease);

/* Whether what a predecessor left is one. */
MUST_CHECK bool lease_check(const void *lease);

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
