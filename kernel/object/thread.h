/*
 * Threads: a task that the scheduler runs, with what the kernel's objects know of it.
 *
 * A thread waits in at most one place, which `wait` names, and lies in that place's queue by its own links. While it waits for
 * an answer, its reply record says who owes it (object/reply.h). Its control block is pinned memory of its address space.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/control_block.h"
#include "lib/digital_tree.h"
#include "object/control_blocks.h"
#include "object/object.h"
#include "object/parcel.h"
#include "object/reply.h"
#include "sched/task.h"

struct process;
struct replacement;
struct process_clone;
struct channel;
struct sender;
struct notify;

enum wait_kind {
	WAIT_NONE,
	WAIT_RECEIVE, /* in its channel's list of waiting receivers */
	WAIT_QUEUED,  /* its call lies in a channel's queue */
	WAIT_ANSWER,  /* its call was received: the reply record is with a thread or a handle table */
	WAIT_NOTIFY,  /* in its notify's list */
	WAIT_FUTEX,   /* in its address space's or a frame's tree of futexes */
};

struct thread {
	struct task task; /* first: a task of a process is a thread */
	struct process *process;
	struct control_block *block;   /* through the direct map */
	struct reply_record *reply_to; /* the call that is HANDLE_SELF_REPLY, 0: none */
	struct reply_record reply;     /* of the call that it makes itself */
	handle_t received_by;          /* the receiver that it received with last */
	handle_t reply_place;          /* an entry that waits in its process's table for a call that it saves, 0: none */
	uint8_t wait;                  /* enum wait_kind */
	bool faulted;                  /* the call that it makes is the report of an exception: its registers stay */

	/* The place that it waits in; which member counts says `wait`. */
	union {
		struct channel *channel;
		struct notify *notify;
	} at;
	struct thread *next, *previous; /* in that place's list, circular */
	uint64_t wait_mask;             /* of notify_wait */
	struct digital_node futex;      /* its key is the address, or the offset in */
	struct frame *futex_frame;      /* a reference, for a shared word */
	bool futex_first;               /* it is the one in the tree, for all that wait at that address */

	struct object object; /* OBJECT_THREAD */
	uint32_t number;
	struct thread *next_of_process, **link_of_process;
	struct control_block_place place;

	struct notify *upcall_notify; /* whose bits interrupt it (upcall.h): a reference; 0: none. Guarded by process.lock */
	uint64_t upcall_entry;        /* 0: nothing interrupts it */

	struct replacement *replacement; /* that it prepares, or goes through itself, 0: none (process_replace.h) */
	struct process_clone *clone;     /* that it is making, 0: none (process_clone.h) */
	uint64_t progress;               /* of a call in steps, 0 between calls */
	struct object *held[2]; /* references of a call in steps, let go when it ends without having made use of them */
	uint64_t exception_words[MESSAGE_WORDS];
	void (*exception_report)(struct task *task); /* puts the fault on the log and ends the process */
	uint32_t exception_status;                   /* with this one */
	struct parcel parcel;                        /* handles on the way with its call, in no table */
};

static inline struct thread *thread_of_task(struct task *task)
{
	return (struct thread *)task;
}

static inline struct thread *thread_of_context(struct context *context)
{
	return (struct thread *)context; /* a task's first member */
}

static inline struct thread *thread_of_object(struct object *object)
{
	return (struct thread *)((char *)object - offsetof(struct thread, object));
}

/*
 * The caller gets a reference. DEAD when the process is ending; QUOTA, NO_MEMORY, and as vmem_map_pinned, whose VMEM_MORE asks
 * to be called again.
 */
uint32_t thread_create(struct process *process, struct thread **out) __attribute__((warn_unused_result));

/*
 * For process_replace.h: one that is in its process's list but has no control block yet, whatever the process's state; the caller
 * gets a reference. Its block is given, or another in another place, with the address space that the process has now; it may be the
 * current one. Then it begins at an entry, whose address was checked, as if it had never run.
 */
uint32_t thread_create_apart(struct process *process, struct thread **out) __attribute__((warn_unused_result));
void thread_move(struct thread *thread, struct control_block_place place, struct control_block *block);
void thread_begin_anew(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument);

/*
 * It answers the call that it holds no more: where another will go on with the process's work, that call is saved for it, else the
 * caller hears DROPPED.
 */
void thread_give_up_call(struct thread *thread);

/* The receiver that the call which it holds came by, 0 if that was closed since. */
struct channel *thread_received_by(const struct thread *thread);

/*
 * Entry 0: it goes on with the registers that it has, but for rdi, which is the argument. Else it begins at the entry with the
 * address of its control block in rsi. BAD_STATE unless it is new, DEAD if its process is ending, BAD_ADDRESS for addresses outside the
 * user half.
 */
uint32_t thread_start(struct thread *thread, uint64_t entry, uint64_t stack, uint64_t argument, uint64_t fs_base,
        uint64_t gs_base) __attribute__((warn_unused_result));

static inline struct thread *thread_of_reply(struct reply_record *record)
{
	return (struct thread *)((char *)record - offsetof(struct thread, reply));
}

/*
 * Ends it: what it owes is dropped, what it waits for is taken back. One that is new, ready, blocked or the current one. False:
 * somebody else is just waking it; try again.
 */
bool thread_end(struct thread *thread);

/*
 * The fault of a thread whose wait was taken, and which is in no queue any more, is not repaired: its process ends. The thread
 * stays blocked until the reaper ends it with all others, because it may owe an answer to a thread that faulted too, and that
 * one to another: as many as there are threads, and each end would be inside of the one before.
 */
void thread_end_by_fault(struct thread *thread);

/* Lets go what a call in steps has held. */
void thread_drop_held(struct thread *thread);

/* Whether the deadline that the current thread has set for a wait to come has passed; it is forgotten then. */
bool thread_deadline_passed(struct thread *thread);

/* Ends a wait with an error, by whoever took the task: leaves the queue, answers the call, makes it ready. */
void thread_wake_error(struct thread *thread, uint32_t error);

bool thread_destroy_step(struct object *object);
