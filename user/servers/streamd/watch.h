/*
 * Watchers: who wants to be told by a notify when something becomes ready. What can be watched has a `struct watched` and a
 * function that tells its FS_READY_* of this moment.
 *
 * A watch is told once and gone. The same notify with the same bits is one watch however often it asks, so that a client which
 * polls for ever leaves one behind; beyond WATCHES_MAX on one thing the oldest is told although nothing has happened, which
 * costs its client a look. So nobody waits in vain, and the memory is bounded by the number of open ends.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/lib/request.h"

#define WATCHES_MAX 64u

struct watch;

/* Whose function tells it. */
enum watched_by {
	WATCHED_PIPE_READ = 1,
	WATCHED_PIPE_WRITE,
	WATCHED_PIPE_BOTH,
	WATCHED_SOCKET,
	WATCHED_EVENT,
	WATCHED_ALARM,
	WATCHED_KINDS
};

struct watched {
	struct watch *first, *last;
	uint32_t count;
	uint32_t by; /* WATCHED_* */
};

/* Serves FS_watch: words FS_READY_* | FS_WATCH_NEXT, bits; handle 0, if there is one. */
MUST_CHECK status_t watch_serve(struct watched *watched, struct request *request);

/* Something has changed: tells those whose events hold now. */
void watch_changed(struct watched *watched);

/* Nobody can watch any more. */
void watch_drop_all(struct watched *watched);

/* Whether what a predecessor left is sound; and wakes all who watch, since what they were to be told may be lost. They go on watching. */
bool watch_check(const struct watched *watched, enum watched_by by);
void watch_resume(const struct watched *watched);
