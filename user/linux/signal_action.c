/*
 * Actions, masks and alternate stacks. What SIGCHLD's action says of children is pm's business too: it is told where that changes.
 * That the signal would do nothing is told only while it is not blocked, because a blocked one stays pending.
 */
#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/pm.h"
#include "user/linux/signal.h"

#define ORDINARY 0x7fffffffull

/* execve sets handlers back to the default, and what was said with them; what is ignored stays ignored. */
uint32_t signal_children_flags_after_exec(void)
{
	bool ignored = signal_action(process_self(), LINUX_SIGCHLD)->handler == LINUX_SIG_IGN;
	bool blocked = thread_self()->signal_mask & SIGNAL_BIT(LINUX_SIGCHLD);
	return (ignored ? PROCESS_CHILDREN_FORGET : 0) | (blocked ? 0 : PROCESS_CHILDREN_SILENT);
}

static uint32_t children_flags(void)
{
	struct process *process = process_self();
	const struct linux_sigaction *action = signal_action(process, LINUX_SIGCHLD);
	bool blocked = thread_self()->signal_mask & SIGNAL_BIT(LINUX_SIGCHLD);
	uint32_t flags = 0;
	if (action->handler == LINUX_SIG_IGN || (action->flags & LINUX_SA_NOCLDWAIT))
		flags |= PROCESS_CHILDREN_FORGET;
	if (action->flags & LINUX_SA_NOCLDSTOP)
		flags |= PROCESS_CHILDREN_NO_STOPS;
	if (action->handler <= LINUX_SIG_IGN && !blocked)
		flags |= PROCESS_CHILDREN_SILENT;
	return flags;
}

void signal_tell_children(void)
{
	struct process *process = process_self();
	uint32_t flags = children_flags();
	if (!process->pm || flags == process->children_flags)
		return;
	if (!pm_set_children(process->pm, flags))
		process->children_flags = flags;
}

int64_t signal_rt_sigaction(int signal, uint64_t new, uint64_t old, uint64_t mask_size)
{
	struct process *process = process_self();
	if (signal < 1 || signal > LINUX_SIGNALS || mask_size != SIGNAL_MASK_SIZE)
		return -EINVAL;
	if (new && (SIGNAL_BIT(signal) & SIGNAL_UNBLOCKABLE))
		return -EINVAL;
	struct linux_sigaction wanted;
	if (new && !access_read(&wanted, new, sizeof wanted))
		return -EFAULT;
	lock_take(&process->signals_lock);
	struct linux_sigaction before = *signal_action(process, signal);
	if (new) {
		wanted.mask &= ~SIGNAL_UNBLOCKABLE;
		process->signal_actions[signal - 1] = wanted;
		process->signals_changed |= SIGNAL_BIT(signal);
		process->signals_ignored &= ~SIGNAL_BIT(signal);
		if (signal_is_ignored_locked(process, signal)) {
			process->signal_pending &= ~SIGNAL_BIT(signal);
			thread_self()->signal_pending &= ~SIGNAL_BIT(signal);
		}
	}
	lock_drop(&process->signals_lock);
	if (new &&signal == LINUX_SIGCHLD)
		signal_tell_children();
	return old && !access_write(old, &before, sizeof before) ? -EFAULT : 0;
}

int64_t signal_rt_sigprocmask(int how, uint64_t new, uint64_t old, uint64_t mask_size)
{
	struct thread *thread = thread_self();
	if (mask_size != SIGNAL_MASK_SIZE)
		return -EINVAL;
	uint64_t before = thread->signal_mask, now = before, said = 0;
	if (new && !access_read(&said, new, sizeof said))
		return -EFAULT;
	if (new) {
		if (how == LINUX_SIG_BLOCK)
			now |= said;
		else if (how == LINUX_SIG_UNBLOCK)
			now &= ~said;
		else if (how == LINUX_SIG_SETMASK)
			now = said;
		else
			return -EINVAL;
		signal_set_mask(now);
		/* A mask of everything is a library's, for a moment in which nothing could be handled anyway. */
		bool changes = (before ^ now) & SIGNAL_BIT(LINUX_SIGCHLD);
		if (changes && (now & SIGNAL_BIT(LINUX_SIGCHLD)) &&
		        (now & ORDINARY & ~SIGNAL_UNBLOCKABLE) != (ORDINARY & ~SIGNAL_UNBLOCKABLE))
			signal_tell_children();
	}
	return old && !access_write(old, &before, sizeof before) ? -EFAULT : 0;
}

int64_t signal_rt_sigpending(uint64_t out, uint64_t mask_size)
{
	struct thread *thread = thread_self();
	if (mask_size > SIGNAL_MASK_SIZE)
		return -EINVAL;
	signal_collect();
	uint64_t pending = (thread->signal_pending | thread->process->signal_pending) & thread->signal_mask;
	return access_write(out, &pending, mask_size) ? 0 : -EFAULT;
}

int64_t signal_sigaltstack(uint64_t new, uint64_t old)
{
	struct thread *thread = thread_self();
	struct linux_stack before = thread->signal_stack, wanted;
	uint64_t pointer = thread_frame(thread)->rsp;
	bool on_it = before.size && !(before.flags & LINUX_SS_AUTODISARM) && pointer > before.base &&
	        pointer - before.base <= before.size;
	if (new && !access_read(&wanted, new, sizeof wanted))
		return -EFAULT;
	if (new) {
		uint32_t mode = wanted.flags & ~LINUX_SS_AUTODISARM;
		if (on_it)
			return -EPERM;
		if (mode && mode != LINUX_SS_DISABLE && mode != LINUX_SS_ONSTACK)
			return -EINVAL;
		if (mode == LINUX_SS_DISABLE)
			wanted = (struct linux_stack){0, 0, 0, 0};
		else if (wanted.size < LINUX_MINSIGSTKSZ)
			return -ENOMEM;
		wanted.flags &= LINUX_SS_AUTODISARM;
		thread->signal_stack = wanted;
	}
	if (!before.size)
		before.flags = LINUX_SS_DISABLE;
	else if (on_it)
		before.flags |= LINUX_SS_ONSTACK;
	return old && !access_write(old, &before, sizeof before) ? -EFAULT : 0;
}
