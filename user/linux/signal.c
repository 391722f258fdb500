/*
 * Signals of a process to itself. Handlers, masks and alternate stacks are kept and told; what the default action does is
 * done: a signal that ends a process ends it with status 128 + signal, as a shell would tell it, unless it is blocked, when it
 * waits to be unblocked. What would have to run a handler or stop the process is refused with ENOSYS, so that nobody believes
 * a signal was taken that was lost. There are no other processes to be reached by number.
 */
#include "user/linux/signal.h"

#include "user/linux/errors.h"
#include "user/linux/state.h"
#include "user/linux/thread.h"

#define MASK_SIZE 8u
#define BIT(signal) (1ull << ((signal)-1))
#define UNBLOCKABLE (BIT(LINUX_SIGKILL) | BIT(LINUX_SIGSTOP))
#define IGNORED_BY_DEFAULT (BIT(LINUX_SIGCHLD) | BIT(LINUX_SIGCONT) | BIT(LINUX_SIGURG) | BIT(LINUX_SIGWINCH))
#define STOPPING (BIT(LINUX_SIGSTOP) | BIT(LINUX_SIGTSTP) | BIT(LINUX_SIGTTIN) | BIT(LINUX_SIGTTOU))

int64_t signal_rt_sigaction(int signal, uint64_t new, uint64_t old, uint64_t mask_size)
{
	struct process *process = process_self();
	if (signal < 1 || signal > LINUX_SIGNALS || mask_size != MASK_SIZE || (new && (BIT(signal) & UNBLOCKABLE)))
		return -EINVAL;
	if ((new && !user_range(new, sizeof(struct linux_sigaction))) ||
	        (old && !user_range(old, sizeof(struct linux_sigaction))))
		return -EFAULT;
	struct linux_sigaction wanted;
	if (new)
		wanted = *(const struct linux_sigaction *)user_pointer(new);
	struct linux_sigaction *action = &process->signal_actions[signal - 1];
	lock_take(&process->signals_lock);
	struct linux_sigaction before = *action;
	if (new)
		*action = wanted;
	lock_drop(&process->signals_lock);
	if (old)
		*(struct linux_sigaction *)user_pointer(old) = before;
	return 0;
}

/* Does what a signal does that is not blocked: 0, or -ENOSYS where that can not be done. */
static int64_t act(int signal)
{
	struct process *process = process_self();
	lock_take(&process->signals_lock);
	uint64_t handler = process->signal_actions[signal - 1].handler;
	lock_drop(&process->signals_lock);
	if (handler == LINUX_SIG_IGN && !(BIT(signal) & UNBLOCKABLE))
		return 0;
	if (handler != LINUX_SIG_DFL)
		return -ENOSYS;
	if (BIT(signal) & IGNORED_BY_DEFAULT)
		return 0;
	if (BIT(signal) & STOPPING)
		return -ENOSYS;
	thread_end_process(128 + (uint32_t)signal);
}

/* Acts on what was pending and is unblocked now. A handler that can not run leaves its signal pending. */
static void act_on_pending(struct thread *thread)
{
	struct process *process = thread->process;
	lock_take(&process->signals_lock);
	uint64_t free = (process->signal_pending | thread->signal_pending) & ~thread->signal_mask;
	process->signal_pending &= ~free;
	thread->signal_pending &= ~free;
	lock_drop(&process->signals_lock);
	for (int signal = 1; free && signal <= LINUX_SIGNALS; signal++) {
		if (!(free & BIT(signal)) || !act(signal))
			continue;
		lock_take(&process->signals_lock);
		process->signal_pending |= BIT(signal);
		lock_drop(&process->signals_lock);
	}
}

