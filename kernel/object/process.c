#include "object/process.h"

#include "abi/syscalls.h"
#include "arch/timer.h"
#include "mm/slab.h"
#include "object/channel.h"
#include "object/group.h"
#include "object/notify.h"
#include "object/reply.h"
#include "object/thread.h"

static struct slab process_slab = SLAB_INIT("processes", struct process);
static uint32_t last_number;

struct process *process_root;

/* Names stand in the log: only what can be seen. */
void process_set_name(struct process *process, const char *name)
{
	char *to = process->name;
	unsigned i = 0;
	for (; i < PROCESS_NAME_MAX && name[i]; i++)
		to[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
	to[i] = 0;
}

uint32_t process_create(struct group *group, const char *name, struct process **out)
{
	return process_create_in(group, name, 0, out);
}

/* Its address space: a new one, or one that others have too. */
static uint32_t join_vmem(struct process *process, struct group *group, struct vmem *vmem)
{
	uint32_t error = vmem ? ERR_OK : vmem_create(group, &process->vmem);
	if (error)
		return error;
	if (vmem) {
		object_reference(&vmem->object);
		process->vmem = vmem;
	}
	(void)!vmem_join(process->vmem, false);
	return ERR_OK;
}

uint32_t process_create_in(struct group *group, const char *name, struct vmem *vmem, struct process **out)
{
	struct process *process = slab_alloc(&process_slab);
	if (!process)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&process->object, OBJECT_PROCESS, group);
	if (error)
		goto no_object;
	lock_init(&process->lock, RANK_PROCESS, "process");
	process_set_name(process, name);
	error = group_join(group, process);
	if (error)
		goto no_group;
	handles_init(&process->handles, group);
	error = notify_create(group, &process->notify);
	if (error)
		goto no_notify;
	error = join_vmem(process, group, vmem);
	if (error)
		goto no_vmem;
	process->start_ns = timer_now();
	process->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	*out = process;
	return ERR_OK;

no_vmem:
	object_release(&process->notify->object);
no_notify:
	group_leave(process);
	object_release(&group->object);
no_group:
	object_end(&process->object);
no_object:
	slab_free(&process_slab, process);
	return error;
}

static bool end_work_step(struct reaper_work *work)
{
	struct process *process = (struct process *)((char *)work - offsetof(struct process, end_work));
	if (!process_end_step(process))
		return false;
	object_release(&process->object);
	return true;
}

/* What it kept for another goes like the rest. */
static void forget_restart(struct process *process)
{
	process->restartable = process->resting = false;
	process->end_stage = 0;
	process->close_cursor = 0;
}

static bool end(struct process *process, uint32_t status, bool rested_too)
{
	lock_acquire(&process->lock);
	bool begins = !process->ending, lets_go = process->resting && rested_too;
	if (begins) {
		process->ending = true;
		process->status = status;
		process->end_stage = 0;
		process->close_cursor = 0;
	}
	if (lets_go)
		forget_restart(process);
	lock_release(&process->lock);
	if (!begins && !lets_go)
		return false;
	object_reference(&process->object); /* the work's */
	process->end_work.step = end_work_step;
	reaper_add(&process->end_work);
	return true;
}

void process_end(struct process *process, uint32_t status)
{
	(void)!end(process, status, true);
}

bool process_end_running(struct process *process, uint32_t status)
{
	return end(process, status, false);
}

#define WALKED_AT_ONCE 100u

/* Who walks on from where the last one has stood needs one step, and so does who comes to the next. */
bool process_walk_step(struct process *process, uint32_t after, struct thread **out)
{
	unsigned looked_at = 0;
	struct thread *thread = process->walked;
	if (!after || !thread || thread->number < after)
		thread = process->threads;
	while (thread && after && thread->number >= after && looked_at++ < WALKED_AT_ONCE)
		thread = thread->next_of_process;
	process->walked = thread;
	*out = thread;
	return !thread || !after || thread->number < after;
}

void process_thread_ended(struct process *process, struct thread *thread, bool started)
{
	lock_acquire(&process->lock);
	if (process->walked == thread)
		process->walked = thread->next_of_process;
	*thread->link_of_process = thread->next_of_process;
	if (thread->next_of_process)
		thread->next_of_process->link_of_process = thread->link_of_process;
	process->thread_count--;
	control_block_return(&thread->place);
	bool last = started && --process->started_count == 0 && !process->replacing;
	lock_release(&process->lock);
	if (last)
		process_end(process, 0);
}

uint32_t process_add_handle(struct process *process, struct object *object, uint32_t rights, handle_t *out)
{
	handle_t place;
	uint32_t error = parcel_reserve(process, 1, &place);
	if (error)
		return error;
	lock_acquire(&process->handles.lock);
	handles_fill(&process->handles, place, object, rights);
	lock_release(&process->handles.lock);
	*out = place;
	return ERR_OK;
}

/*
 * The close of a last sender is told at once, before anything that its process does next: who closes the reading end of a pipe
 * and then writes to it must hear that nobody reads.
 */
void process_drop_handle(struct object *object)
{
	if (object->type == OBJECT_REPLY)
		reply_drop(reply_of_object(object));
	else if (object->type != OBJECT_SENDER)
		object_release(object);
	else if (object_unreference(object))
		sender_destroy_step(object);
}

/* Nobody has a handle, and no thread lives. One that never ran has not been taken apart yet. */
bool process_destroy_step(struct object *object)
{
	struct process *process = (struct process *)object;
	process->ending = true;
	if (process->restartable)
		forget_restart(process);
	if (!process_end_step(process))
		return false;
	struct group *group = process->group;
	object_release(&process->notify->object);
	object_end(object);
	slab_free(&process_slab, process);
	object_release(&group->object);
	return true;
}
