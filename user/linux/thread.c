/*
 * A thread's state and stack for Linux calls lie in one mapping:
 *
 *   guard page | stack | struct thread | vector state (as large as the CPU has it)
 *
 * The kernel unmaps it as the thread ends, after the last instruction that could use it. A new thread starts with its parent's
 * registers in a frame on that stack, and with a copy of its parent's vector state, as Linux has it.
 *
 * Ids: the first thread's is the process's number, as Linux wants it, the others' are the kernel's thread numbers; should one
 * of those equal the process's number, it uses the first thread's, which is free.
 */
#include "user/linux/thread.h"

#include <string.h>

#include "user/linux/errors.h"
#include "user/linux/fork.h"
#include "user/linux/log.h"
#include "user/linux/native.h"
#include "user/linux/pm.h"
#include "user/linux/signal.h"
#include "user/linux/trace.h"

#define STACK_SIZE (32 * 1024ull)

#define THREAD_FLAGS (LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND | LINUX_CLONE_THREAD)
#define THREAD_FLAGS_KNOWN \
	(THREAD_FLAGS | LINUX_CLONE_SYSVSEM | LINUX_CLONE_SETTLS | LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_CLEARTID | \
	        LINUX_CLONE_DETACHED | LINUX_CLONE_CHILD_SETTID)

static void list_add(struct process *process, struct thread *thread)
{
	lock_take(&process->threads_lock);
	thread->next = process->threads;
	if (thread->next)
		thread->next->previous = thread;
	process->threads = thread;
	process->thread_count++;
	lock_drop(&process->threads_lock);
}

/* How many are left. */
static uint32_t list_remove(struct process *process, struct thread *thread)
{
	lock_take(&process->threads_lock);
	if (thread->next)
		thread->next->previous = thread->previous;
	if (thread->previous)
		thread->previous->next = thread->next;
	else
		process->threads = thread->next;
	uint32_t left = --process->thread_count;
	lock_drop(&process->threads_lock);
	return left;
}

struct thread *thread_find(uint32_t id)
{
	struct process *process = process_self();
	lock_take(&process->threads_lock);
	struct thread *thread = process->threads;
	while (thread && thread->id != id)
		thread = thread->next;
	lock_drop(&process->threads_lock);
	return thread;
}

void thread_wake_others(void)
{
	struct process *process = process_self();
	lock_take(&process->threads_lock);
	for (struct thread *thread = process->threads; thread; thread = thread->next) {
		if (thread == thread_self() || !thread->signal_notify)
			continue;
		status_t status = sys_notify_signal(thread->signal_notify, SIGNAL_LOOK);
		(void)status; /* it is full of such bits, or about to end */
	}
	lock_drop(&process->threads_lock);
}

status_t thread_make_notify(handle_t *out)
{
	handle_t made;
	status_t status = sys_notify_create(&made);
	if (status)
		return status;
	status = sys_handle_duplicate(made, RIGHT_SIGNAL | RIGHT_WAIT | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INSPECT, out);
	sys_handle_close(made);
	return status;
}

status_t thread_notify(handle_t *out)
{
	struct thread *thread = thread_self();
	status_t status = thread->notify ? ERR_OK : thread_make_notify(&thread->notify);
	*out = thread->notify;
	return status;
}

/* Maps `below` bytes of stack with a guard and the state above it. The state is zero but for what all threads have. */
static void fill(struct thread *thread, struct process *process)
{
	thread->self = thread;
	thread->process = process;
	thread->vectors_how = process->vectors_how;
	thread->stack_top = (uint64_t)thread;
}

/* A multiple of 64, as what XSAVE writes to begins at. */
uint64_t thread_state_size(const struct process *process)
{
	return (THREAD_AREA + process->vectors_size + 63ull) & ~63ull;
}