int64_t signal_rt_sigprocmask(int how, uint64_t new, uint64_t old, uint64_t mask_size)
{
	struct thread *thread = thread_self();
	if (mask_size != MASK_SIZE)
		return -EINVAL;
	if ((new && !user_range(new, MASK_SIZE)) || (old && !user_range(old, MASK_SIZE)))
		return -EFAULT;
	uint64_t before = thread->signal_mask, now = before;
	if (new) {
		uint64_t said = *(const uint64_t *)user_pointer(new);
		if (how == LINUX_SIG_BLOCK)
			now |= said;
		else if (how == LINUX_SIG_UNBLOCK)
			now &= ~said;
		else if (how == LINUX_SIG_SETMASK)
			now = said;
		else
			return -EINVAL;
	}
	thread->signal_mask = now & ~UNBLOCKABLE;
	if (old)
		*(uint64_t *)user_pointer(old) = before;
	if ((thread->signal_pending | thread->process->signal_pending) & ~thread->signal_mask)
		act_on_pending(thread);
	return 0;
}

int64_t signal_rt_sigpending(uint64_t out, uint64_t mask_size)
{
	struct thread *thread = thread_self();
	if (mask_size > MASK_SIZE)
		return -EINVAL;
	if (!user_range(out, MASK_SIZE))
		return -EFAULT;
	*(uint64_t *)user_pointer(out) = (thread->signal_pending | thread->process->signal_pending) & thread->signal_mask;
	return 0;
}

int64_t signal_sigaltstack(uint64_t new, uint64_t old)
{
	struct thread *thread = thread_self();
	if ((new && !user_range(new, sizeof(struct linux_stack))) || (old && !user_range(old, sizeof(struct linux_stack))))
		return -EFAULT;
	struct linux_stack before = thread->signal_stack;
	if (!before.size)
		before.flags = LINUX_SS_DISABLE;
	if (new) {
		struct linux_stack wanted = *(const struct linux_stack *)user_pointer(new);
		if (wanted.flags & ~(LINUX_SS_DISABLE | LINUX_SS_AUTODISARM))
			return -EINVAL;
		if (wanted.flags & LINUX_SS_DISABLE)
			wanted = (struct linux_stack){0, 0, 0, 0};
		else if (wanted.size < LINUX_MINSIGSTKSZ)
			return -ENOMEM;
		thread->signal_stack = wanted;
	}
	if (old)
		*(struct linux_stack *)user_pointer(old) = before;
	return 0;
}

static bool good_number(int signal)
{
	return signal >= 0 && signal <= LINUX_SIGNALS;
}

/* To the whole process, and so to any of its threads that does not block it; the caller is the one that is asked. */
static int64_t send_to_self(int signal)
{
	struct thread *thread = thread_self();
	struct process *process = thread->process;
	if (!signal)
		return 0;
	if (!(thread->signal_mask & BIT(signal)))
		return act(signal);
	lock_take(&process->signals_lock);
	process->signal_pending |= BIT(signal);
	lock_drop(&process->signals_lock);
	return 0;
}

int64_t signal_kill(int process, int signal)
{
	if (!good_number(signal))
		return -EINVAL;
	int self = (int)process_self()->number;
	return process == self || process == 0 || process == -self ? send_to_self(signal) : -ESRCH;
}

int64_t signal_tgkill(int process, int thread, int signal)
{
	if (!good_number(signal) || thread <= 0)
		return -EINVAL;
	if (process != (int)process_self()->number)
		return -ESRCH;
	return signal_tkill(thread, signal);
}

/* Another thread's mask is its own, so a signal for it ends the process or is refused like one for oneself. */
int64_t signal_tkill(int thread, int signal)
{
	struct thread *self = thread_self();
	if (!good_number(signal) || thread <= 0)
		return -EINVAL;
	if (!thread_exists((uint32_t)thread))
		return -ESRCH;
	if (!signal)
		return 0;
	if ((uint32_t)thread == self->id && (self->signal_mask & BIT(signal))) {
		self->signal_pending |= BIT(signal);
		return 0;
	}
	return act(signal);
}
