/*
 * Events: a counter that writes add to and reads take from (Linux's eventfd). A read takes all and sets it to 0, or with
 * STREAM_EVENT_SEMAPHORE takes one; it waits while the counter is 0. A write waits while it would go beyond UINT64_MAX - 1.
 */
#pragma once

#include "user/servers/streamd/end.h"
#include "user/servers/streamd/wait.h"

struct event {
	struct thing thing;
	struct watched watched;
	struct wait_queue readers, writers;
	uint64_t count;
	uint32_t flags; /* STREAM_EVENT_* */
	uint32_t ends;
};

/* STREAM_event, on a session. */
status_t handle_event(struct request *request);

extern const struct end_type event_type;
uint32_t event_ready(const struct watched *watched);
