/*
 * Processes: a table of handles, an address space and threads, charged to a group.
 *
 * NEW until its first thread is started; RUNNING until its last thread has ended, it was killed or it exits. Its end goes in
 * steps: first all threads end, then the reaper closes its handles and lets the address space go, and only then it is ENDED and
 * its watchers are told, so that what it held is free again when they hear of it. Who still has a handle to it can ask for the
 * status.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"
#include "object/control_blocks.h"
#include "object/handles.h"
#include "object/object.h"
#include "object/vmem.h"
#include "object/watch.h"

#define PROCESS_NAME_MAX 31

struct sender;
struct thread;

struct process {
	struct object object;
	struct lock lock;
	uint32_t number;
	uint32_t state;  /* PROCESS_* */
	uint32_t status; /* valid from the beginning of the end */
	bool ending;
	bool claimed_log;
	uint16_t end_step; /* of the reaper's work */
	struct handles handles;
	struct vmem *vmem; /* 0 once it was let go */
	uint64_t foreign_entry;
	struct sender *exception; /* faults are reported to, 0: nobody */

	struct thread *threads; /* that have not ended, new ones included */
	uint32_t thread_count;
	uint32_t close_cursor;
	struct control_blocks blocks;
	struct watch_list watchers;
	uint64_t cpu_time; /* TSC ticks */

	uint8_t *ports; /* bitmap of PORTS_BITMAP_SIZE for the CPU (object/ioport.h), 0: none was needed yet */
	uint32_t ports_changes; /* the state of handles.ioport_changes that it was made from */
	uint32_t ports_cursor;

	char name[PROCESS_NAME_MAX + 1]; /* printable, ends with a NUL */
};

/* A new process with an empty address space. The caller gets a reference; QUOTA, NO_MEMORY. */
uint32_t process_create(struct group *group, const char *name, struct process **out) __attribute__((warn_unused_result));

/* Begins its end: no thread is added any more. The first status counts. */
void process_begin_end(struct process *process, uint32_t status);

/* Ends some threads of an ending process; true when none but `except` (which may be 0) is left. */
bool process_end_step(struct process *process, const struct thread *except);

/* A thread of it has ended; the last one's end hands the process to the reaper. */
void process_thread_ended(struct process *process, struct thread *thread);

/* Adds a handle under the process's lock; takes over the reference only on success. */
uint32_t process_add_handle(struct process *process, struct object *object, uint32_t rights, handle_t *out)
	__attribute__((warn_unused_result));

bool process_destroy_step(struct object *object);
