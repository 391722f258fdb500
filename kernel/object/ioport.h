/*
 * I/O ports: an ioport is the authority over a range of them, and a process that has it in its handle table may use them. The CPU
 * asks a bitmap. It is made when a process first uses a port (its protection fault) and again after that set of handles has
 * changed, and it is loaded only for a process that has just used one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

struct process;
struct thread;

struct ioport {
	struct object object;
	uint32_t first, count;
};

/* first + count at most 65536. */
uint32_t ioport_create(struct group *group, uint32_t first, uint32_t count, struct ioport **out)
        __attribute__((warn_unused_result));

/*
 * The current thread was refused an instruction: if it is one for ports, and the process has any, and its bitmap was not loaded,
 * then it is now or soon, and the instruction can be tried again. False: it was refused rightly.
 */
bool ioport_grant(struct thread *thread);

/* A handle to ioports came or went: what is loaded on this CPU may not be true any more. */
void ioport_forget(void);

void ioport_release_bitmap(struct process *process);

bool ioport_destroy_step(struct object *object);
