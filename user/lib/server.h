/*
 * The server kit: every server of Hearth is a table of operations and one event loop.
 *
 * A server fills a `struct server` with its table, calls server_begin() with the receiver that it was granted
 * ("export.NAME"), and then server_run(), which waits in one place for everything: calls, ends of clients, notify bits, timers.
 *
 * A handler looks at its `struct request`, acts, puts results into request->answer and returns a status; the kit answers. A
 * status that is not ERR_OK becomes the answer's label, and what the handler had put into the answer is dropped. A handler
 * never waits for a client; what it cannot answer yet it saves (request_save) and answers later, from another handler, a bit
 * or a timer (server_answer). It calls only servers below it.
 *
 * Whom the server serves is told by the stamp of the sender that was used. Stamps below SERVER_STAMP_FIRST are minted by the
 * server's starter: *sessions*, of which the kit keeps nothing. From there on the server mints them itself, one for each
 * *object* that it opens for a client (server_open); the kit finds the object's state by the stamp and closes it when the
 * last sender with that stamp is gone, which includes the death of its clients. A client process can have no more than
 * `client_objects` of them at a time and all together `objects`: nobody fills a server's memory.
 *
 * What a client sends is never trusted: the kit checks the presence and least length of buffers and handles as the table says
 * and closes every handle that the handler did not take. Words are checked by the handler.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/lib/call.h"
#include "user/lib/table.h"

struct server;
struct server_timer;

#define SERVER_STAMP_FIRST (1ull << 32) /* the least stamp of an object; those below are sessions, minted by the starter */
#define SERVER_SENDER_RIGHTS (RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT)
#define SERVER_OPERATIONS_MAX 64
#define SERVER_BITS 64

/* Results of a call. Handles in it belong to the answer: they are moved to the caller, or closed if it cannot be given. */
struct answer {
	uint64_t word[MESSAGE_WORDS];
	uint32_t handle_count;
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES];
};

/* One call; exists while its handler runs. */
struct request {
	struct server *server;
	uint64_t stamp; /* of the sender used */
	void *object; /* state of the object with that stamp, NULL for a session */
	uint32_t caller; /* the caller's process number; conveys no right */
	uint32_t label;
	uint64_t deadline; /* the caller's, DEADLINE_NEVER if it has none */
	uint64_t word[MESSAGE_WORDS];
	uint32_t long_word_count;
	uint32_t handle_count;
	uint64_t long_word[MESSAGE_LONG_WORDS];
	uint64_t readable; /* length of what request_read() can reach */
	uint64_t writable; /* and request_write() */
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES];

	struct answer answer;
	handle_t reply; /* HANDLE_SELF_REPLY, or what request_save() made of it; HANDLE_NONE once handed on */
};

/* Whom an operation is offered to; the others get ERR_NOT_SUPPORTED. */
enum server_audience { SERVER_ANYBODY, SERVER_SESSION, SERVER_OBJECT };

struct server_operation {
	uint32_t label;
	const char *name;
	status_t (*handle)(struct request *request);
	enum server_audience audience;
	uint32_t handles; /* least number; fewer: ERR_BAD_ARGUMENT, as for the lengths below */
	uint64_t readable; /* least length of the caller's buffers; 0: none needed */
	uint64_t writable;
};

struct server {
	/* Filled by the server before server_begin(). */
	const char *name;
	const struct server_operation *operations;
	size_t operation_count; /* at most SERVER_OPERATIONS_MAX */
	void *context; /* the server's own */
	uint32_t objects; /* most open objects, of all clients together and of one; 0: none may be opened */
	uint32_t client_objects;
	void (*close_object)(struct server *server, void *object); /* the last sender is gone; frees the state */
	void (*close_session)(struct server *server, uint64_t stamp); /* NULL: no interest */
	status_t (*exception)(struct request *request); /* of a process that reports here; NULL: ends the process */

	/* The kit's own. */
	handle_t receiver;
	handle_t notify;
	uint64_t next_stamp;
	uint64_t bits_used;
	struct server_bit {
		void (*signalled)(void *context);
		void *context;
	} bit[SERVER_BITS];
	struct server_timer *timers; /* by deadline */
	struct table open; /* stamp → struct server_object */
	struct table clients; /* process number → count of its objects */
	uint8_t index[256]; /* hash of a label → 1 + place in operations */
};

/*
 * Makes the server ready on `receiver`, which needs RIGHT_RECEIVE and, if objects are opened, RIGHT_MINT. ERR_BAD_ARGUMENT if
 * the table names a label twice or is too long.
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

/* Adds a handle to an answer, which takes it in any case; the rights must be ones that the handle has. */
void answer_add_handle(struct answer *answer, handle_t handle, uint32_t rights);

/* Takes handle number i of the request, which the kit would close otherwise; HANDLE_NONE if it is not there any more. */
handle_t request_take_handle(struct request *request, uint32_t i);

/*
 * Copies exactly `length` bytes from the caller's readable buffer, or to its writable one. ERR_BAD_ARGUMENT if they are not in
 * the buffer, ERR_BAD_ADDRESS if the caller's memory is not.
 */
MUST_CHECK status_t request_read(struct request *request, uint64_t offset, void *to, uint64_t length);
MUST_CHECK status_t request_write(struct request *request, uint64_t offset, const void *from, uint64_t length);

/*
 * Reads the path at `offset` of `length` bytes into `out`, of at least FS_PATH_MAX bytes, and adds a NUL. Refuses what
 * protocol fs forbids: longer than FS_PATH_MAX - 1 or a name longer than FS_NAME_MAX (ERR_NAME_TOO_LONG), a NUL, an empty
 * name, "." or ".." (ERR_BAD_ARGUMENT). The path is absolute, or empty: the root of a file system that is mounted.
 */
MUST_CHECK status_t request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out);

/*
 * Keeps the call to be answered later: request->reply is a handle that outlives the handler, which then returns ERR_OK and is
 * not answered for. The handles of the call that were not taken are closed.
 */
MUST_CHECK status_t request_save(struct request *request, handle_t *out_reply);

/* Answers a saved call and uses the reply up, whatever happens to the answer; the same rules as for a handler's. */
void server_answer(handle_t reply, status_t status, struct answer *answer);

/*
 * Hands the call on to the server behind `sender` with its caller, its buffers, new words and the same label; it is answered
 * from there. On an error the call is still the handler's.
 */
MUST_CHECK status_t request_forward(struct request *request, handle_t sender, const uint64_t word[static MESSAGE_WORDS]);

/*
 * Allots a bit of the server's notify and calls `signalled` whenever it was set. *out_notify (owned by the kit; all rights) and
 * *out_bits are what irq_create, timer_create, process_watch and `watch` want. ERR_FULL when all are in use.
 */
MUST_CHECK status_t server_add_bit(
        struct server *server, void (*signalled)(void *context), void *context, handle_t *out_notify, uint64_t *out_bits);
void server_remove_bit(struct server *server, uint64_t bits);

/* A timer of the event loop: memory of the server, zeroed at first, untouched while it is set. */
struct server_timer {
	void (*expired)(struct server_timer *timer);
	void *context;
	uint64_t deadline; /* ns since boot */
	struct server_timer *next;
	uint8_t set;
};

/* Sets or resets; it fires once, never early. Cancelling one that is not set does nothing. */
void server_timer_set(struct server *server, struct server_timer *timer, uint64_t deadline);
void server_timer_cancel(struct server *server, struct server_timer *timer);

/* Nanoseconds since boot on the clock of all deadlines. */
uint64_t server_now(void);
