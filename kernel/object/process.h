/*
 * Processes: a table of handles, an address space and threads, charged to a group.
 *
 * NEW until its first thread is started; RUNNING until its last thread has ended, it was killed or it exits. Its end goes in
 * steps of the reaper's (process_end.c): first all threads end, then its handles are closed and the address space let go, and
 * only then it is ENDED and its watchers are told, so that what it held is free again when they hear of it. Who still has a
 * handle to it can ask for the status.
 *
 * One that was made restartable keeps its handles beyond that, and the calls that its threads owed answers to with them, and
 * *rests*: until another address space is put into it (process_replace.h), or it is killed once more, or nobody has a handle to it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"
#include "object/handles.h"
#include "object/object.h"
#include "object/reaper.h"
#include "object/vmem.h"
#include "object/watch.h"

#define PROCESS_NAME_MAX 31

struct group;
struct notify;
struct replacement;
struct sender;
struct thread;

struct process {
	struct object object;
	struct lock lock;
	struct group *group; /* pays for what it makes from now on, a reference; object.group has paid for itself */
	bool counted;        /* as a process of `group` */
	uint32_t number;
	uint32_t state;      /* PROCESS_* */
	uint32_t status;     /* valid from the beginning of the end */
	bool ending;         /* no thread is added any more */
	bool handles_closed; /* no handle is */
	bool restartable;    /* it will rest */
	bool resting;        /* it has ended, and has its handles */
	bool replacing;      /* its threads end, but it does not: `replacement` is committed */
	uint8_t end_stage;   /* of the reaper's work (process_end.c) */
	struct reaper_work end_work;
	struct handles handles;
	struct vmem *vmem; /* 0 once it was let go */
	uint64_t foreign_entry;
	struct sender *exception; /* faults are reported to, 0: nobody */
	struct notify *notify;    /* its own: HANDLE_SELF_NOTIFY; a reference, as long as the process */

	struct thread *threads; /* that have not ended, new ones included, the newest first */
	struct thread *walked;  /* where somebody who walks them stands, 0: nowhere */
	uint32_t thread_count;
	uint32_t started_count;
	uint32_t close_cursor;
	struct watch_list watchers;
	struct replacement *replacement;    /* that is prepared or going on, 0: none (process_replace.h) */
	struct watch_list replace_watchers; /* told at its end, or when its address space is replaced */
	bool replaced;                      /* that has happened */
	uint64_t cpu_time;                  /* TSC ticks */
	uint64_t start_ns;                  /* when it was made */

	uint8_t *ports;         /* bitmap of PORTS_BITMAP_SIZE for the CPU (object/ioport.h), 0: none was needed yet */
	uint32_t ports_changes; /* the state of handles.ioport_changes that it was made from */
	uint32_t ports_cursor;  /* how far that got in the handle table, 0: it is complete */

	char name[PROCESS_NAME_MAX + 1]; /* printable, ends with a NUL */
};

/* The first process, whose end is a panic; 0: none. */
extern struct process *process_root;

/* A new process with an empty address space. The caller gets a reference; QUOTA, FULL, NO_MEMORY. */
uint32_t process_create(struct group *group, const char *name, struct process **out) __attribute__((warn_unused_result));

/* The same in an address space that other processes have too; 0: an empty one. */
uint32_t process_create_in(struct group *group, const char *name, struct vmem *vmem, struct process **out)
        __attribute__((warn_unused_result));

/*
 * Begins its end; the first status counts. The reaper does the rest: its threads end, also those that run now, as soon as they
 * are not on a CPU. One that rests is let go.
 */
void process_end(struct process *process, uint32_t status);

/* The same, but what has ended by itself keeps what it was to keep: false, nothing has happened. */
bool process_end_running(struct process *process, uint32_t status);

/* Only what can be seen of it. */
void process_set_name(struct process *process, const char *name);

/*
 * One step on the way to the newest thread that is older than number `after`, 0: than none. False: more steps are to be made. Else
 * *out is the thread, or 0 if there is none; both under the process's lock.
 */
bool process_walk_step(struct process *process, uint32_t after, struct thread **out);

/* A thread of it has ended: it leaves the list. The end of the last one that was started ends the process, with status 0. */
void process_thread_ended(struct process *process, struct thread *thread, bool started);

/* Takes over the reference only on success. NO_HANDLES, QUOTA, NO_MEMORY, DEAD. */
uint32_t process_add_handle(struct process *process, struct object *object, uint32_t rights, handle_t *out)
        __attribute__((warn_unused_result));

/* What a handle that was taken out of a table led to is let go. */
void process_drop_handle(struct object *object);

/* One step of the end of a process (process_end.c); true when nothing is left but the object. */
bool process_end_step(struct process *process);

/* Leaves an address space, in which no thread of the process is any more, and *vmem is 0. */
void process_leave_vmem(struct vmem **vmem);

bool process_destroy_step(struct object *object);
