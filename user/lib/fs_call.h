/*
 * What the client stubs of protocol fs (fs.h) have in common: preparing a call, making it, and holding its answer to what was
 * asked for.
 */
#pragma once

#include <stdbool.h>

#include "user/lib/call.h"

/* Begins a call; the other parts of what it returns are for the caller to fill. */
struct message_extras *fs_call_begin(uint64_t deadline);
void fs_call_set_buffer(struct message_buffer *buffer, const void *address, uint64_t length);

/*
 * What the server is to read: within the message if it is short enough, else as a buffer. With `also_buffer` as a buffer in any
 * case, for a server that may have to read it later.
 */
void fs_call_set_readable(struct message_extras *send, const void *bytes, uint64_t length, bool also_buffer);

/*
 * The call itself, `send` of the control block prepared. With `out_handle`, the answer must bring one. What the answer carries for
 * the writable buffer is there afterwards.
 */
MUST_CHECK status_t fs_call_run(handle_t to, struct message *message, handle_t *out_handle);

/* The same where it may bring one; else HANDLE_NONE. */
MUST_CHECK status_t fs_call_run_optional(handle_t to, struct message *message, handle_t *out_handle);

/* The same for an answer that must bring two. */
MUST_CHECK status_t fs_call_run_two(handle_t to, struct message *message, handle_t out_handles[2]);

/* A transfer of at most `length` bytes: the server may not claim more. */
MUST_CHECK status_t fs_call_run_transfer(handle_t file, struct message *message, uint64_t length, uint64_t *out_bytes);
