/* Copies of this process, for tests. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/handle.h"
#include "user/lib/call.h"

struct fork {
	handle_t process, thread, notify;
	uint32_t number;
	uint64_t argument; /* in the copy: the word that it was started with */
	bool is_copy;
};

/* True in the copy, which must end by sys_process_exit. */
bool fork_begin(struct fork *fork, uint64_t argument);

/* The same for when it may fail; `is_copy` must be false before. */
status_t fork_try(struct fork *fork, uint64_t argument);

/* Its status; everything is closed then. */
uint32_t fork_wait(struct fork *fork);
