/*
 * What comes with a message beyond its registers: long words, handles and the lengths of buffers, from the `send` part of the
 * one's control block to the `received` part of the other's. Control blocks are memory that other threads of the process write
 * while the kernel reads: everything is read once, and checked in the copy.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/thread.h"

/* Counts of a `send` part. */
struct extras {
	uint8_t handle_count, word_count, move_mask;
};

/* TOO_LARGE when a count is. */
uint32_t extras_read(const struct thread *thread, struct extras *out) __attribute__((warn_unused_result));

/*
 * The current thread makes a call with its `send` part: its counts and buffers go into its reply record, its deadline into its
 * task. TOO_LARGE, BAD_ADDRESS (a buffer that leaves the user half).
 */
uint32_t extras_read_call(struct thread *thread) __attribute__((warn_unused_result));

/*
 * Passes words and handles, and writes what the receiving side reads of them; the handles of a `carried` parcel are in it
 * already. Errors of parcel.h; then nothing has happened, but a carried parcel stays packed.
 */
uint32_t extras_pass(struct thread *from, struct thread *to, const struct extras *extras, bool carried)
        __attribute__((warn_unused_result));

/* The other side is gone: handles that the message would have moved are closed. */
void extras_discard(struct thread *from, const struct extras *extras);
