/*
 * What is pending, and who looks. All of it is guarded by signals_lock; the kernel is asked, and threads are woken, without it.
 *
 * Signals up to 31 are bits with the note of the last one. Real-time signals that this process sends to itself also come as often as
 * they were sent, as far as the queue has room; from other processes they come as bits, because that is what a notify carries.
 */
#include "user/linux/native.h"
#include "user/linux/pm.h"
#include "user/linux/signal.h"
#include "user/linux/thread.h"
#include "user/linux/timers.h"

#define IGNORED_BY_DEFAULT \
	(SIGNAL_BIT(LINUX_SIGCHLD) | SIGNAL_BIT(LINUX_SIGCONT) | SIGNAL_BIT(LINUX_SIGURG) | SIGNAL_BIT(LINUX_SIGWINCH))
#define SYNCHRONOUS \
	(SIGNAL_BIT(LINUX_SIGSEGV) | SIGNAL_BIT(LINUX_SIGBUS) | SIGNAL_BIT(LINUX_SIGILL) | SIGNAL_BIT(LINUX_SIGTRAP) | \
	        SIGNAL_BIT(LINUX_SIGFPE) | SIGNAL_BIT(LINUX_SIGSYS))
#define STOPS (SIGNAL_BIT(LINUX_SIGSTOP) | SIGNAL_BIT(LINUX_SIGTSTP) | SIGNAL_BIT(LINUX_SIGTTIN) | SIGNAL_BIT(LINUX_SIGTTOU))

const struct linux_sigaction *signal_action(const struct process *process, int signal)
{
	static const struct linux_sigaction standard = {.handler = LINUX_SIG_DFL}, ignored = {.handler = LINUX_SIG_IGN};
	if (process->signals_changed & SIGNAL_BIT(signal))
		return &process->signal_actions[signal - 1];
	return process->signals_ignored & SIGNAL_BIT(signal) ? &ignored : &standard;
}

bool signal_is_ignored_locked(const struct process *process, int signal)
{
	uint64_t handler = signal_action(process, signal)->handler;
	if (SIGNAL_BIT(signal) & SIGNAL_UNBLOCKABLE)
		return false;
	return handler == LINUX_SIG_IGN || (handler == LINUX_SIG_DFL && (SIGNAL_BIT(signal) & IGNORED_BY_DEFAULT));
}

/* A thread that does not block the signal: `first` if it will do, NULL if all block it. */
static struct thread *find_taker(struct process *process, struct thread *first, int signal)
{
	if (!(first->signal_mask & SIGNAL_BIT(signal)))
		return first;
	lock_take(&process->threads_lock);
	struct thread *thread = process->threads;
	while (thread && (__atomic_load_n(&thread->signal_mask, __ATOMIC_RELAXED) & SIGNAL_BIT(signal)))
		thread = thread->next;
	lock_drop(&process->threads_lock);
	return thread;
}

/* Makes a thread go through signal_at_return soon. One that ends in this moment needs no more. */
static void wake(struct thread *thread)
{
	if (thread == thread_self()) {
		signal_look_later(thread);
		return;
	}
	if (!thread->signal_notify)
		return;
	status_t status = sys_notify_signal(thread->signal_notify, SIGNAL_LOOK);
	(void)status;
}

/* What a signal undoes by being sent: CONT takes back stops, and a stop takes back CONT. */
static void undo_opposites_locked(struct process *process, uint64_t bits)
{
	uint64_t gone = 0;
	if (bits & SIGNAL_BIT(LINUX_SIGCONT))
		gone |= STOPS;
	if (bits & STOPS)
		gone |= SIGNAL_BIT(LINUX_SIGCONT);
	process->signal_pending &= ~(gone & ~bits);
}

void signal_collect(void)
{
	struct thread *self = thread_self();
	struct process *process = self->process;
	__atomic_fetch_and(&self->control_block->upcall_pending, (uint8_t)~PENDING_BITS, __ATOMIC_SEQ_CST);
	uint64_t bits;
	if (!self->signal_notify || sys_notify_wait(self->signal_notify, UINT64_MAX, DEADLINE_NOW, &bits))
		return;
	if (bits & SIGNAL_LOOK && process->timer_count)
		timers_look();
	bits &= ~SIGNAL_LOOK;
	if (!bits || self->signal_notify != HANDLE_SELF_NOTIFY)
		return;
	lock_take(&process->signals_lock);
	undo_opposites_locked(process, bits);
	process->signal_pending |= bits;
	process->signal_from_elsewhere |= bits;
	lock_drop(&process->signals_lock);
	uint64_t others = bits & self->signal_mask;
	for (int signal = 1; others && signal <= LINUX_SIGNALS; signal++) {
		if (!(others & SIGNAL_BIT(signal)))
			continue;
		struct thread *taker = find_taker(process, self, signal);
		if (taker && taker != self)
			wake(taker);
	}
}

