/*
 * The end of a process, in steps of the reaper's. Between two steps everything that the former one let go is destroyed, because
 * the reaper prefers dead objects to this work; so whoever is told of the end finds its ports, interrupts and names free.
 */
#include "abi/syscalls.h"
#include "core/panic.h"
#include "object/channel.h"
#include "object/group.h"
#include "object/ioport.h"
#include "object/log.h"
#include "object/process.h"
#include "object/thread.h"
#include "sched/sched.h"

#define THREADS_PER_STEP 2u
#define ENTRIES_PER_STEP 64u /* of the handle table looked at */
#define HANDLES_PER_STEP 8u
#define PAGES_PER_STEP 4u
#define WATCHES_PER_STEP 1u

static bool end_threads(struct process *process)
{
	for (unsigned i = 0; i < THREADS_PER_STEP && process->threads; i++)
		thread_end(process->threads);
	return !process->threads;
}

static bool is_part_of(const struct process *process, struct object *object)
{
	return object == &process->object || object == &process->vmem->object ||
	        (object->type == OBJECT_THREAD && thread_of_object(object)->process == process);
}

/* What rests must not hold itself, or nobody could let it go; and its memory is not needed any more. */
static bool close_handles_to_itself(struct process *process)
{
	struct handles *table = &process->handles;
	struct object *object = 0;
	lock_acquire(&table->lock);
	for (unsigned i = 0; i < ENTRIES_PER_STEP && process->close_cursor < table->never_used && !object; i++) {
		struct handle_entry *entry = handles_entry(table, process->close_cursor++);
		if (entry->handle && entry->object && is_part_of(process, entry->object))
			object = handles_take(table, entry);
	}
	bool end = process->close_cursor >= table->never_used;
	lock_release(&table->lock);
	if (object)
		process_drop_handle(object);
	return end;
}

static bool close_handles(struct process *process)
{
	if (process->restartable)
		return close_handles_to_itself(process);
	bool end = false;
	uint32_t before = process->close_cursor;
	for (unsigned i = 0; i < HANDLES_PER_STEP && !end; i++) {
		uint32_t looked_at = process->close_cursor - before;
		if (looked_at >= ENTRIES_PER_STEP)
			return false;
		lock_acquire(&process->handles.lock);
		process->handles_closed = true;
		struct object *object =
		        handles_take_next(&process->handles, &process->close_cursor, ENTRIES_PER_STEP - looked_at, &end);
		lock_release(&process->handles.lock);
		if (object)
			process_drop_handle(object);
	}
	return end;
}

static bool let_go(struct process *process)
{
	log_release_claim(process);
	ioport_release_bitmap(process);
	return true;
}

static bool free_table(struct process *process)
{
	return process->restartable || handles_destroy_step(&process->handles, PAGES_PER_STEP);
}

void process_leave_vmem(struct vmem **vmem)
{
	if (!*vmem)
		return;
	vmem_leave(*vmem);
	object_release(&(*vmem)->object);
	*vmem = 0;
}

static bool leave_space(struct process *process)
{
	sched_forget_space();
	process_leave_vmem(&process->vmem);
	return true;
}

/* Nobody is left who could start anything. */
static _Noreturn void panic_without_root(uint32_t status)
{
	if (status >= PROCESS_STATUS_KILLED)
		panic("root ended: status 0x%x, it was killed", status);
	if (status >= PROCESS_STATUS_FAULT)
		panic("root ended: status 0x%x, by exception %u, which the log above tells of", status,
		        status - PROCESS_STATUS_FAULT);
	panic("root ended: status %u, by itself", status);
}

static bool announce(struct process *process)
{
	if (process == process_root)
		panic_without_root(process->status);
	process->state = PROCESS_ENDED;
	if (!process->restartable)
		group_leave(process); /* whoever is told may make another in its place */
	return watch_signal_step(&process->watchers, WATCHES_PER_STEP) &&
	        watch_signal_step(&process->replace_watchers, WATCHES_PER_STEP);
}

/* Last, so that the close of its stamp tells the same as a watch. */
static bool forget_exception(struct process *process)
{
	if (process->exception)
		object_release(&process->exception->object);
	process->exception = 0;
	return true;
}

#define STAGE_ANNOUNCE 5u /* its index below: here a process that is restartable stays */

bool process_end_step(struct process *process)
{
	static bool (*const stages[])(struct process *) = {
	        end_threads, close_handles, let_go, free_table, leave_space, announce, forget_exception};
	const unsigned count = sizeof stages / sizeof stages[0];
	if (process->end_stage < count && stages[process->end_stage](process))
		process->end_stage++;
	process->resting = process->restartable && process->end_stage > STAGE_ANNOUNCE;
	return process->resting || process->end_stage == count;
}
