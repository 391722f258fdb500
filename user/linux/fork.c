/*
 * Processes out of this one.
 *
 * fork: the kernel's copy of the process, which comes back from process_clone in the middle of fork_copy, on the same stack with the
 * same registers. The image's state means the same there but for what become_copy() puts right. Locks are held over the copying, so
 * that what they guard is whole in the copy, where their other holders are not.
 *
 * vfork, and clone with VM and VFORK: a process that runs in this one's memory until it calls execve or ends, while its parent
 * waits. It has a thread and a struct process of its own, because its descriptors and actions are its own; both lie in this memory and
 * are kept for the next time. The heap is one for both.
 */
#include "user/linux/fork.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/content.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/leases.h"
#include "user/linux/pm.h"
#include "user/linux/random.h"
#include "user/linux/signal.h"
#include "user/linux/thread.h"
#include "user/linux/trace.h"

#define EXIT_SIGNAL 0xffu
#define COPY_FLAGS (LINUX_CLONE_SETTLS | LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_CLEARTID | LINUX_CLONE_CHILD_SETTID)
#define BORROW_FLAGS (COPY_FLAGS | LINUX_CLONE_VM | LINUX_CLONE_VFORK)
#define REPLACED_BIT 1ull

static struct lock *const *locks_of(struct process *process, struct lock *list[5])
{
	list[0] = &process->descriptors_lock;
	list[1] = &process->directory_lock;
	list[2] = &process->own_heap.lock;
	list[3] = &process->random->lock;
	list[4] = &process->signals_lock;
	return list;
}

static void take_all(struct process *process)
{
	struct lock *list[5];
	locks_of(process, list);
	for (unsigned i = 0; process->thread_count > 1 && i < 5; i++)
		lock_take(list[i]);
}

static void drop_all(struct process *process)
{
	struct lock *list[5];
	locks_of(process, list);
	for (unsigned i = 0; i < 5; i++) {
		if (list[i]->word)
			lock_drop(list[i]);
	}
}

/* The generator's may be the parent's, who has it still. */
static void forget_locks(struct process *process)
{
	struct lock *list[5];
	locks_of(process, list);
	for (unsigned i = 0; i < 5; i++) {
		if (list[i] != &process->random->lock || process->random == &process->own_random)
			list[i]->word = 0;
	}
	process->threads_lock.word = process->alarm_lock.word = process->timers_lock.word = 0;
	for (unsigned i = 0; i < LOG_STREAMS; i++) {
		struct log_stream *stream = &process->log_streams[i];
		if (stream->lock.word)
			stream->lock.word = 0;
		if (stream->length)
			stream->length = 0; /* the parent writes that */
	}
}

/* Makes the state what it must be in a copy of the process whose only thread is this one. */
static void become_copy(void)
{
	struct thread *self = thread_self();
	struct process *process = self->process;
	forget_locks(process);
	process->number = self->control_block->process_number;
	process->first_thread_number = self->control_block->thread_number;
	process->threads = self;
	process->thread_count = 1;
	process->alarm = HANDLE_NONE;
	process->alarm_deadline = process->alarm_period = 0;
	process->signals_unattended = false;
	process->borrower = NULL;
	leases_reset(process);
	if (process->contents_known)
		content_reset(process);
	trace_in_child(process);
	self->next = self->previous = NULL;
	self->id = process->number;
	self->notify = HANDLE_NONE;
	self->clear_id = 0;
	signal_forget();
	random_separate();
	if (self->signal_notify != HANDLE_SELF_NOTIFY)
		signal_attach_first(self);
}

static int64_t clone_error(status_t status)
{
	return status == ERR_BAD_CALL ? -ENOSYS : status == ERR_NO_MEMORY || status == ERR_QUOTA ? -ENOMEM : -EAGAIN;
}

/* In the child: what clone's flags ask for there. A bad address is not told: there is nobody who would see it. */
static int64_t begin_copy(uint64_t flags, uint64_t stack, uint64_t child_id, uint64_t tls)
{
	struct thread *self = thread_self();
	become_copy();
	if (stack)
		thread_frame(self)->rsp = stack;
	if (flags & LINUX_CLONE_SETTLS)
		__asm__ volatile("wrfsbase %0" : : "r"(tls));
	if (flags & LINUX_CLONE_CHILD_CLEARTID)
		self->clear_id = child_id;
	if (flags & LINUX_CLONE_CHILD_SETTID) {
		bool written = access_write(child_id, &self->id, sizeof self->id);
		(void)written;
	}
	return 0;
}

