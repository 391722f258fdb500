/*
 * Writes to a device that is slower than its writers: bytes go out as far as it has room, the rest of a write waits and goes on
 * when the server says that there is room again (writes_continue). Nothing that came later overtakes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "user/lib/waiting.h"

struct writes {
	/* Filled by the server, in each of its lives. */
	size_t (*room)(void *context);
	void (*put)(void *context, uint64_t stamp, const char *bytes, size_t length); /* never more than there is room */
	void *context;
	struct waiting_list waiting;
};

static inline bool writes_wait(const struct writes *writes)
{
	return writes->waiting.first;
}

/* Serves FS_write: its answer, or the call is saved. `wait` false: writes what goes at once, WOULD_BLOCK if that is nothing. */
MUST_CHECK status_t writes_add(struct writes *writes, struct request *request, bool wait);

/* As much of what waits as there is room for. */
void writes_continue(struct writes *writes);
