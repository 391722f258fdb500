/*
 * Events: a counter that writes add to and reads take from (Linux's eventfd). A read takes all and sets it to 0, or with
 * STREAM_EVENT_SEMAPHORE takes one; it waits while the counter is 0. A write waits while it would go beyond UINT64_MAX - 1.
 */
#pragma once

#include "user/lib/request.h"

/* STREAM_event, on a session. */
status_t event_open(struct request *request);
