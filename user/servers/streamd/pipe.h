/*
 * Pipes: a flow with ends to read from and ends to write to. The end of file comes when the last writing end is closed and the
 * ring is empty, BROKEN_PIPE when the last reading end is.
 */
#pragma once

#include "user/lib/request.h"

/* STREAM_pipe, on a session. */
status_t pipe_open(struct request *request);
