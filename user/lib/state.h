/*
 * State that survives its server: memory in a frame that outlives the process, changed only under an undo log.
 *
 * A server whose manifest has a line `state MIB` is granted such a frame ("state") and is put into the same process again after
 * its end, with its handles (docs/writing-a-server.md). Here is the memory: an allocator, the log, and the outbox.
 *
 * **The log.** Before a word of this memory changes, its old value goes into the log. In the server's own files the compiler does that:
 * they are compiled so that every store calls a function first (state_stores.h), and nobody can forget it. What is written in another way, by
 * the kernel or by a library, is named by state_keep() before; so is what a function writes that is marked STATE_QUIET because it is
 * called often. state_commit() ends what one message has changed, by one store: the log counts for nothing from then on, and the
 * answers in the outbox do. A server that ends before is rolled back by its successor, as if it had not received the message; one that
 * ends behind is finished by it. The process may end between any two instructions, but memory loses nothing: no store has to be ordered
 * for anybody but the compiler.
 *
 * **Pointers.** The memory lies at the same random address in each of the server's lives, so that structures in it are plain C. They
 * must not point out of it: not to functions, constants or variables of the program, which lies elsewhere each time.
 *
 * **Trust.** What a predecessor left may be damaged. What this file needs itself it checks; a server checks the rest, by state_holds()
 * for each pointer, as if a stranger had sent it.
 *
 * Without a frame (a test, a starter that knows no such thing) the memory is the heap's, nothing is logged, and nothing survives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/lib/call.h"
#include "user/lib/table.h"

/* For functions that name by state_keep() what they change. */
#define STATE_QUIET __attribute__((no_sanitize_address))

#define STATE_LOG_WORDS \
	524288u /* that one message can change; a server that goes beyond ends, and its caller hears SERVER_FAULT */
#define STATE_ANSWERS 20480u /* that one message can have given */
#define STATE_CALLS 8u       /* that were being served when a server ended, remembered until the next end */
#define STATE_CLASSES 128u   /* of sizes of memory */

/* An answer that is certain to be given. */
struct state_answer {
	handle_t reply;  /* HANDLE_SELF_REPLY: the call with this number, */
	uint64_t serial; /* as message_extras.serial tells it */
	uint32_t label;
	uint32_t handle_count;
	uint64_t word[MESSAGE_WORDS];
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES];
};

/* What the kit keeps in the state itself, under the log. */
struct state_tables {
	struct table open;    /* stamp → struct server_object */
	struct table clients; /* process number → count of its objects */
};

enum state_found { STATE_NONE, STATE_NEW, STATE_OLD };

/*
 * Maps the granted frame and rolls back what was not committed. `version` is of the layout of the server's structures: what another
 * version left is not used. STATE_NONE in *out_found: there is no frame. ERR_EXISTS: the address is taken in this life, and a further one
 * is to be begun.
 */
MUST_CHECK status_t state_open(const char *name, uint32_t version, enum state_found *out_found);

/* Forgets all that is there, but not which calls were being served: one of them may be why. */
void state_start_empty(void);

/* The server's root: of `size` bytes, zero at first. NULL if there is no memory, or one of another size is there. */
void *state_root(size_t size);
struct state_tables *state_tables(void); /* NULL without a frame */

/* Memory, zeroed, for any object; NULL: there is none left. What is freed is used again after the commit. */
void *state_alloc(size_t size);
/* The same, for what is filled before it is looked at: not zeroed. */
void *state_alloc_bytes(size_t size);
void state_free(void *memory);

/* Whether [pointer, + size) is a piece that state_alloc() gave, or the beginning of one; it may have been freed since. */
bool state_holds(const void *pointer, size_t size);

/* These bytes are about to change. Memory that is not the state's is none of its business. */
void state_keep(const void *memory, size_t size);

/* Closes a handle that the state named, after the commit; without a frame at once. */
void state_close(handle_t handle);

/* For the event loop. */
bool state_is_open(void);
bool state_is_changed(void);                 /* there is something to commit, or to close */
struct state_answer *state_add_answer(void); /* one that is to be given after the commit, all its fields the caller's */
void state_commit(void);                     /* frees what was freed; closes are left to: */
void state_close_all(void);
uint32_t state_answers(struct state_answer **out); /* those that are certain */
void state_answered(void);                         /* they have been given */

/* How many lives have begun since state_lived(), this one not counted before state_begin_life(). */
uint32_t state_lives(void);
void state_begin_life(void);
void state_lived(void);

/* The calls that are served now; and whether a call was being served so when the last life ended. */
void state_set_served(const uint64_t *serials, uint32_t count);
bool state_was_served(uint64_t serial);
