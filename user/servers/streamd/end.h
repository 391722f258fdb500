/*
 * Ends: what clients have open, one for each stamp. Several ends may lead to the same thing, as those of one pipe do.
 *
 * Every operation on an open end comes in here and goes on by the end's type. What a type leaves out is answered as on anything
 * that has no such operation.
 */
#pragma once

#include "user/lib/server.h"
#include "user/servers/streamd/streamd.h"
#include "user/servers/streamd/watch.h"

struct end;
struct fs_stat;

struct end_type {
	uint32_t leads_to; /* THING_* */
	uint32_t kind;     /* FS_KIND_* */
	uint32_t mode;     /* permission bits, as fstat tells them */
	status_t (*read)(struct request *request, struct end *end);
	status_t (*write)(struct request *request, struct end *end);
	struct watched *(*watched)(struct end *end);
	void (*describe)(const struct end *end, struct fs_stat *stat); /* what fstat tells besides; NULL: nothing */
	uint64_t (*available)(struct end *end);                        /* bytes that a read would give */
	void (*watching)(struct end *end); /* somebody may have begun to watch; NULL: that changes nothing */
	void (*settle)(struct end *end);   /* a call of this end waits no more: others may go on; NULL: they cannot */
	void (*opened)(struct end *end);   /* a client has this end now; NULL: that changes nothing */
	void (*join)(struct end *end);     /* the thing has one end more, this one */
	void (*close)(struct end *end);    /* this end is no more: the thing has one end less */
	status_t (*get_capacity)(struct request *request, struct end *end);
	status_t (*set_capacity)(struct request *request, struct end *end);
};

/* What can be an end, by number: in the state there are no pointers to constants. */
enum end_kind {
	END_PIPE_READ = 1,
	END_PIPE_WRITE,
	END_FIFO_READ,
	END_FIFO_WRITE,
	END_FIFO_BOTH,
	END_SOCKET,
	END_EVENT,
	END_ALARM,
	END_KINDS,
};

struct end {
	uint32_t kind; /* END_* */
	bool open;     /* a client has it; else it is on its way to one (cargo.h) */
	void *thing;
	uint64_t sender; /* number of the object by which clients reach it; 0: not known */
	uint64_t waits;  /* calls that were made on it and wait; of this life */
};

extern const struct end_type *const end_types[END_KINDS];

static inline const struct end_type *end_type(const struct end *end)
{
	return end_types[end->kind];
}

/* Makes an end and opens it for the request's caller; on an error there is none and `thing` has not been touched. */
MUST_CHECK status_t end_open(struct request *request, enum end_kind kind, void *thing);

/* Whether what a predecessor left is one. At the beginning of a life none is known; then each that was left. */
bool end_check(const struct end *end);
void end_begin(void);
MUST_CHECK bool end_resume(struct end *end);

/* The end that a sender with this number leads to, NULL if it is none of this server's. */
struct end *end_find(uint64_t sender);

/* Another end of the same thing, that nobody has yet: NULL if there is no memory. Then it is given to somebody or dropped. */
struct end *end_copy(const struct end *end);
MUST_CHECK status_t end_give(struct request *request, struct end *end);
void end_drop(struct end *end);

/* The length of a transfer: word 0, as far as the caller's buffer goes. */
static inline uint64_t end_length(const struct request *request, uint64_t buffer)
{
	return request->word[0] < buffer ? request->word[0] : buffer;
}

/* Operations of protocol fs and those of protocol stream on any open end; close_object of the server. */
status_t end_read(struct request *request);
status_t end_write(struct request *request);
status_t end_watch(struct request *request);
status_t end_fstat(struct request *request);
status_t end_available(struct request *request);
status_t end_not_seekable(struct request *request);
status_t end_sync(struct request *request);
status_t handle_get_capacity(struct request *request);
status_t handle_set_capacity(struct request *request);
void end_close(struct server *server, void *object);
