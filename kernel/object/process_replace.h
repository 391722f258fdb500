/*
 * Replacing what a process runs: its threads end, another address space takes the place of its own, handles that are not to be
 * kept are closed, and one thread begins at an entry. Number, kept handles, receivers, saved replies that are kept, group and
 * exception channel stay. A process does this to itself (exec), or whoever manages it does, also when it rests (process.h).
 *
 * First it is *prepared*, by steps of the thread that asks for it: everything is checked, and what can fail is had. Nothing of
 * the process has changed until then, but marks in its handle table. Then it is *committed*, and goes on in steps that cannot fail:
 * of the thread itself, when it replaces its own process, and becomes the one that begins at the entry; otherwise of the
 * reaper, and a new thread begins. Only the end of the process stops it then.
 *
 * Who manages a process may break in while that prepares its own replacement, never the other way round.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/syscalls.h"
#include "object/control_blocks.h"
#include "object/reaper.h"

struct group;
struct process;
struct thread;
struct vmem;

struct replacement {
	struct process *process;          /* a reference */
	struct thread *caller;            /* who prepares it; 0 when the reaper goes on with it */
	struct thread *begins;            /* at the entry: the caller, or a new one with a reference; 0: not made yet */
	struct vmem *vmem;                /* the new one, joined; after the swap the old one. A reference */
	struct control_block_place place; /* of the thread that begins */
	struct control_block *block;
	struct group *group; /* paid for this */
	bool own;            /* the process's own thread asked */
	bool swapped;
	uint8_t stage;
	uint32_t cursor; /* in the handle table, or the list of what is kept */
	struct reaper_work work;
	struct process_replacement how;
};

/*
 * The current thread begins to prepare; what it asks for is in its own kernel memory, and was checked as far as it can be by itself.
 * BAD_STATE: the process is being replaced already, or the address space is some process's; DEAD; QUOTA, NO_MEMORY.
 */
uint32_t replacement_begin(struct thread *caller, struct process *process, struct vmem *vmem,
        const struct process_replacement *how) __attribute__((warn_unused_result));

/* The handle stays. BAD_HANDLE. */
uint32_t replacement_keep(struct replacement *replacement, uint32_t count, const handle_t *handles)
        __attribute__((warn_unused_result));

/* A step each of what preparing needs before and after the list of handles; VMEM_MORE, or errors as above, and of thread_create. */
uint32_t replacement_unmark(struct replacement *replacement) __attribute__((warn_unused_result));
uint32_t replacement_allot(struct replacement *replacement) __attribute__((warn_unused_result));

/*
 * From here on it happens. If the process is another's this call is the last that the caller hears of it; otherwise replacement_step
 * is to be called until it is true, and then the caller stands at its entry. DEAD, BAD_STATE: nothing has happened.
 */
uint32_t replacement_commit(struct replacement *replacement) __attribute__((warn_unused_result));
bool replacement_step(struct replacement *replacement);

/* Gives up what was prepared, or what the end of the process made needless. */
void replacement_abandon(struct replacement *replacement);
