/* What remote.c and remote_path.c share: one call, and what comes with its answer. */
#pragma once

#include "user/linux/native.h"

/*
 * Sends what `message` and the prepared `send` part say; the answer's label is the server's error. Where no server was
 * granted there is nothing of any name.
 */
MUST_CHECK status_t remote_call(handle_t server, struct message *message);

/* The same for what can take long: a signal may end it, with INTERRUPTED if nothing was done. */
MUST_CHECK status_t remote_call_waiting(handle_t server, struct message *message);

/* The first handle that came with an answer, HANDLE_NONE if there is none; others, which no operation sends, are closed. */
handle_t remote_take_handle(const struct message *message);