static struct thread *make(struct process *process, uint64_t below)
{
	uint64_t guard = below ? PAGE_SIZE : 0, address;
	uint64_t size = guard + below + page_up(thread_state_size(process));
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, size, MAP_READ | MAP_WRITE, HANDLE_NONE, 0, &address))
		return NULL;
	if (guard && sys_vmem_protect(HANDLE_SELF_VMEM, address, guard, 0)) {
		status_t undone = sys_vmem_unmap(HANDLE_SELF_VMEM, address, size);
		(void)undone;
		return NULL;
	}
	struct thread *thread = (struct thread *)(address + guard + below);
	fill(thread, process);
	thread->mapping = address;
	thread->mapping_size = size;
	return thread;
}

struct thread *thread_make(struct process *process)
{
	return make(process, STACK_SIZE);
}

uint64_t thread_room(const struct process *process)
{
	return thread_state_size(process) + sizeof *process;
}

struct thread *thread_make_first(struct process *process)
{
	const struct start_block *start = process->start;
	struct thread *thread = (struct thread *)(start->room - thread_state_size(process));
	if (start->room)
		fill(thread, process);
	else
		thread = make(process, 0);
	if (!thread)
		return NULL;
	thread->control_block = thread_self()->control_block; /* of the stand-in */
	thread->stack_top = (start->stack_base + start->stack_size) & ~63ull;
	thread->mapping = start->stack_base;
	thread->mapping_size = page_down(start->stack_size); /* the start block may lie in the last page */
	thread->id = process->number;
	process->first_thread_number = thread->control_block->thread_number;
	list_add(process, thread);
	return thread;
}

void thread_copy_call(struct thread *child, uint64_t stack)
{
	struct thread *parent = thread_self();
	child->signal_mask = parent->signal_mask;

	/* The native calls before this have saved the parent's vector state. */
	memcpy((char *)child + THREAD_AREA, (char *)parent + THREAD_AREA, parent->process->vectors_size);
	child->vectors_saved = 1;
	child->return_full = 0;

	struct frame *frame = thread_frame(child);
	*frame = *thread_frame(parent);
	if (stack)
		frame->rsp = stack;
	child->control_block->hold_off = HOLD_UPCALLS; /* until it is in the program */
}

static bool id_address_bad(uint64_t flags, uint32_t flag, uint64_t address)
{
	return (flags & flag) && ((address & 3) || !user_range(address, 4));
}

/* The id of the new thread, or a negative errno; then nothing is left of it. */
static int64_t make_thread(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id, uint64_t tls)
{
	struct process *process = process_self();
	struct thread *child = make(process, STACK_SIZE);
	if (!child)
		return -ENOMEM;
	handle_t handle;
	uint64_t control_block;
	uint32_t number;
	status_t status = sys_thread_create(HANDLE_SELF_PROCESS, &handle, &control_block, &number);
	if (status) {
		status_t undone = sys_vmem_unmap(HANDLE_SELF_VMEM, child->mapping, child->mapping_size);
		(void)undone;
		return -EAGAIN;
	}
	child->control_block = (struct control_block *)control_block;
	child->id = number == process->number ? process->first_thread_number : number;
	thread_copy_call(child, stack);
	signal_attach(child, handle);
	uint32_t id = child->id;
	if (flags & LINUX_CLONE_CHILD_CLEARTID)
		child->clear_id = child_id;
	if (flags & LINUX_CLONE_PARENT_SETTID)
		*(uint32_t *)user_pointer(parent_id) = id;
	if (flags & LINUX_CLONE_CHILD_SETTID)
		*(uint32_t *)user_pointer(child_id) = id;
	uint64_t fs = tls;
	if (!(flags & LINUX_CLONE_SETTLS))
		__asm__("rdfsbase %0" : "=r"(fs));

	list_add(process, child);
	status = sys_thread_start(
	        handle, (uintptr_t)linux_thread_begin, (uintptr_t)thread_frame(child), 0, fs, (uintptr_t)child);
	sys_handle_close(handle);
	if (!status)
		return id;
	list_remove(process, child);
	if (child->signal_notify)
		sys_handle_close(child->signal_notify);
	status_t undone = sys_vmem_unmap(HANDLE_SELF_VMEM, child->mapping, child->mapping_size);
	(void)undone;
	return -EAGAIN;
}

