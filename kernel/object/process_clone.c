#include "object/process_clone.h"

#include "lib/string.h"
#include "mm/slab.h"
#include "object/group.h"
#include "object/process.h"
#include "object/thread.h"
#include "object/upcall.h"
#include "sched/sched.h"

#define ENTRIES_PER_STEP 32u /* of the handle table */

static struct slab slab = SLAB_INIT("clones of processes", struct process_clone);

uint32_t process_clone_begin(struct thread *caller, uint32_t flags)
{
	struct process *process = caller->process;
	struct group *group = process->group;
	uint32_t error = group_charge_object(group);
	if (error)
		return error;
	struct process_clone *clone = slab_alloc(&slab);
	error = clone ? process_create_in(group, process->name, flags & CLONE_SHARE_VMEM ? process->vmem : 0, &clone->process)
	              : ERR_NO_MEMORY;
	if (error) {
		if (clone)
			slab_free(&slab, clone);
		group_return_object(group);
		return error;
	}
	clone->flags = flags;
	clone->payer = group;
	clone->process->foreign_entry = process->foreign_entry;
	if (!(flags & CLONE_SHARE_VMEM))
		vmem_clone_begin(&clone->vmem, process->vmem, clone->process->vmem);
	caller->clone = clone;
	return ERR_OK;
}

void process_clone_end(struct thread *caller)
{
	struct process_clone *clone = caller->clone;
	if (!clone)
		return;
	struct group *payer = clone->payer;
	caller->clone = 0;
	if (!(clone->flags & CLONE_SHARE_VMEM))
		vmem_clone_end(&clone->vmem);
	if (clone->thread)
		object_release(&clone->thread->object);
	if (clone->process)
		object_release(&clone->process->object);
	slab_free(&slab, clone);
	group_return_object(payer);
}

/* In the caller's address space, like any thread. */
static uint32_t add_thread(struct thread *caller, struct process_clone *clone)
{
	(void)caller;
	return thread_create(clone->process, &clone->thread);
}

/* With a control block where the caller's is; what stands there follows at the end. */
static uint32_t copy_thread(struct thread *caller, struct process_clone *clone)
{
	struct process *process = clone->process;
	struct control_block_place place;
	struct control_block *block;
	uint64_t address = control_block_address(&caller->place);
	uint32_t error = thread_create_apart(process, &clone->thread);
	if (error)
		return error;
	lock_acquire(&process->lock);
	error = control_block_allot_at(process->vmem, address, &place, &block);
	if (!error)
		thread_move(clone->thread, place, block);
	lock_release(&process->lock);
	return error;
}

static uint32_t copy_handles(struct thread *caller, struct process_clone *clone)
{
	struct handles *from = &caller->process->handles;
	bool end;
	lock_acquire(&from->lock);
	uint32_t error = handles_clone_step(from, &clone->process->handles, &clone->handle_cursor, ENTRIES_PER_STEP, &end);
	lock_release(&from->lock);
	return error ? error : end ? ERR_OK : VMEM_MORE;
}

static uint32_t copy_vmem(struct thread *caller, struct process_clone *clone)
{
	(void)caller;
	return vmem_clone_step(&clone->vmem);
}

/* The call is answered in the copy: ERR_OK, and thread_start puts its word into the first. */
static void copy_registers(const struct thread *caller, struct thread *thread)
{
	struct thread_registers registers;
	context_get(&caller->task.context, &registers);
	registers.rax = ERR_OK;
	registers.rdi = registers.rsi = registers.rdx = registers.r10 = registers.r8 = registers.r9 = 0;
	registers.rcx = registers.r11 = 0;
	(void)!context_set(&thread->task.context, &registers); /* they come from a context */
}

static void copy_block(const struct thread *caller, struct thread *thread)
{
	struct control_block *block = thread->block;
	memcpy(block, caller->block, sizeof *block);
	block->self = control_block_address(&thread->place);
	block->thread_number = thread->number;
	block->process_number = thread->process->number;
	block->reply_place = 0; /* the copy's thread has reserved nothing */
}

static uint32_t complete(struct thread *caller, struct process_clone *clone)
{
	if (clone->process->group != caller->process->group)
		return ERR_BAD_STATE; /* it was confined meanwhile, and so is all that it makes */
	struct thread *thread = clone->thread;
	sched_set_priority(&thread->task, caller->task.priority);
	if (clone->flags & CLONE_SHARE_VMEM)
		return ERR_OK;
	copy_registers(caller, thread);
	copy_block(caller, thread);
	if (caller->upcall_notify && caller->upcall_notify == caller->process->notify)
		return upcall_bind(thread, clone->process->notify, caller->upcall_entry);
	return ERR_OK;
}

uint32_t process_clone_step(struct thread *caller)
{
	typedef uint32_t (*stage_function)(struct thread * caller, struct process_clone * clone);
	static const stage_function copying[] = {copy_thread, copy_handles, copy_vmem, complete};
	static const stage_function sharing[] = {add_thread, copy_handles, complete, 0};
	struct process_clone *clone = caller->clone;
	const stage_function *stages = clone->flags & CLONE_SHARE_VMEM ? sharing : copying;
	uint32_t error = stages[clone->stage](caller, clone);
	if (error)
		return error;
	clone->stage++;
	return clone->stage < sizeof copying / sizeof *copying && stages[clone->stage] ? VMEM_MORE : ERR_OK;
}
