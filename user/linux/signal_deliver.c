/*
 * The way back to the program goes through here when something is pending: by itself, from an upcall, or after a call that was asked
 * to end. Here alone actions are done: handlers get their frames, the program ends or stops, calls begin again.
 */
#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/log.h"
#include "user/linux/native.h"
#include "user/linux/pm.h"
#include "user/linux/report.h"
#include "user/linux/signal.h"
#include "user/linux/thread.h"
#include "user/linux/trace.h"

#define STOPS (SIGNAL_BIT(LINUX_SIGSTOP) | SIGNAL_BIT(LINUX_SIGTSTP) | SIGNAL_BIT(LINUX_SIGTTIN) | SIGNAL_BIT(LINUX_SIGTTOU))
#define SYSCALL_INSTRUCTION 2 /* its length */

/* What is done about a signal. */
enum action { ACTION_NOTHING, ACTION_END, ACTION_STOP, ACTION_HANDLER };

/* Reads the action and, for a handler that wants it so, sets it back to the default. */
static enum action choose(int signal, struct linux_sigaction *out)
{
	struct process *process = process_self();
	lock_take(&process->signals_lock);
	bool ignored = signal_is_ignored_locked(process, signal);
	*out = *signal_action(process, signal);
	if (!ignored && out->handler != LINUX_SIG_DFL && (out->flags & LINUX_SA_RESETHAND))
		process->signal_actions[signal - 1].handler = LINUX_SIG_DFL;
	lock_drop(&process->signals_lock);
	if (ignored)
		return ACTION_NOTHING;
	if (out->handler != LINUX_SIG_DFL)
		return ACTION_HANDLER;
	return SIGNAL_BIT(signal) & STOPS ? ACTION_STOP : ACTION_END;
}

_Noreturn void signal_end_process(int signal)
{
	thread_end_process(PROCESS_STATUS_SIGNAL + (uint32_t)signal);
}

static void wait_until_continued(struct process *process)
{
	while (__atomic_load_n(&process->stopped, __ATOMIC_SEQ_CST)) {
		status_t status = sys_futex_wait(&process->stopped, 1, DEADLINE_NEVER);
		(void)status;
	}
}

/* All threads stop: the others where they come by here next. pm answers when the process is continued. */
static void stop(int signal, const struct signal_note *note)
{
	struct process *process = process_self();
	uint32_t woken;
	if (__atomic_exchange_n(&process->stopped, 1, __ATOMIC_SEQ_CST)) {
		wait_until_continued(process);
		return;
	}
	thread_wake_others();
	bool own = note->pid == process->number;
	status_t status = pm_stopped(process->pm, (uint32_t)signal, own ? PROCESS_STOP_OWN : 0);
	(void)status; /* whatever it was, the process goes on */
	__atomic_store_n(&process->stopped, 0, __ATOMIC_SEQ_CST);
	status = sys_futex_wake(&process->stopped, INT32_MAX, &woken);
}

/* A thread of several may have to take over the process's signals from one that has ended. */
static void attend(struct thread *self)
{
	struct process *process = self->process;
	if (!__atomic_load_n(&process->signals_unattended, __ATOMIC_SEQ_CST) || self->signal_notify == HANDLE_SELF_NOTIFY ||
	        !__atomic_exchange_n(&process->signals_unattended, false, __ATOMIC_SEQ_CST))
		return;
	handle_t own = self->signal_notify;
	signal_attach_first(self);
	if (own && self->signal_notify != own)
		sys_handle_close(own);
	signal_collect();
}

