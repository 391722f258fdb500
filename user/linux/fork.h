/* fork, vfork, and clone where it makes no thread. */
#pragma once

#include "user/linux/state.h"

/* What a process that runs in this one's memory has of its own there. */
struct borrower {
	struct process process;
	struct thread *thread;
	handle_t replaced; /* a notify by which the parent waits; nobody else uses its bits */
};

int64_t fork_clone(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id, uint64_t tls);
int64_t fork_fork(void);
int64_t fork_vfork(void);