static void enqueue_locked(struct process *process, uint32_t thread, int signal, const struct signal_note *note)
{
	for (uint32_t i = 0; i < QUEUED_SIGNALS; i++) {
		if (process->queued[i].signal)
			continue;
		process->queued[i] = (struct queued_signal){(uint32_t)signal, thread, *note};
		process->queued_count++;
		return;
	}
}

void signal_add(struct thread *thread, int signal, const struct signal_note *note)
{
	struct thread *self = thread_self();
	struct process *process = self->process;
	uint64_t bit = SIGNAL_BIT(signal);
	uint64_t *pending = thread ? &thread->signal_pending : &process->signal_pending;
	lock_take(&process->signals_lock);
	undo_opposites_locked(process, bit);
	if (signal >= LINUX_SIGRTMIN)
		enqueue_locked(process, thread ? thread->id : 0, signal, note);
	else if (!(*pending & bit))
		process->signal_notes[signal - 1] = *note;
	*pending |= bit;
	process->signal_from_elsewhere &= ~bit;
	lock_drop(&process->signals_lock);
	if (!thread)
		thread = find_taker(process, self, signal);
	if (thread)
		wake(thread);
}

/* The oldest queued one of a signal, if there is one; true if another of it is left behind it. */
static bool dequeue_locked(struct process *process, uint32_t thread, int signal, struct signal_note *out_note)
{
	struct queued_signal *first = NULL;
	for (uint32_t i = 0; process->queued_count && i < QUEUED_SIGNALS; i++) {
		struct queued_signal *entry = &process->queued[i];
		if (entry->signal != (uint32_t)signal || entry->thread != thread)
			continue;
		if (first)
			return true;
		first = entry;
		*out_note = entry->note;
		/* Those behind it close up, so that the order stays. */
		for (uint32_t k = i; k + 1 < QUEUED_SIGNALS; k++)
			process->queued[k] = process->queued[k + 1];
		process->queued[QUEUED_SIGNALS - 1].signal = 0;
		process->queued_count--;
		i--;
	}
	return false;
}

int signal_take(uint64_t set, struct signal_note *out_note)
{
	struct thread *self = thread_self();
	struct process *process = self->process;
	lock_take(&process->signals_lock);
	uint64_t own = self->signal_pending & set, all = own | (process->signal_pending & set);
	uint64_t from = all & SYNCHRONOUS ? all & SYNCHRONOUS : all;
	int signal = from ? __builtin_ctzll(from) + 1 : 0;
	if (signal) {
		uint64_t bit = SIGNAL_BIT(signal);
		bool mine = own & bit, more = false;
		*out_note = process->signal_notes[signal - 1];
		if (process->signal_from_elsewhere & bit && !mine) {
			*out_note = (struct signal_note){.code = signal == LINUX_SIGALRM ? LINUX_SI_KERNEL : LINUX_SI_USER};
			process->signal_from_elsewhere &= ~bit;
			out_note->word = UINT64_MAX; /* signal_complete_note will ask */
		} else if (signal >= LINUX_SIGRTMIN)
			more = dequeue_locked(process, mine ? self->id : 0, signal, out_note);
		if (!more && mine)
			self->signal_pending &= ~bit;
		else if (!more)
			process->signal_pending &= ~bit;
	}
	lock_drop(&process->signals_lock);
	return signal;
}

void signal_complete_note(int signal, struct signal_note *note)
{
	struct process *process = process_self();
	if (note->word != UINT64_MAX)
		return;
	note->word = 0;
	uint32_t pid, flags;
	uint64_t value;
	if (signal == LINUX_SIGALRM && process->alarm)
		return;
	if (pm_signal_info(process->pm, (uint32_t)signal, &pid, &flags, &value))
		return;
	note->pid = pid;
	note->code = flags & PROCESS_SIGNAL_QUEUED ? LINUX_SI_QUEUE : LINUX_SI_USER;
	note->word = value;
	if (flags & PROCESS_SIGNAL_CHILD) { /* si_code is CLD_EXITED and so on; si_status lies where si_value does */
		note->code = (int)(value >> 32);
		note->word = (uint32_t)value;
	}
}

void signal_info_fill(int signal, const struct signal_note *note, struct linux_siginfo *out)
{
	*out = (struct linux_siginfo){.signal = signal, .code = note->code};
	bool faulted = note->code > 0 && (SIGNAL_BIT(signal) & SYNCHRONOUS);
	if (faulted) {
		out->address = note->word;
		return;
	}
	out->pid = (int32_t)note->pid;
	out->value = note->word;
}

