/*
 * The server kit: every server of Hearth is a table of operations and one event loop.
 *
 * A server fills a `struct server` with its table, calls server_begin() with the receiver that it was granted
 * ("export.NAME"), and then server_run(), which waits in one place for everything: calls, ends of clients, notify bits, timers.
 *
 * A handler looks at its `struct request`, acts, puts results into request->answer and returns a status; the kit answers. A
 * status that is not ERR_OK becomes the answer's label, and what the handler had put into the answer is dropped. A handler
 * never waits for a client; what it cannot answer yet it saves (request_save) and answers later, from another handler, a bit
 * or a timer (answer_send). It calls only servers below it.
 *
 * Whom the server serves is told by the stamp of the sender that was used. Stamps below SERVER_STAMP_FIRST are minted by the
 * server's starter: *sessions*, of which the kit keeps nothing. From there on the server mints them itself, one for each
 * *object* that it opens for a client (server_open); the kit finds the object's state by the stamp and closes it when the
 * last sender with that stamp is gone, which includes the death of its clients. A client process can have no more than
 * `client_objects` of them at a time and all together `objects`: nobody fills a server's memory. Stamps are not used again,
 * not even by a server that was started anew on the same receiver: senders that are left of its predecessor answer ERR_DEAD.
 *
 * What a client sends is never trusted: the kit checks the presence and least length of buffers and handles as the table says
 * and closes every handle that the handler did not take. Words are checked by the handler.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/lib/call.h"
#include "user/lib/request.h"
#include "user/lib/server_timer.h"
#include "user/lib/state.h"
#include "user/lib/table.h"

#define SERVER_STAMP_FIRST (1ull << 32) /* the least stamp of an object; those below are sessions, minted by the starter */
#define SERVER_SENDER_RIGHTS (RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT)
#define SERVER_OPERATIONS_MAX 64
#define SERVER_BITS 64

/* Whom an operation is offered to; the others get ERR_NOT_SUPPORTED. SERVER_NAMES: to anybody, and through leases. */
enum server_audience { SERVER_ANYBODY, SERVER_SESSION, SERVER_OBJECT, SERVER_NAMES };

/*
 * A row of such a table out of a protocol's, for a server that offers all of it: its function is handle_NAME. With it as NAME_OP of
 * abi/proto/NAME.def a new operation is one line there and one function in the server. Of protocol fs each server has a part:
 * server_fs.h.
 */
