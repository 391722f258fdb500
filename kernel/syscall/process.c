/*
 * The calls on processes. Who has the handle with RIGHT_MANAGE decides over all of a process; a process has that of itself. The
 * end is begun here and done by the reaper (object/process_end.c).
 */
#include "object/process.h"

#include "abi/syscalls.h"
#include "arch/timer.h"
#include "arch/user_copy.h"
#include "lib/string.h"
#include "object/channel.h"
#include "object/group.h"
#include "object/notify.h"
#include "sched/sched.h"
#include "syscall/call.h"

#define NAME_WORDS 4u
#define FOREIGN_THREADS_MAX 256u /* that process_set_foreign changes at once */

_Static_assert(NAME_WORDS * sizeof(uint64_t) == PROCESS_NAME_MAX + 1, "a name fits in words 0 to 3");

/* Both handles, or none. */
static uint32_t add_handles(struct thread *thread, struct process *process, handle_t out[2])
{
	struct handles *table = &thread->process->handles;
	uint32_t error = parcel_reserve(thread->process, 2, out);
	if (error)
		return error;
	object_reference(&process->vmem->object);
	lock_acquire(&table->lock);
	handles_fill(table, out[0], &process->object, object_classes[OBJECT_PROCESS].rights);
	handles_fill(table, out[1], &process->vmem->object, object_classes[OBJECT_VMEM].rights);
	lock_release(&table->lock);
	return ERR_OK;
}

void syscall_process_create(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	char name[PROCESS_NAME_MAX + 1];
	memcpy(name, thread->task.context.word, sizeof name);
	name[PROCESS_NAME_MAX] = 0;
	struct process *process;
	uint64_t flags = call_word(thread, NAME_WORDS);
	uint32_t error = flags & ~(uint64_t)PROCESS_RESTARTABLE ? ERR_BAD_ARGUMENT : ERR_OK;
	if (!error)
		error = process_create((struct group *)object, name, &process);
	if (error) {
		call_answer(thread, error);
		return;
	}
	process->restartable = flags & PROCESS_RESTARTABLE;
	handle_t handles[2];
	error = add_handles(thread, process, handles);
	if (error) {
		object_release(&process->object);
		call_answer(thread, error);
		return;
	}
	call_answer_words(thread, handles[0], handles[1], process->number);
}

/*
 * What was never started ends when its last handle goes. Two such that held each other would stay for ever, with nobody left who
 * could end them.
 */
static bool would_hold_each_other(const struct process *process, const struct object *given)
{
	const struct process *other = 0;
	if (given->type == OBJECT_PROCESS)
		other = (const struct process *)given;
	else if (given->type == OBJECT_THREAD)
		other = thread_of_object((struct object *)given)->process;
	return other && other->state == PROCESS_NEW && process->state == PROCESS_NEW;
}

void syscall_process_give(struct thread *thread, struct object *object, uint32_t rights)
{
	struct process *process = (struct process *)object;
	handle_t handle = (handle_t)call_word(thread, 0), place;
	uint32_t wanted = (uint32_t)call_word(thread, 1);
	uint32_t error = call_find(thread, handle, OBJECT_NONE, 0, &object, &rights);
	if (!error && would_hold_each_other(process, object))
		error = ERR_BAD_STATE;
	if (!error)
		error = parcel_reserve(process, 1, &place);
	if (error) {
		call_answer(thread, error);
		return;
	}
	error = parcel_pack(&thread->parcel, thread->process, 1, &handle, &wanted, 0);
	if (error) {
		parcel_unreserve(process, 1, &place);
		call_answer(thread, error);
		return;
	}
	parcel_unpack(&thread->parcel, process, &place);
	call_answer_words(thread, place, 0, 0);
}

static void exit_process(struct thread *thread, uint32_t status)
{
	process_end(thread->process, status);
	thread_end(thread);
}

void syscall_process_exit(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	exit_process(thread, (uint32_t)call_word(thread, 0));
}

void syscall_process_kill(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct process *process = (struct process *)object;
	uint32_t status = (uint32_t)call_word(thread, 0);
	uint64_t flags = call_word(thread, 1);
	if (flags & ~(uint64_t)PROCESS_KILL_RUNNING) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	if (process == thread->process) {
		exit_process(thread, status);
		return;
	}
	uint32_t error = ERR_OK;
	if (!flags)
		process_end(process, status);
	else if (!process_end_running(process, status))
		error = ERR_BAD_STATE;
	call_answer(thread, error);
}

