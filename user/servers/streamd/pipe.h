/*
 * Pipes: a flow with ends to read from and ends to write to. The end of file comes when the last writing end is closed and the
 * ring is empty, BROKEN_PIPE when the last reading end is.
 */
#pragma once

#include "user/lib/request.h"

/* STREAM_fifo, on a session, and STREAM_fifo_await, on an end of one. */
status_t fifo_open(struct request *request);
status_t fifo_await(struct request *request);

/* STREAM_pipe, on a session. */
status_t pipe_open(struct request *request);
