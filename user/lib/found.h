/*
 * The handles that a program finds when it begins in the place of another (process_replace, all handles kept). Those that its state
 * names are its own; so are its grants. What is left belongs to something that never became certain.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "user/lib/call.h"

/* A handle that was there when this life began. */
struct found {
	handle_t handle;
	uint32_t type; /* OBJECT_* */
	bool named;    /* somebody has a use for it */
};

/* Looks at them all; those that were granted are named. Once, before any handle is made. NO_MEMORY. */
MUST_CHECK status_t found_begin(void);

/* The list, by number; what *out_count says is 0 if found_begin() was not called, or after found_end(). */
struct found *found_list(size_t *out_count);

/* Whether there is such a handle, which is named then. */
bool found_has(handle_t handle, uint32_t type);

/* Names it, if it is one of them. */
void found_name(handle_t handle);

/* Nothing is named any more but the grants. */
void found_forget_names(void);

/* Ends the processes that nobody has named, and waits for their ends, as far as they can be ended; not for ever. */
void found_end_processes(void);

/* Closes what nobody has named, and forgets the list. */
void found_end(void);