int64_t thread_clone(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id, uint64_t tls)
{
	if (!(flags & LINUX_CLONE_THREAD))
		return fork_clone(flags, stack, parent_id, child_id, tls);
	if ((flags & THREAD_FLAGS) != THREAD_FLAGS || (flags & ~(uint64_t)THREAD_FLAGS_KNOWN))
		return -EINVAL;
	if (id_address_bad(flags, LINUX_CLONE_PARENT_SETTID, parent_id) ||
	        id_address_bad(flags, LINUX_CLONE_CHILD_SETTID, child_id) ||
	        id_address_bad(flags, LINUX_CLONE_CHILD_CLEARTID, child_id))
		return -EFAULT;
	if ((flags & LINUX_CLONE_SETTLS) && tls >= USER_TOP)
		return -EPERM;
	return make_thread(flags, stack, parent_id, child_id, tls);
}

_Noreturn void thread_end_process(uint32_t status)
{
	struct process *process = process_self();
	if (trace_is_on(process))
		trace_ended(status);
	for (unsigned i = 0; i < LOG_STREAMS; i++)
		log_stream_flush(&process->log_streams[i]);
	sys_process_exit(status);
}

int64_t thread_exit_group(uint32_t status)
{
	thread_end_process(status & 0xff);
}

/* The kernel clears the word, wakes its waiter and unmaps the stack this runs on. */
int64_t thread_exit(uint32_t status)
{
	struct thread *thread = thread_self();
	if (!list_remove(thread->process, thread))
		thread_end_process(status & 0xff);
	signal_detach(thread);
	if (thread->notify)
		sys_handle_close(thread->notify);
	sys_thread_exit(user_pointer(thread->clear_id), thread->mapping, thread->mapping_size);
}

int64_t thread_gettid(void)
{
	return thread_self()->id;
}

int64_t thread_set_tid_address(uint64_t address)
{
	thread_self()->clear_id = address;
	return thread_self()->id;
}

int64_t thread_sched_yield(void)
{
	sys_thread_yield();
	return 0;
}

/* GS is this image's. */
int64_t thread_arch_prctl(int operation, uint64_t address)
{
	uint64_t base;
	switch (operation) {
	case LINUX_ARCH_SET_FS:
		if (address >= USER_TOP)
			return -EPERM;
		__asm__ volatile("wrfsbase %0" : : "r"(address));
		return 0;
	case LINUX_ARCH_GET_FS:
		if (!user_range(address, 8))
			return -EFAULT;
		__asm__ volatile("rdfsbase %0" : "=r"(base));
		*(uint64_t *)user_pointer(address) = base;
		return 0;
	case LINUX_ARCH_GET_GS:
		if (!user_range(address, 8))
			return -EFAULT;
		*(uint64_t *)user_pointer(address) = 0;
		return 0;
	}
	return -EINVAL;
}

int64_t thread_prctl(int operation, uint64_t argument)
{
	struct process *process = process_self();
	if (operation == PR_HEARTH_TRACE)
		return trace_set(argument);
	if (operation != LINUX_PR_SET_NAME && operation != LINUX_PR_GET_NAME)
		return -EINVAL;
	if (!user_range(argument, sizeof process->name))
		return -EFAULT;
	char *said = user_pointer(argument);
	if (operation == LINUX_PR_GET_NAME) {
		memcpy(said, process->name, sizeof process->name);
		return 0;
	}
	uint32_t length = 0;
	while (length < sizeof process->name - 1 && said[length])
		length++;
	memcpy(process->name, said, length);
	memset(process->name + length, 0, sizeof process->name - length);
	status_t status = pm_set_name(process->pm, process->name);
	(void)status; /* it is what ps shows; the process has it in any case */
	return 0;
}
