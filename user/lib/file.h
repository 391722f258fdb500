/*
 * Protocol fs for those who start and supervise file servers: every call has a deadline (nanoseconds since boot), so that a
 * server which hangs never keeps its supervisor waiting. `files` is a sender to a namespace or to a file system; paths are
 * absolute and in normal form.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/lib/call.h"

/* Opens a file with OPEN_*; the sender is the caller's. */
MUST_CHECK status_t file_open(handle_t files, const char *path, uint32_t flags, uint64_t deadline, handle_t *out_file);

/* The frame of an open file, the caller's, and where in it the file lies. */
MUST_CHECK status_t file_map(handle_t file, uint64_t deadline, handle_t *out_frame, uint64_t *out_offset, uint64_t *out_length);

/* Reads a whole text of at most `most` bytes into new memory, a NUL behind it. ERR_TOO_LARGE if it is longer. */
MUST_CHECK status_t file_read_text(
        handle_t files, const char *path, size_t most, uint64_t deadline, char **out_text, size_t *out_length);

/* Mounts a file system at a path of a namespace, by a sender to the namespace that may. */
MUST_CHECK status_t file_mount(handle_t files, const char *path, handle_t file_system, uint64_t deadline);