bool signal_wanted(void)
{
	struct thread *self = thread_self();
	struct process *process = self->process;
	signal_collect();
	attend(self);
	wait_until_continued(process);
	for (;;) {
		lock_take(&process->signals_lock);
		uint64_t free = (self->signal_pending | process->signal_pending) & ~self->signal_mask;
		lock_drop(&process->signals_lock);
		if (!free)
			return false;
		/* Looked at one by one without being taken: what ends a call is taken on the way back. */
		uint64_t trivial = 0;
		for (uint64_t left = free; left; left &= left - 1) {
			int signal = __builtin_ctzll(left) + 1;
			lock_take(&process->signals_lock);
			uint64_t handler = signal_action(process, signal)->handler;
			bool ignored = signal_is_ignored_locked(process, signal);
			lock_drop(&process->signals_lock);
			if (ignored || (handler == LINUX_SIG_DFL && (SIGNAL_BIT(signal) & STOPS)) || signal == LINUX_SIGSTOP)
				trivial |= SIGNAL_BIT(signal);
			else {
				signal_look_later(self);
				return true;
			}
		}
		struct signal_note note;
		int signal = signal_take(trivial, &note);
		struct linux_sigaction action;
		if (signal && choose(signal, &action) == ACTION_STOP)
			stop(signal, &note);
	}
}

/* What a call that was asked to end answers, now that it is known what became of the signal. */
static int64_t settle(struct frame *frame, int64_t result, bool handler, uint64_t flags)
{
	if (result != -LINUX_ERESTARTSYS && result != -LINUX_ERESTARTNOHAND)
		return result;
	if (handler && (result == -LINUX_ERESTARTNOHAND || !(flags & LINUX_SA_RESTART)))
		return -EINTR;
	frame->rip -= SYSCALL_INSTRUCTION;
	return (int64_t)frame->rax; /* still the call's number */
}

/* Puts a handler's frame on the program's stack, or ends the process if that is not possible. */
static void run_handler(
        struct frame *frame, int64_t rax, int signal, struct signal_note *note, const struct linux_sigaction *action)
{
	struct thread *self = thread_self();
	if (trace_is_on(self->process))
		trace_signal(signal);
	uint64_t mask = self->restore_mask ? self->mask_to_restore : self->signal_mask;
	self->restore_mask = false;
	if (action->flags & LINUX_SA_SIGINFO)
		signal_complete_note(signal, note);
	if (!signal_frame_push(frame, (uint64_t)rax, signal, note, action, mask))
		signal_end_process(LINUX_SIGSEGV);
	uint64_t blocked = self->signal_mask | action->mask;
	if (!(action->flags & LINUX_SA_NODEFER))
		blocked |= SIGNAL_BIT(signal);
	self->signal_mask = blocked & ~SIGNAL_UNBLOCKABLE;
	self->return_full = 0;
}

/* Does what is pending and not blocked. */
static int64_t deliver(struct frame *frame, int64_t result)
{
	struct thread *self = thread_self();
	bool in_call = !self->return_full;
	for (;;) {
		struct signal_note note;
		int signal = signal_take(~self->signal_mask, &note);
		if (!signal)
			break;
		struct linux_sigaction action;
		switch (choose(signal, &action)) {
		case ACTION_NOTHING: break;
		case ACTION_END:
			if (signal == LINUX_SIGABRT && note.pid == self->process->number)
				report_crash(frame, signal);
			signal_end_process(signal);
		case ACTION_STOP: stop(signal, &note); break;
		case ACTION_HANDLER:
			if (in_call)
				result = settle(frame, result, true, action.flags);
			run_handler(frame, result, signal, &note, &action);
			in_call = false; /* a second one interrupts the first at its first instruction */
			result = 0;
			break;
		}
	}
	if (in_call)
		result = settle(frame, result, false, 0);
	if (self->restore_mask) {
		self->restore_mask = false;
		signal_set_mask(self->mask_to_restore);
	}
	return result;
}

int64_t signal_at_return(struct frame *frame, int64_t result)
{
	struct thread *self = thread_self();
	uint8_t pending = __atomic_exchange_n(&self->control_block->upcall_pending, 0, __ATOMIC_SEQ_CST);
	if (pending & PENDING_BITS)
		signal_collect();
	attend(self);
	wait_until_continued(self->process);
	return deliver(frame, result);
}

