/*
 * One call as a server's handler sees it, and its answer.
 *
 * The kit (server.h) fills the request, calls the handler and gives the answer when it returns. Until then, and after
 * request_save() until answer_send(), the caller waits and its two buffers can be reached: data goes between it and the
 * server's memory by one copy of the kernel's. Nothing else of the caller can be reached, and nothing that it says is checked
 * yet except what the server's table asks for.
 *
 * Handles have one owner at any time: those of a request are the kit's until the handler takes them, those of an answer are the
 * answer's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/call.h"

struct server;

/* The results of a call. Handles in it belong to the answer: they are moved to the caller, or closed if it cannot be given. */
struct answer {
	uint64_t word[MESSAGE_WORDS];
	uint32_t handle_count;
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES];
};

/* One call; exists while its handler runs. */
struct request {
	struct server *server;
	uint64_t stamp;    /* of the sender used */
	void *object;      /* state of the object with that stamp, NULL for a session */
	uint64_t serial;   /* of the call: message_extras.serial */
	uint64_t lease;    /* of that lease, if one was used: `stamp` is then what was leased; 0: none */
	uint32_t caller;   /* the caller's process number; conveys no right */
	uint32_t label;    /* without LABEL_SHORT */
	uint32_t info;     /* RECEIVED_* */
	bool takes_words;  /* LABEL_SHORT */
	uint64_t deadline; /* the caller's, DEADLINE_NEVER if it has none */
	uint64_t word[MESSAGE_WORDS];
	uint32_t long_word_count;
	uint32_t handle_count;
	uint64_t long_word[MESSAGE_LONG_WORDS];
	uint64_t readable; /* length of what request_read() can reach */
	uint64_t writable; /* and request_write() */
	uint32_t
	        result_length; /* bytes in `result`, which are for the front of the writable buffer and go along with the answer */
	uint64_t result[MESSAGE_LONG_WORDS];
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES];

	struct answer answer;
	handle_t reply;      /* HANDLE_SELF_REPLY, or what request_save() made of it; HANDLE_NONE once handed on */
	handle_t forward_to; /* HANDLE_NONE, or where the call goes with the kit's next wait, with the words of the answer */
	bool certain;        /* the answer is in the outbox (state.h) */
};

/* An error comes without words, but for the one that says where to go on. */
static inline bool answer_keeps_words(status_t status)
{
	return status == ERR_OK || status == ERR_REDIRECT;
}

/* Adds a handle to an answer, which takes it in any case; the rights must be ones that the handle has. */
void answer_add_handle(struct answer *answer, handle_t handle, uint32_t rights);

/* Takes handle number i of the request, which the kit would close otherwise; HANDLE_NONE if it is not there any more. */
handle_t request_take_handle(struct request *request, uint32_t i);

/*
 * Copies exactly `length` bytes from the caller's readable buffer, or to its writable one. ERR_BAD_ARGUMENT if they are not in
 * the buffer, ERR_BAD_ADDRESS if the caller's memory is not. What the message itself has carried (abi/message.h) is taken from
 * there, and what the answer can carry is kept for it.
 */
MUST_CHECK status_t request_read(struct request *request, uint64_t offset, void *to, uint64_t length);
MUST_CHECK status_t request_write(struct request *request, uint64_t offset, const void *from, uint64_t length);

/* What was kept for the answer goes to the caller's buffer after all, and so will everything else. */
MUST_CHECK status_t request_stop_keeping(struct request *request);

/* Those bytes as the message has carried them, good as long as the request; NULL if it has not carried all of them. */
const void *request_carried(const struct request *request, uint64_t offset, uint64_t length);

/*
 * The same by the handle of a saved call, or of one that is being handled, past the message: `offset` and `length` must lie in
 * what the caller's buffers were when it was saved. What a message alone has carried cannot be reached so.
 */
MUST_CHECK status_t reply_read_bytes(handle_t reply, uint64_t offset, void *to, uint64_t length);
MUST_CHECK status_t reply_write_bytes(handle_t reply, uint64_t offset, const void *from, uint64_t length);

/*
 * Reads the path at `offset` of `length` bytes into `out`, of at least FS_PATH_MAX bytes, and adds a NUL. Refuses what
 * protocol fs forbids, as path_check() does: the path is in normal form, or empty, which is the root of a file system that is
 * mounted.
 */
MUST_CHECK status_t request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out);

/*
 * Keeps the call to be answered later: request->reply is a handle that outlives the handler, which then returns ERR_OK and is
 * not answered for. The handles of the call that were not taken are closed. The kernel has named the reply before, and makes the handle
 * with the next wait; until then only this thread can use it.
 */
MUST_CHECK status_t request_save(struct request *request, handle_t *out_reply);

/*
 * What the call has changed of the server's state is certain from here on, with the answer as it stands, which is not changed any more and
 * has only words and no handles. For a handler that goes on with what could not be rolled back together with it.
 */
void request_commit(struct request *request);

/*
 * Hands the call on to the server behind `sender` with its caller, its buffers, new words and the same label; it is answered
 * from there. On an error the call is still the handler's. Without one it may leave only when the handler has returned, so this is the
 * last thing that a handler does, and the sender stays open until then; a caller whose call cannot leave is answered why.
 */
MUST_CHECK status_t request_forward(struct request *request, handle_t sender, const uint64_t word[static MESSAGE_WORDS]);

/*
 * What happens when the caller of a saved call is asked to end it (docs/syscalls/channel_recv.md): `interrupted` is called, at most
 * once and not after the call was answered, and answers it soon, with what was done or with ERR_INTERRUPTED if that is nothing.
 * Without memory for this it is never called, and the call goes on until its proper answer.
 */
void reply_on_interrupt(handle_t reply, void (*interrupted)(void *context), void *context);

/* The kernel says so. False: nothing was set for this one. */
bool reply_interrupted(handle_t reply);

/* Ends a saved call without an answer: its caller hears ERR_DROPPED, or has ended already. */
void reply_drop(handle_t reply);

/* For a saved call that is answered otherwise than by answer_send: it is not interrupted any more. */
void reply_forget_interrupt(handle_t reply);

/*
 * Answers a saved call and uses the reply up, whatever happens to the answer; the same rules as for a handler's. With state (state.h)
 * the answer goes out together with the handler's own, once what they tell of is certain.
 */
void answer_send(handle_t reply, status_t status, struct answer *answer);

/* Closes the handles of an answer that is not given. */
void answer_drop(struct answer *answer);
