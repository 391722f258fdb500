#include "object/process_replace.h"

#include "arch/fpu.h"
#include "mm/slab.h"
#include "object/group.h"
#include "object/ioport.h"
#include "object/log.h"
#include "object/process.h"
#include "object/thread.h"
#include "object/upcall.h"
#include "sched/sched.h"

#define ENTRIES_PER_STEP 256u /* of the handle table looked at */
#define HANDLES_PER_STEP 8u
#define THREADS_PER_STEP 2u
#define WATCHES_PER_STEP 1u

static struct slab replacement_slab = SLAB_INIT("replacements", struct replacement);

/* Whether a process can be replaced now, in place of what it may be preparing itself. */
static uint32_t claim_locked(struct process *process, struct replacement *replacement)
{
	struct replacement *other = process->replacement;
	if (process->ending && !process->resting)
		return ERR_DEAD;
	if (other && (replacement->own || !other->own || process->replacing))
		return ERR_BAD_STATE;
	process->replacement = replacement;
	return ERR_OK;
}

static uint32_t claim(struct replacement *replacement)
{
	struct process *process = replacement->process;
	if (!vmem_join(replacement->vmem, true))
		return ERR_BAD_STATE;
	lock_acquire(&process->lock);
	uint32_t error = claim_locked(process, replacement);
	lock_release(&process->lock);
	if (error)
		vmem_leave(replacement->vmem);
	return error;
}

uint32_t replacement_begin(
        struct thread *caller, struct process *process, struct vmem *vmem, const struct process_replacement *how)
{
	struct group *group = caller->process->group;
	uint32_t error = group_charge_object(group);
	if (error)
		return error;
	struct replacement *replacement = slab_alloc(&replacement_slab);
	if (!replacement) {
		group_return_object(group);
		return ERR_NO_MEMORY;
	}
	*replacement = (struct replacement){.process = process,
	        .caller = caller,
	        .vmem = vmem,
	        .group = group,
	        .own = caller->process == process,
	        .how = *how};
	error = claim(replacement);
	if (error) {
		group_return_object(group);
		slab_free(&replacement_slab, replacement);
		return error;
	}
	object_reference(&process->object);
	object_reference(&vmem->object);
	caller->replacement = replacement;
	return ERR_OK;
}

/* Whoever manages the process has taken over, or it ends. */
static uint32_t still_wanted(const struct replacement *replacement)
{
	const struct process *process = replacement->process;
	if (process->replacement != replacement)
		return ERR_BAD_STATE;
	return process->ending && !process->resting ? ERR_DEAD : ERR_OK;
}

uint32_t replacement_unmark(struct replacement *replacement)
{
	struct handles *table = &replacement->process->handles;
	uint32_t error = still_wanted(replacement);
	if (error)
		return error;
	lock_acquire(&table->lock);
	bool done = handles_unmark(table, &replacement->cursor, ENTRIES_PER_STEP);
	lock_release(&table->lock);
	if (done)
		replacement->cursor = 0;
	return done ? ERR_OK : VMEM_MORE;
}

uint32_t replacement_keep(struct replacement *replacement, uint32_t count, const handle_t *handles)
{
	struct handles *table = &replacement->process->handles;
	uint32_t error = still_wanted(replacement);
	lock_acquire(&table->lock);
	for (uint32_t i = 0; i < count && !error; i++) {
		if (!handles_mark(table, handles[i]))
			error = ERR_BAD_HANDLE;
	}
	lock_release(&table->lock);
	return error;
}

uint32_t replacement_allot(struct replacement *replacement)
{
	uint32_t error = still_wanted(replacement);
	if (!error && !replacement->block)
		error = control_block_allot(replacement->vmem, &replacement->place, &replacement->block);
	if (!error && !replacement->begins && !replacement->own)
		error = thread_create_apart(replacement->process, &replacement->begins);
	if (!error && replacement->own)
		replacement->begins = replacement->caller;
	return error;
}

static struct replacement *replacement_of_work(struct reaper_work *work)
{
	return (struct replacement *)((char *)work - offsetof(struct replacement, work));
}

static bool reaper_step_of(struct reaper_work *work)
{
	struct replacement *replacement = replacement_of_work(work);
	if (!replacement->process->ending)
		return replacement_step(replacement);
	replacement_abandon(replacement);
	return true;
}

uint32_t replacement_commit(struct replacement *replacement)
{
	struct process *process = replacement->process;
	lock_acquire(&process->lock);
	uint32_t error = still_wanted(replacement);
	if (!error) {
		process->replacing = true;
		process->ending = process->resting = false;
	}
	lock_release(&process->lock);
	if (error || replacement->own)
		return error;
	replacement->caller->replacement = 0;
	replacement->caller = 0;
	replacement->work.step = reaper_step_of;
	reaper_add(&replacement->work);
	return ERR_OK;
}