static int64_t fork_copy(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id, uint64_t tls)
{
	struct process *process = process_self();
	handle_t child = HANDLE_NONE, thread = HANDLE_NONE;
	uint64_t block;
	uint32_t number, pid = 0;
	take_all(process);
	leases_share_locked(process);
	status_t status = sys_process_clone(0, &child, &thread, &number, &block);
	if (!status && !child)
		return begin_copy(flags, stack, child_id, tls);
	drop_all(process);
	if (status)
		return clone_error(status);
	status = pm_fork(process->pm, 0, 0, 0, 0, 0, child, thread, &pid);
	if (status)
		return pm_to_linux(status, EAGAIN);
	if ((flags & LINUX_CLONE_PARENT_SETTID) && !access_write(parent_id, &pid, sizeof pid))
		return pid; /* as Linux: the child is there all the same */
	return pid;
}

/* The state of a process that borrows this one's memory, the one of the last time if nobody else has it. */
static struct borrower *take_borrower(struct process *process)
{
	struct borrower *borrower = __atomic_exchange_n(&process->borrower, NULL, __ATOMIC_SEQ_CST);
	uint64_t address;
	if (borrower)
		return borrower;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, page_up(sizeof *borrower), MAP_READ | MAP_WRITE, HANDLE_NONE, 0, &address))
		return NULL;
	borrower = (struct borrower *)address;
	if (!thread_make_notify(&borrower->replaced)) {
		borrower->thread = thread_make(&borrower->process);
		if (borrower->thread)
			return borrower;
		sys_handle_close(borrower->replaced);
	}
	status_t undone = sys_vmem_unmap(HANDLE_SELF_VMEM, address, page_up(sizeof *borrower));
	(void)undone;
	return NULL;
}

static void give_back_borrower(struct process *process, struct borrower *borrower)
{
	borrower = __atomic_exchange_n(&process->borrower, borrower, __ATOMIC_SEQ_CST);
	if (!borrower)
		return;
	struct thread *thread = borrower->thread;
	sys_handle_close(borrower->replaced);
	status_t undone = sys_vmem_unmap(HANDLE_SELF_VMEM, thread->mapping, thread->mapping_size);
	undone = sys_vmem_unmap(HANDLE_SELF_VMEM, (uint64_t)borrower, page_up(sizeof *borrower));
	(void)undone;
}

/* Everything but what is set anew; of the tables as much as is used by either. */
static void copy_process(struct process *to, struct process *from)
{
	uint32_t descriptors = from->descriptors_high > to->descriptors_high ? from->descriptors_high : to->descriptors_high;
	uint32_t files = from->files_high > to->files_high ? from->files_high : to->files_high;
	uint64_t changed = to->signals_changed;
	take_all(from);
	leases_share_locked(from);
	memcpy(to, from, PROCESS_COPIED);
	memcpy(to->near_descriptors, from->near_descriptors, sizeof to->near_descriptors);
	if (descriptors > DESCRIPTORS_NEAR)
		memcpy(to->far_descriptors, from->far_descriptors,
		        (descriptors - DESCRIPTORS_NEAR) * sizeof *to->far_descriptors);
	memcpy(to->files, from->files, files * sizeof *to->files);
	if (changed | from->signals_changed)
		memcpy(to->signal_actions, from->signal_actions, sizeof to->signal_actions);
	directory_copy_working(to, from);
	drop_all(from);
	forget_locks(to);
	to->descriptors_high = descriptors;
	to->files_high = files;
	to->paths_borrowed = true;
	to->alarm = HANDLE_NONE;
	to->alarm_deadline = to->alarm_period = 0;
	to->signal_pending = 0;
	to->queued_count = 0;
	to->stopped = 0;
	to->borrower = NULL;
	leases_reset(to);
	if (from->contents_known || to->contents_known)
		content_reset(to);
	trace_in_child(to);
}