/* What was held back for this thread, or for the process, and is not blocked any more, is looked at on the way back. */
void signal_set_mask(uint64_t mask)
{
	struct thread *self = thread_self();
	__atomic_store_n(&self->signal_mask, mask & ~SIGNAL_UNBLOCKABLE, __ATOMIC_SEQ_CST);
	uint64_t pending = self->signal_pending | __atomic_load_n(&self->process->signal_pending, __ATOMIC_SEQ_CST);
	if (pending & ~self->signal_mask)
		signal_look_later(self);
}

void signal_give_back(void)
{
	struct thread *self = thread_self();
	struct process *process = self->process;
	lock_take(&process->signals_lock);
	uint64_t bits = process->signal_pending | self->signal_pending;
	process->signal_pending = self->signal_pending = 0;
	lock_drop(&process->signals_lock);
	if (!bits)
		return;
	status_t status = sys_notify_signal(HANDLE_SELF_NOTIFY, bits);
	(void)status; /* where no process has a notify, nothing comes from outside either */
}

void signal_forget(void)
{
	struct thread *self = thread_self();
	struct process *process = self->process;
	process->signal_pending = self->signal_pending = 0;
	process->signal_from_elsewhere = 0;
	for (uint32_t i = 0; process->queued_count && i < QUEUED_SIGNALS; i++)
		process->queued[i].signal = 0; /* touched only if need be: the copy's pages are copied when written */
	process->queued_count = 0;
	timers_forget();
	process->stopped = 0;
	self->control_block->upcall_pending = 0;
}

void signal_attach_first(struct thread *thread)
{
	/* What came before there was a handler is found at once. */
	if (!sys_thread_set_upcall(HANDLE_SELF_THREAD, HANDLE_SELF_NOTIFY, (uintptr_t)linux_upcall)) {
		thread->signal_notify = HANDLE_SELF_NOTIFY;
		__atomic_fetch_or(&thread->control_block->upcall_pending, PENDING_BITS, __ATOMIC_SEQ_CST);
	}
}

/* The notify is without INHERIT: a copy of the process must not have it. */
void signal_attach(struct thread *thread, handle_t handle)
{
	handle_t made, kept = HANDLE_NONE;
	if (sys_notify_create(&made))
		return;
	status_t status = sys_handle_duplicate(made, RIGHT_SIGNAL | RIGHT_WAIT, &kept);
	sys_handle_close(made);
	if (!status)
		status = sys_thread_set_upcall(handle, kept, (uintptr_t)linux_upcall);
	if (!status)
		thread->signal_notify = kept;
	else if (kept)
		sys_handle_close(kept);
}

/*
 * The one that had the process's signals leaves them without a thread: another is asked to attach itself, which it does in
 * signal_at_return, seeing that nobody has them.
 */
void signal_detach(struct thread *thread)
{
	struct process *process = thread->process;
	handle_t notify = thread->signal_notify;
	thread->signal_notify = HANDLE_NONE;
	if (!notify)
		return;
	status_t status = sys_thread_set_upcall(HANDLE_SELF_THREAD, HANDLE_NONE, (uintptr_t)linux_upcall);
	(void)status;
	if (notify != HANDLE_SELF_NOTIFY) {
		sys_handle_close(notify);
		return;
	}
	__atomic_store_n(&process->signals_unattended, true, __ATOMIC_SEQ_CST);
	lock_take(&process->threads_lock);
	struct thread *other = process->threads;
	handle_t to = other ? other->signal_notify : HANDLE_NONE;
	lock_drop(&process->threads_lock);
	if (to)
		status = sys_notify_signal(to, SIGNAL_LOOK);
}

void signal_tell_sets(void)
{
	struct thread *self = thread_self();
	struct process *process = self->process;
	uint64_t ignored = 0, caught = 0;
	lock_take(&process->signals_lock);
	for (int signal = 1; signal <= LINUX_SIGNALS; signal++) {
		uint64_t handler = signal_action(process, signal)->handler;
		if (handler == LINUX_SIG_IGN)
			ignored |= SIGNAL_BIT(signal);
		else if (handler != LINUX_SIG_DFL)
			caught |= SIGNAL_BIT(signal);
	}
	const uint64_t sets[] = {self->signal_pending | process->signal_pending, self->signal_mask, ignored, caught};
	lock_drop(&process->signals_lock);
	status_t status = pm_tell_signals(process->pm, sets);
	(void)status; /* without pm there is no /proc */
}