#define SERVER_ROW(label, name, audience, handles, readable, writable) \
	{label, #name, handle_##name, SERVER_##audience, handles, readable, writable},

struct server_operation {
	uint32_t label;
	const char *name;
	status_t (*handle)(struct request *request);
	enum server_audience audience;
	uint32_t handles;  /* least number; fewer: ERR_BAD_ARGUMENT, as for the lengths below */
	uint64_t readable; /* least length of the caller's buffers; 0: none needed */
	uint64_t writable;
};

/* Processes that a server finds handles to when it begins, but which its state does not name. */
enum server_processes {
	SERVER_PROCESSES_STAY,
	SERVER_PROCESSES_END_WITH_STATE, /* if that is given up: nobody knows them any more */
	SERVER_PROCESSES_END,            /* each that was made and had not become certain too; before server_begin() is back */
};

/* What a server says of its state (state.h), which is one piece of memory, the root, and what that leads to. */
struct server_state {
	uint32_t version; /* of its layout: counted up when a structure changes */
	size_t size;      /* of the root, zero at first */
	/*
	 * What a predecessor left is looked at before anything is done with it: whether every pointer leads to a piece (state_holds()),
	 * every number is in its bounds, every handle is there (server_has_handle()), every object is one (server_check_objects()).
	 * Handles that are not named so will be closed. False: it starts empty, and the log says so. Nothing may be changed.
	 */
	bool (*check)(struct server *server);
	/*
	 * NULL, or: before the first message, with a state that was checked. Sets timers and bits, says what interrupts calls that wait, wakes those who
	 * watch: what was told to the predecessor may be lost. It may answer calls that wait.
	 */
	void (*resume)(struct server *server);
	enum server_processes processes;
	/* NULL, or: for a server that ends some calls without the log, after `resume`. True: this call was, and is to be answered with the word. */
	bool (*has_done)(struct server *server, uint64_t serial, uint64_t *out_word);
};

struct server {
	/* Filled by the server before server_begin(). */
	const char *name;
	const struct server_operation *operations;
	size_t operation_count; /* at most SERVER_OPERATIONS_MAX */
	void *context;          /* the server's own */
	uint32_t objects;       /* most open objects, of all clients together and of one; 0: none may be opened */
	uint32_t client_objects;
	void (*close_object)(struct server *server, void *object);    /* the last sender is gone; frees the state */
	void (*close_session)(struct server *server, uint64_t stamp); /* NULL: no interest */
	status_t (*exception)(struct request *request);             /* of a process that reports here; NULL: ends the process */
	void (*interrupted)(struct server *server, handle_t reply); /* NULL: of each saved call reply_on_interrupt() says */
	bool interrupt_drops; /* saved calls that nothing was set for (below) answer ERR_INTERRUPTED; else they go on waiting */
	const struct server_state *state; /* NULL: it has none that outlives it */

	/* The kit's own. */
	handle_t receiver;
	handle_t notify;
	uint64_t next_stamp;
	uint64_t bits_used;
	void (*signalled)(uint64_t bits); /* of server_listen() */
	struct server_bit {
		void (*signalled)(void *context);
		void *context;
	} bit[SERVER_BITS];
	struct server_timer *timers; /* by deadline */
	void *root;                  /* of its state */
	struct state_tables *tables; /* of objects; those of the state, or */
	struct state_tables own_tables;
	uint8_t index[256]; /* hash of a label → 1 + place in operations */
};

/*
 * Makes the server ready on `receiver`, which needs RIGHT_RECEIVE and, if objects are opened, RIGHT_MINT. ERR_BAD_ARGUMENT if
 * the table names a label twice or is too long. A server with state calls it before it makes any handle: those that it has then
 * are its predecessor's. Its root is in server->root afterwards.
 */
MUST_CHECK status_t server_begin(struct server *server, handle_t receiver);

/* Serves until the receiver fails, and answers why: normally never. */
status_t server_run(struct server *server);

/*
 * Opens an object for the request's caller: mints a sender with a new stamp and puts it into the answer (rights:
 * SERVER_SENDER_RIGHTS). From then on calls with that stamp find `object`. ERR_FULL at the server's limit, ERR_QUOTA at the
 * client's; on any error the object stays the handler's. If the answer then cannot be given, or the handler fails, the sender
 * is closed and with it the object, as ever.
 */
MUST_CHECK status_t server_open(struct request *request, void *object);

/*
 * A handler, for FS_lease (abi/proto/fs.def) of a server whose operations on names are offered to SERVER_NAMES: lease.c says what
 * a lease is.
 */
MUST_CHECK status_t server_lease(struct request *request);

/* The request becomes one that has come through that lease (request.lease of one before). ERR_DEAD: it has ended. */
MUST_CHECK status_t server_enter_lease(struct request *request, uint64_t lease);

/*
 * A saved call whose caller is asked to end it: see reply_on_interrupt() in request.h. A server that lets calls wait for what may
 * never come sets this for each of them, or interrupt_drops if it forgets such calls by itself.
 */
static inline void server_on_interrupt(struct server *server, handle_t reply, void (*interrupted)(void *context), void *context)
{
	(void)server;
	reply_on_interrupt(reply, interrupted, context);
}

/*
 * Allots a bit of the server's notify and calls `signalled` whenever it was set. *out_notify (owned by the kit; all rights) and
 * *out_bits are what irq_create, timer_create, process_watch and `watch` want. ERR_FULL when all are in use.
 */
MUST_CHECK status_t server_add_bit(
        struct server *server, void (*signalled)(void *context), void *context, handle_t *out_notify, uint64_t *out_bits);
void server_remove_bit(struct server *server, uint64_t bits);

/*
 * In place of those bits: serves a notify that the server was given (RIGHT_WAIT), and calls `signalled` with all bits that were set.
 * ERR_BAD_STATE if it is bound to another receiver.
 */
MUST_CHECK status_t server_listen(struct server *server, handle_t notify, void (*signalled)(uint64_t bits));

/* For server_state.check: whether the server has such a handle (OBJECT_*, of abi/handle.h), which is kept then. */
MUST_CHECK bool server_has_handle(handle_t handle, uint32_t type);
MUST_CHECK bool server_has_any_handle(handle_t handle); /* of whatever type */

/* What was changed is certain from now on: for a server that does much outside of messages. An answer that is owed is not part of it. */
void server_commit(void);

/* Likewise: whether `check` holds for each object that is open. */
MUST_CHECK bool server_check_objects(struct server *server, bool (*check)(struct server *server, uint64_t stamp, void *object));

/* Likewise: whether a table is one of the state: every entry in its place, and each value, if the size is not 0, a piece of it. */
MUST_CHECK bool server_check_table(const struct table *table, size_t value_size);

/* For server_state.resume: whether somebody has a sender with this stamp. Objects that nobody has are closed by the kit, after it. */
bool server_stamp_lives(uint64_t stamp);

/*
 * For a handler with state: whether the call was being served when a predecessor ended. What that has done outside of the state is done:
 * a process that it had started runs.
 */
bool server_serves_again(void);