static void prepare_borrower(struct borrower *borrower, uint64_t block, uint64_t stack)
{
	struct thread *child = borrower->thread, *parent = thread_self();
	struct process *process = &borrower->process;
	copy_process(process, parent->process);
	child->control_block = (struct control_block *)block;
	child->control_block->hold_off = HOLD_UPCALLS;
	process->number = child->control_block->process_number;
	process->first_thread_number = child->control_block->thread_number;
	process->threads = child;
	process->thread_count = 1;
	child->id = process->number;
	child->process = process;
	child->next = child->previous = NULL;
	child->notify = child->signal_notify = HANDLE_NONE;
	child->signal_pending = 0;
	child->restore_mask = false;
	child->signal_stack = (struct linux_stack){0, 0, 0, 0};
	thread_copy_call(child, stack);
}

/* Until the child has memory of its own, or has ended. */
static void wait_for_memory(const struct borrower *borrower, handle_t child)
{
	uint64_t bits;
	status_t status = sys_process_watch_replaced(child, borrower->replaced, REPLACED_BIT);
	if (!status)
		status = sys_notify_wait(borrower->replaced, REPLACED_BIT, DEADLINE_NEVER, &bits);
	(void)status;
}

static int64_t fork_borrow(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id, uint64_t tls)
{
	struct process *process = process_self();
	struct borrower *borrower = take_borrower(process);
	handle_t child, thread;
	uint64_t block, fs = tls;
	uint32_t number, pid = 0;
	if (!borrower)
		return -ENOMEM;
	status_t status = sys_process_clone(CLONE_SHARE_VMEM, &child, &thread, &number, &block);
	if (status) {
		give_back_borrower(process, borrower);
		return clone_error(status);
	}
	prepare_borrower(borrower, block, stack);
	borrower->thread->clear_id = flags & LINUX_CLONE_CHILD_CLEARTID ? child_id : 0;
	if (!(flags & LINUX_CLONE_SETTLS))
		__asm__("rdfsbase %0" : "=r"(fs));
	bool written = true;
	if (flags & LINUX_CLONE_CHILD_SETTID)
		written = access_write(child_id, &borrower->thread->id, 4);
	status = pm_fork(process->pm, PROCESS_FORK_SHARED, (uintptr_t)linux_thread_begin,
	        (uintptr_t)thread_frame(borrower->thread), fs, (uintptr_t)borrower->thread, child, thread, &pid);
	if (!status) {
		if (flags & LINUX_CLONE_PARENT_SETTID)
			written = access_write(parent_id, &pid, 4);
		wait_for_memory(borrower, child);
	}
	(void)written; /* as above */
	sys_handle_close(child);
	give_back_borrower(process, borrower);
	return status ? pm_to_linux(status, EAGAIN) : (int64_t)pid;
}

int64_t fork_clone(uint64_t flags, uint64_t stack, uint64_t parent_id, uint64_t child_id, uint64_t tls)
{
	uint64_t signal = flags & EXIT_SIGNAL, what = flags & ~(uint64_t)EXIT_SIGNAL;
	if (!process_self()->pm)
		return -ENOSYS;
	if (signal && signal != LINUX_SIGCHLD)
		return -EINVAL;
	if ((flags & LINUX_CLONE_SETTLS) && tls >= USER_TOP)
		return -EPERM;
	if (!(what & ~(uint64_t)COPY_FLAGS))
		return fork_copy(flags, stack, parent_id, child_id, tls);
	if ((what & LINUX_CLONE_VM) && (what & LINUX_CLONE_VFORK) && !(what & ~(uint64_t)BORROW_FLAGS))
		return fork_borrow(flags, stack, parent_id, child_id, tls);
	return what == LINUX_CLONE_VFORK ? fork_copy(flags, stack, parent_id, child_id, tls) : -EINVAL;
}

int64_t fork_fork(void)
{
	return fork_clone(LINUX_SIGCHLD, 0, 0, 0, 0);
}

int64_t fork_vfork(void)
{
	return fork_clone(LINUX_SIGCHLD | LINUX_CLONE_VM | LINUX_CLONE_VFORK, 0, 0, 0, 0);
}
