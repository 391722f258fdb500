/* The calls on threads. Registers can be read and written while one stands still: new, or waiting for its fault's handler. */
#include "object/thread.h"

#include "abi/syscalls.h"
#include "arch/timer.h"
#include "object/futex.h"
#include "object/group.h"
#include "object/process.h"
#include "sched/sched.h"
#include "syscall/call.h"

void syscall_thread_create(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct thread *created;
	uint32_t error = thread_create((struct process *)object, &created);
	if (error == VMEM_MORE) {
		call_again(thread);
		return;
	}
	if (error) {
		call_answer(thread, error);
		return;
	}
	uint64_t address = created->block->self;
	uint32_t number = created->number;
	call_answer_handle(thread, &created->object, object_classes[OBJECT_THREAD].rights);
	if (CALL_ERROR(thread->task.context.rax) == ERR_OK) {
		thread->task.context.word[1] = address;
		thread->task.context.word[2] = number;
	}
}

void syscall_thread_start(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	call_answer(thread,
	        thread_start(thread_of_object(object), call_word(thread, 0), call_word(thread, 1), call_word(thread, 2),
	                call_word(thread, 3), call_word(thread, 4)));
}

/*
 * What the thread asks for at its end concerns only its own process: where it cannot be done, nothing is. The range may hold the
 * thread's own stack, and goes first; the word must not lie there.
 */
/* Libraries differ in how they wait for a thread's end: at the word as their own, or as a shared one. */
static void wake_joiner(struct vmem *vmem, uint64_t address)
{
	struct futex_word word = {vmem, 0, address};
	futex_wake_one(&word);
	if (futex_find_shared(vmem, address, &word))
		futex_wake_one(&word);
}

void syscall_thread_exit(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	struct vmem *vmem = thread->process->vmem;
	uint64_t word = call_word(thread, 0), address = call_word(thread, 1), length = call_word(thread, 2);
	if (length && vmem_unmap(vmem, address, length, &thread->progress) == VMEM_MORE) {
		call_again(thread);
		return;
	}
	const uint32_t zero = 0;
	if (word && word % sizeof zero == 0 && vmem_copy_out(vmem, word, &zero, sizeof zero) == sizeof zero)
		wake_joiner(vmem, word);
	thread_end(thread);
}

void syscall_thread_yield(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)object;
	(void)rights;
	call_answer(thread, ERR_OK);
	sched_yield(&thread->task);
}

void syscall_thread_set_priority(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	uint64_t priority = call_word(thread, 0);
	if (priority >= PRIORITIES) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	struct thread *target = thread_of_object(object);
	if (priority > target->process->group->ceiling) {
		call_answer(thread, ERR_NO_RIGHT);
		return;
	}
	sched_set_priority(&target->task, (unsigned)priority);
	call_answer(thread, ERR_OK);
}

void syscall_thread_info(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	const struct thread *target = thread_of_object(object);
	sched_book_time();
	uint64_t ns = timer_ns_of_ticks(target->task.own_time);
	call_answer_words(thread, target->number, ns, target->task.priority);
}

static uint32_t state_of(const struct thread *thread)
{
	switch (thread->task.state) {
	case TASK_NEW: return THREAD_NEW;
	case TASK_READY:
	case TASK_RUNNING: return THREAD_READY;
	default: return THREAD_WAITS;
	}
}

void syscall_thread_walk(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct process *process = (struct process *)object;
	uint64_t after = call_word(thread, 0);
	struct thread *found;
	if (after > UINT32_MAX) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	sched_book_time();
	lock_acquire(&process->lock);
	bool done = process_walk_step(process, (uint32_t)after, &found);
	if (done && found) {
		call_answer_words(thread, found->number, timer_ns_of_ticks(found->task.own_time), found->task.priority);
		thread->task.context.word[3] = state_of(found);
	}
	lock_release(&process->lock);
	if (!done)
		call_again(thread);
	else if (!found)
		call_answer(thread, ERR_NOT_FOUND);
}

/* Registers stand still while a thread waits for the handler of its fault, and before it was started. */
static inline bool stands_still(const struct thread *thread)
{
	return thread->task.state == TASK_NEW || (thread->faulted && thread->task.state == TASK_BLOCKED);
}

void syscall_thread_read_registers(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct thread *target = thread_of_object(object);
	struct thread_registers registers;
	if (!stands_still(target)) {
		call_answer(thread, ERR_BAD_STATE);
		return;
	}
	context_get(&target->task.context, &registers);
	uint64_t copied = vmem_copy_out(thread->process->vmem, call_word(thread, 0), &registers, sizeof registers);
	call_answer(thread, copied == sizeof registers ? ERR_OK : ERR_BAD_ADDRESS);
}

void syscall_thread_write_registers(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct thread *target = thread_of_object(object);
	struct thread_registers registers;
	uint32_t error = ERR_OK;
	if (vmem_copy_in(thread->process->vmem, &registers, call_word(thread, 0), sizeof registers) != sizeof registers)
		error = ERR_BAD_ADDRESS;
	else if (!stands_still(target))
		error = ERR_BAD_STATE;
	else if (!context_set(&target->task.context, &registers))
		error = ERR_BAD_ARGUMENT;
	call_answer(thread, error);
}