static bool end_other_threads(struct replacement *replacement)
{
	struct process *process = replacement->process;
	for (unsigned i = 0; i < THREADS_PER_STEP; i++) {
		struct thread *thread = process->threads;
		if (thread == replacement->begins)
			thread = thread->next_of_process;
		if (!thread)
			return true;
		thread_end(thread);
	}
	return false;
}

/* The one that goes on owes nothing any more, and nothing interrupts it. */
static bool forget_call(struct replacement *replacement)
{
	upcall_unbind(replacement->begins);
	thread_give_up_call(replacement->begins);
	sched_lend(&replacement->begins->task, 0);
	return true;
}

static bool close_handles(struct replacement *replacement)
{
	struct handles *table = &replacement->process->handles;
	bool end = replacement->how.keep_count == PROCESS_KEEP_ALL;
	uint32_t before = replacement->cursor;
	for (unsigned i = 0; i < HANDLES_PER_STEP && !end; i++) {
		uint32_t looked_at = replacement->cursor - before;
		if (looked_at >= ENTRIES_PER_STEP)
			return false;
		lock_acquire(&table->lock);
		struct object *object = handles_take_unmarked(table, &replacement->cursor, ENTRIES_PER_STEP - looked_at, &end);
		lock_release(&table->lock);
		if (object)
			process_drop_handle(object);
	}
	return end;
}

/* What belongs to the old program, and not to a handle. */
static bool let_go(struct replacement *replacement)
{
	log_release_claim(replacement->process);
	ioport_forget();
	ioport_release_bitmap(replacement->process);
	return true;
}

/* The process has the new address space, and the replacement the old one. */
static bool swap(struct replacement *replacement)
{
	struct process *process = replacement->process;
	struct thread *thread = replacement->begins;
	lock_acquire(&process->lock);
	struct vmem *vmem = process->vmem;
	process->vmem = replacement->vmem;
	replacement->vmem = vmem;
	control_block_return(&thread->place);
	process->foreign_entry = 0;
	thread_move(thread, replacement->place, replacement->block);
	replacement->swapped = true;
	if (replacement->how.name[0])
		process_set_name(process, replacement->how.name);
	lock_release(&process->lock);
	return true;
}

static bool leave_old_space(struct replacement *replacement)
{
	process_leave_vmem(&replacement->vmem);
	return true;
}

static bool announce(struct replacement *replacement)
{
	replacement->process->replaced = true;
	return watch_signal_step(&replacement->process->replace_watchers, WATCHES_PER_STEP);
}

/* Another may follow. */
static void unclaim(struct replacement *replacement)
{
	struct process *process = replacement->process;
	lock_acquire(&process->lock);
	if (process->replacement == replacement) {
		process->replacement = 0;
		process->replacing = false;
	}
	lock_release(&process->lock);
	if (replacement->caller)
		replacement->caller->replacement = 0;
	if (replacement->begins && !replacement->own)
		object_release(&replacement->begins->object);
}

static void free_replacement(struct replacement *replacement)
{
	struct process *process = replacement->process;
	group_return_object(replacement->group);
	slab_free(&replacement_slab, replacement);
	object_release(&process->object);
}

static bool begin(struct replacement *replacement)
{
	const struct process_replacement *how = &replacement->how;
	thread_begin_anew(replacement->begins, how->entry, how->stack, how->argument);
	unclaim(replacement);
	free_replacement(replacement);
	return true;
}

bool replacement_step(struct replacement *replacement)
{
	static bool (*const stages[])(struct replacement *) = {
	        end_other_threads, forget_call, close_handles, let_go, swap, leave_old_space, announce, begin};
	const unsigned last = sizeof stages / sizeof stages[0] - 1;
	bool is_last = replacement->stage == last; /* after which it is gone */
	if (!stages[replacement->stage](replacement))
		return false;
	if (!is_last)
		replacement->stage++;
	return is_last;
}

/* The process ends, and the old address space is still there. */
static bool leave_step_of(struct reaper_work *work)
{
	struct replacement *replacement = replacement_of_work(work);
	if (!leave_old_space(replacement))
		return false;
	free_replacement(replacement);
	return true;
}

static void let_new_space_go(struct replacement *replacement)
{
	control_block_return(&replacement->place);
	process_leave_vmem(&replacement->vmem);
}

void replacement_abandon(struct replacement *replacement)
{
	if (replacement->begins && !replacement->own)
		thread_end(replacement->begins); /* it was never started */
	unclaim(replacement);
	if (replacement->swapped) {
		replacement->work.step = leave_step_of;
		reaper_add(&replacement->work);
	} else {
		let_new_space_go(replacement);
		free_replacement(replacement);
	}
}