/* The exception of an instruction of the program, as the signal that Linux makes of it. */
static int signal_of(uint64_t vector, uint64_t error, uint64_t address, uint64_t rip, struct signal_note *note)
{
	enum {
		MAPERR = 1,
		ACCERR,
		ILL_ILLOPN = 2,
		FPE_INTDIV = 1,
		FPE_FLTINV = 7,
		TRAP_TRACE = 2,
		BUS_ADRALN = 1,
		PRESENT = 1
	};
	*note = (struct signal_note){.code = LINUX_SI_KERNEL};
	switch (vector) {
	case 0: *note = (struct signal_note){.code = FPE_INTDIV, .word = rip}; return LINUX_SIGFPE;
	case 1: *note = (struct signal_note){.code = TRAP_TRACE, .word = rip}; return LINUX_SIGTRAP;
	case 3: return LINUX_SIGTRAP;
	case 6: *note = (struct signal_note){.code = ILL_ILLOPN, .word = rip}; return LINUX_SIGILL;
	case 11:
	case 12: return LINUX_SIGBUS;
	case 14: *note = (struct signal_note){.code = error & PRESENT ? ACCERR : MAPERR, .word = address}; return LINUX_SIGSEGV;
	case 16:
	case 19: *note = (struct signal_note){.code = FPE_FLTINV, .word = rip}; return LINUX_SIGFPE;
	case 17: *note = (struct signal_note){.code = BUS_ADRALN}; return LINUX_SIGBUS;
	}
	return LINUX_SIGSEGV;
}

/*
 * Nobody handles it: where it was goes onto the log (report.h), and the instruction is repeated with nothing in its way, so that it becomes a message to the process's exception
 * channel or a report of the kernel's, with all registers as they were.
 */
static int64_t leave_to_kernel(struct frame *frame, int signal)
{
	struct process *process = process_self();
	for (unsigned i = 0; i < LOG_STREAMS; i++)
		log_stream_flush(&process->log_streams[i]);
	report_crash(frame, signal);
	if (trace_is_on(process))
		trace_ended(PROCESS_STATUS_SIGNAL + (uint32_t)signal);
	status_t status = sys_thread_set_upcall(HANDLE_SELF_THREAD, HANDLE_NONE, 0);
	if (status)
		signal_end_process(LINUX_SIGSEGV);
	return (int64_t)frame->rax;
}

int64_t signal_upcall(struct frame *frame, uint64_t cause, uint64_t error, uint64_t address)
{
	struct thread *self = thread_self();
	if (cause == UPCALL_BITS) {
		signal_collect();
		return signal_at_return(frame, (int64_t)frame->rax);
	}
	struct signal_note note;
	int signal = signal_of(cause, error, address, frame->rip, &note);
	self->trap_vector = cause;
	self->trap_error = error;
	self->trap_address = address;
	struct linux_sigaction action = {0};
	if ((self->signal_mask & SIGNAL_BIT(signal)) || choose(signal, &action) != ACTION_HANDLER)
		return leave_to_kernel(frame, signal);
	run_handler(frame, (int64_t)frame->rax, signal, &note, &action);
	return 0;
}

/*
 * An address that the program named is bad: the call ends. Anything else is a fault of the image's own, which it reports; if it fails in
 * that too it says where and ends, with hold_off as the kernel left it, so that a third time is the kernel's to report.
 */
int64_t signal_fault_inside(uint64_t rip, uint64_t cause, uint64_t address, uint64_t rbp)
{
	struct process *process = process_self();
	bool named = cause == 14 ? user_range(address, 1) : cause == 13;
	struct thread *self = thread_self();
	bool again = self->failed; /* in the midst of its own report */
	if (named && !again) {
		if (trace_is_on(process))
			trace_after(thread_frame(self), (uint32_t)thread_frame(self)->rax, -EFAULT);
		if (self->held_file)
			descriptors_drop(self->held_file);
		return -EFAULT;
	}
	struct log_text line = {0};
	log_add(&line, process->name);
	log_add(&line, " ends, because its answer to a Linux call failed at offset ");
	log_add_number(&line, rip - process->start->linux_image);
	log_put(process->log, LOG_ERROR, &line);
	if (!again) {
		self->failed = true;
		self->control_block->hold_off =
		        HOLD_UPCALLS; /* the report looks at addresses that may not be there (access.h) */
		report_fault_inside(rip, rbp, address);
	}
	signal_end_process(LINUX_SIGSEGV);
}
