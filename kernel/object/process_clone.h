/*
 * Copies of processes, for process_clone: a new process with copies of the caller's handles and address space and one thread with
 * its registers, or one in the caller's address space with a thread of its own. It is made in steps of the caller's thread, and
 * nobody else has anything of it before it is complete; giving it up half-way is letting go of it.
 */
#pragma once

#include <stdint.h>

#include "object/control_blocks.h"
#include "object/vmem_clone.h"

struct group;
struct process;
struct thread;

struct process_clone {
	uint32_t flags; /* CLONE_* */
	uint8_t stage;
	uint32_t handle_cursor;
	struct group *payer;     /* of this record */
	struct process *process; /* the new one, a reference */
	struct thread *thread;   /* its thread, a reference; 0: not made yet */
	struct vmem_clone vmem;
};

/* It is kept in the thread (thread.h). QUOTA, FULL, NO_MEMORY. */
uint32_t process_clone_begin(struct thread *caller, uint32_t flags) __attribute__((warn_unused_result));

/* VMEM_MORE; ERR_OK: process and thread are complete. QUOTA, NO_MEMORY, TOO_LARGE, EXISTS, NO_SPACE, DEAD. */
uint32_t process_clone_step(struct thread *caller) __attribute__((warn_unused_result));

/* Lets go what it has; the references are the caller's if it has taken them out. */
void process_clone_end(struct thread *caller);
