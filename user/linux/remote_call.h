/* What remote.c and remote_path.c share: one call, and what comes with its answer. */
#pragma once

#include <stdbool.h>

#include "user/linux/native.h"

/*
 * Sends what `message` and the prepared `send` part say; the answer's label is the server's error. Where no server was
 * granted there is nothing of any name.
 */
MUST_CHECK status_t remote_call(handle_t server, struct message *message);

/* The same for what can take long: a signal may end it, with INTERRUPTED if nothing was done. */
MUST_CHECK status_t remote_call_waiting(handle_t server, struct message *message);

/*
 * What a message carries itself (abi/message.h): `set` has the call carry these bytes of the image's, and false if they are too
 * many. `take` puts what the answer has carried, at most `length` bytes, where it was meant to go: BAD_ADDRESS.
 */
bool remote_set_words(struct message_extras *send, const void *bytes, uint64_t length);
MUST_CHECK status_t remote_take_words(const struct message *message, uint64_t address, uint64_t length);

/* The first handle that came with an answer, HANDLE_NONE if there is none; others, which no operation sends, are closed. */
handle_t remote_take_handle(const struct message *message);
