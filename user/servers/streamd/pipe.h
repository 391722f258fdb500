/*
 * Pipes: a flow with ends to read from and ends to write to. The end of file comes when the last writing end is closed and the
 * ring is empty, BROKEN_PIPE when the last reading end is.
 */
#pragma once

#include "user/servers/streamd/end.h"
#include "user/servers/streamd/flow.h"
#include "user/servers/streamd/watch.h"

struct pipe {
	struct thing thing;
	struct watched read_side, write_side;
	struct watched both_sides; /* of a FIFO's ends that are both */
	struct flow flow;
	uint32_t readers, writers; /* ends */
	/* Of a FIFO, which is a pipe with a name: others may come when all have gone. */
	handle_t token; /* HANDLE_NONE: it is none */
	uint64_t key;   /* the token's object */
	uint64_t reader_came, writer_came;
	uint64_t file_system, file; /* which name it is, as who opened it first has said: what fstat tells */
	uint32_t mode;
	struct wait_queue awaiting_readers, awaiting_writers;
};

/* STREAM_fifo, on a session, and STREAM_fifo_await, on an end of one. */
status_t handle_fifo(struct request *request);
status_t handle_fifo_await(struct request *request);

/* STREAM_pipe, on a session. */
status_t handle_pipe(struct request *request);

extern const struct end_type pipe_reader_type, pipe_writer_type, fifo_types[];
uint32_t pipe_ready_to_read(const struct watched *watched);
uint32_t pipe_ready_to_write(const struct watched *watched);
uint32_t pipe_ready_for_both(const struct watched *watched);

/* What is to be told besides when something changes on one side. */
struct watched *pipe_both_sides(struct watched *side);

/* At the beginning of a life: no name leads to a FIFO; then each that was left has its name. */
void fifo_begin(void);
MUST_CHECK bool fifo_resume(struct pipe *pipe);