/* Up to now, also of the caller itself, which a program may watch for its own turns. */
static uint64_t cpu_ns(const struct process *process)
{
	sched_book_time();
	return timer_ns_of_ticks(process->cpu_time);
}

void syscall_process_info(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	const struct process *process = (const struct process *)object;
	uint64_t *word = thread->task.context.word;
	call_answer_words(thread, process->state, process->state == PROCESS_ENDED ? process->status : 0, process->number);
	word[3] = process->vmem ? process->vmem->resident : 0;
	word[4] = process->handles.used;
	word[5] = cpu_ns(process);
}

#define THREADS_LOOKED_AT 64u

/* Of the newest threads, so that a process of many does not hold the lock for long. */
static uint64_t ready_threads(struct process *process)
{
	uint64_t ready = 0;
	unsigned looked_at = 0;
	lock_acquire(&process->lock);
	for (const struct thread *thread = process->threads; thread && looked_at < THREADS_LOOKED_AT;
	        thread = thread->next_of_process, looked_at++)
		ready += thread->task.state == TASK_READY || thread->task.state == TASK_RUNNING;
	lock_release(&process->lock);
	return ready;
}

static void fill_stats(struct process *process, struct process_stats *out)
{
	*out = (struct process_stats){
	        .state = process->state,
	        .status = process->state == PROCESS_ENDED ? process->status : 0,
	        .number = process->number,
	        .threads = process->thread_count,
	        .handles = process->handles.used,
	        .cpu_ns = cpu_ns(process),
	        .start_ns = process->start_ns,
	        .ready_threads = ready_threads(process),
	};
	memcpy(out->name, process->name, sizeof out->name);
	const struct vmem *vmem = process->vmem;
	if (!vmem)
		return;
	out->resident_pages = vmem->resident;
	out->mapped_bytes = vmem->mapped;
	out->table_pages = vmem->table.tables;
}

/* As much of the structure as the caller knows. */
void syscall_process_stats(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	uint64_t address = call_word(thread, 0), size = call_word(thread, 1);
	struct process_stats stats;
	fill_stats((struct process *)object, &stats);
	if (size > sizeof stats)
		size = sizeof stats;
	stats.size = size;
	uint64_t copied = vmem_copy_out(thread->process->vmem, address, &stats, size);
	call_answer(thread, copied == size ? ERR_OK : ERR_BAD_ADDRESS);
}

static uint32_t watch(struct process *process, struct notify *notify, uint64_t bits, bool replaced)
{
	if (process->state == PROCESS_ENDED || (replaced && process->replaced)) {
		notify_signal(notify, bits);
		return ERR_OK;
	}
	return watch_add(replaced ? &process->replace_watchers : &process->watchers, notify, bits);
}

void syscall_process_watch(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct object *notify;
	uint64_t bits = call_word(thread, 1), flags = call_word(thread, 2);
	uint32_t error = flags & ~(uint64_t)PROCESS_WATCH_REPLACED ? ERR_BAD_ARGUMENT : ERR_OK;
	if (!error)
		error = call_find(thread, (handle_t)call_word(thread, 0), OBJECT_NOTIFY, RIGHT_SIGNAL, &notify, 0);
	if (!error)
		error = watch((struct process *)object, notify_of_object(notify), bits, flags);
	call_answer(thread, error);
}

void syscall_process_set_foreign(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct process *process = (struct process *)object;
	uint64_t entry = call_word(thread, 0);
	if (!user_range_ok(uaddr(entry), 0)) {
		call_answer(thread, ERR_BAD_ADDRESS);
		return;
	}
	lock_acquire(&process->lock);
	uint32_t error = process->thread_count > FOREIGN_THREADS_MAX ? ERR_BAD_STATE : ERR_OK;
	if (!error) {
		process->foreign_entry = entry;
		for (struct thread *each = process->threads; each; each = each->next_of_process)
			each->task.context.foreign_entry = entry;
	}
	lock_release(&process->lock);
	call_answer(thread, error);
}

void syscall_process_set_exception(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct process *process = (struct process *)object;
	struct object *sender = 0;
	handle_t handle = (handle_t)call_word(thread, 0);
	uint32_t error = handle ? call_find(thread, handle, OBJECT_SENDER, RIGHT_SEND, &sender, 0) : ERR_OK;
	if (!error && process->ending)
		error = ERR_DEAD;
	if (error) {
		call_answer(thread, error);
		return;
	}
	if (sender)
		object_reference(sender);
	if (process->exception)
		object_release(&process->exception->object);
	process->exception = sender ? sender_of_object(sender) : 0;
	call_answer(thread, ERR_OK);
}
