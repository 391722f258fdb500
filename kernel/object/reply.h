/*
 * Replies: the right to answer one caller. It is a record inside the caller's thread, so that nothing is allocated for a call.
 *
 * Exactly one holder has it: the thread that received the call (HANDLE_SELF_REPLY), or after reply_save an entry of a handle
 * table, never two. When the caller is gone before the answer (its deadline, its end), the holder is given a record that answers
 * DEAD instead. When the holder goes without an answer, the caller is told DROPPED.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

struct thread;
struct process;

struct reply_record {
	struct object object; /* OBJECT_REPLY; not counted */
	struct thread *holder;  /* whose HANDLE_SELF_REPLY it is, or 0 and */
	struct process *table;  /* in whose table it is, under */
	handle_t handle;        /* this name */
	uint16_t label;         /* of the call */
	/* What the caller offers with the call; lengths are 0 without extras. */
	uint64_t readable, readable_length;
	uint64_t writable, writable_length;
	uint64_t stamp;
	uint64_t deadline;
	uint8_t handle_count, word_count, move_mask;
};

/* In place of the record of a caller that is gone. */
extern struct reply_record reply_dead;
