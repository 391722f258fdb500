/*
 * process_replace: reads what is wanted, and prepares it in steps of the calling thread's, in which it stands in nobody's way. What
 * happens then is object/process_replace.h's.
 */
#include "object/process_replace.h"

#include "arch/user_copy.h"
#include "syscall/call.h"

#define STEPS_AT_ONCE 4u /* of some 2,000 instructions, between two looks at interrupts */
#define KEEP_AT_ONCE 64u /* handles of the list that are read in one step */

static uint32_t check(const struct process_replacement *how)
{
	bool all = how->keep_count == PROCESS_KEEP_ALL;
	if (how->reserved[0] || how->reserved[1] || how->name[sizeof how->name - 1])
		return ERR_BAD_ARGUMENT;
	if (!all && how->keep_count > HANDLES_MAX)
		return ERR_TOO_LARGE;
	if (how->entry >= USER_TOP || how->stack > USER_TOP)
		return ERR_BAD_ADDRESS;
	return all || user_range_ok(uaddr(how->keep), how->keep_count * sizeof(handle_t)) ? ERR_OK : ERR_BAD_ADDRESS;
}

/* The next part of the list; the cursor says how much was read. */
static uint32_t keep_step(struct thread *thread, struct replacement *replacement)
{
	const struct process_replacement *how = &replacement->how;
	handle_t handles[KEEP_AT_ONCE];
	uint32_t left = how->keep_count == PROCESS_KEEP_ALL ? 0 : how->keep_count - replacement->cursor;
	uint32_t count = left < KEEP_AT_ONCE ? left : KEEP_AT_ONCE;
	uint64_t from = how->keep + replacement->cursor * sizeof *handles, size = count * sizeof *handles;
	if (vmem_copy_in(thread->process->vmem, handles, from, size) != size)
		return ERR_BAD_ADDRESS;
	uint32_t error = replacement_keep(replacement, count, handles);
	if (error)
		return error;
	replacement->cursor = count < left ? replacement->cursor + count : 0;
	return count < left ? VMEM_MORE : ERR_OK;
}

enum { STAGE_UNMARK, STAGE_KEEP, STAGE_ALLOT, STAGE_COMMIT, STAGES };

static uint32_t prepare_step(struct thread *thread, struct replacement *replacement, unsigned stage)
{
	switch (stage) {
	case STAGE_UNMARK: return replacement_unmark(replacement);
	case STAGE_KEEP: return keep_step(thread, replacement);
	case STAGE_ALLOT: return replacement_allot(replacement);
	}
	return replacement_commit(replacement);
}

static void replace_own(struct task *task)
{
	struct thread *thread = thread_of_task(task);
	for (unsigned i = 0; i < STEPS_AT_ONCE; i++) {
		if (replacement_step(thread->replacement))
			return; /* to the new entry */
	}
	task->continuation = replace_own;
}

/* The call's progress is the stage. */
static void prepare(struct task *task)
{
	struct thread *thread = thread_of_task(task);
	struct replacement *replacement = thread->replacement;
	bool own = replacement->own;
	uint32_t error = ERR_OK;
	for (unsigned i = 0; i < STEPS_AT_ONCE && thread->progress < STAGES && (!error || error == VMEM_MORE); i++) {
		error = prepare_step(thread, replacement, (unsigned)thread->progress);
		thread->progress += !error;
	}
	bool done = thread->progress == STAGES;
	if (!done && (!error || error == VMEM_MORE)) {
		task->continuation = prepare;
		return;
	}
	thread->progress = 0;
	if (error)
		replacement_abandon(replacement);
	if (error || !own)
		call_answer(thread, error);
	else
		task->continuation = replace_own;
}

void syscall_process_replace(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct process_replacement how;
	struct object *vmem;
	uint32_t error = call_word(thread, 1) == sizeof how ? ERR_OK : ERR_BAD_ARGUMENT;
	if (!error && vmem_copy_in(thread->process->vmem, &how, call_word(thread, 0), sizeof how) != sizeof how)
		error = ERR_BAD_ADDRESS;
	if (!error)
		error = check(&how);
	if (!error)
		error = call_find(thread, how.vmem, OBJECT_VMEM, RIGHT_MANAGE, &vmem, 0);
	if (!error)
		error = replacement_begin(thread, (struct process *)object, (struct vmem *)vmem, &how);
	if (error) {
		call_answer(thread, error);
		return;
	}
	thread->task.continuation = prepare;
	cpu_current()->need_schedule = 1;
}
