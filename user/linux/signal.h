/*
 * Signals. What is pending is kept in the process (for any of its threads) and in each thread; what the action of a signal is to be
 * is found out where a thread goes back to its program (signal_at_return), and nowhere else, so that no call is cut in the middle.
 *
 * Signals from outside are bits of the process's own notify, which the kernel brings to one thread as an upcall, or, while that is
 * in a Linux call, by setting upcall_pending. Who takes them (signal_collect) looks for a thread that does not block them, and
 * wakes that one by its own notify. Bit SIGKILL - 1, which no signal uses, means no more than "look".
 *
 * A call that may wait for long makes its native call between signal_ask() and signal_hold(), and asks signal_wanted() when the
 * answer is INTERRUPTED: true ends the call with -ERESTARTSYS (which errors_to_linux makes of INTERRUPTED), -ERESTARTNOHAND or
 * -EINTR, false repeats the wait.
 */
#pragma once

#include "abi/errors.h"
#include "user/linux/state.h"

#define SIGNAL_BIT(signal) (1ull << ((signal)-1))
#define SIGNAL_LOOK SIGNAL_BIT(LINUX_SIGKILL)
#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(LINUX_SIGKILL) | SIGNAL_BIT(LINUX_SIGSTOP))
#define SIGNAL_MASK_SIZE 8u

static inline void signal_ask(void)
{
	__atomic_store_n(&thread_self()->control_block->hold_off, HOLD_ASK, __ATOMIC_SEQ_CST);
}

static inline void signal_hold(void)
{
	__atomic_store_n(&thread_self()->control_block->hold_off, HOLD_UPCALLS, __ATOMIC_SEQ_CST);
}

/* The thread's way back to the program will go through signal_at_return. */
static inline void signal_look_later(struct thread *thread)
{
	__atomic_fetch_or(&thread->control_block->upcall_pending, PENDING_OWN, __ATOMIC_SEQ_CST);
}

/* Whether something is pending whose action ends a call that waits. Does the actions that do not: ignoring, stopping. */
bool signal_wanted(void);
/* The same for a native status: true if it is INTERRUPTED and the wait is to be repeated. */
static inline bool signal_repeat(uint32_t status)
{
	return status == ERR_INTERRUPTED && !signal_wanted();
}

/* signal_state.c. Takes what the kernel has for this thread into the state. */
void signal_collect(void);
/* Adds a pending signal for a thread of this process (NULL: for any) and sees to it that somebody looks. */
void signal_add(struct thread *thread, int signal, const struct signal_note *note);
/* Takes a pending signal of `set`: its number, 0 if there is none. The note is filled in as far as it is known here. */
int signal_take(uint64_t set, struct signal_note *out_note);
/* Asks pm who sent a signal from outside. */
void signal_complete_note(int signal, struct signal_note *note);
/* What was set for a signal; the lock is held, or nobody sets it now. */
const struct linux_sigaction *signal_action(const struct process *process, int signal);
bool signal_is_ignored_locked(const struct process *process, int signal);
void signal_info_fill(int signal, const struct signal_note *note, struct linux_siginfo *out);
void signal_set_mask(uint64_t mask);
/* Before the image goes: what is pending goes back to the process's own notify, where the next image finds it. */
void signal_give_back(void);
/* Tells pm for /proc what is pending for this thread and the process, blocked by this thread, ignored and caught. */
void signal_tell_sets(void);
/* Tells pm what SIGCHLD does, if it has not been told so. */
void signal_tell_children(void);
/* PROCESS_CHILDREN_* for what it will do in another program. */
uint32_t signal_children_flags_after_exec(void);
/* In the copy of a process: nothing is pending there. */
void signal_forget(void);
/* At a thread's beginning, by its starter: what brings upcalls to it. */
void signal_attach_first(struct thread *thread);
void signal_attach(struct thread *thread, handle_t handle);
/* A thread is about to end: another one takes the process's signals. */
void signal_detach(struct thread *thread);

/* signal_deliver.c, called by entry.S: with the program's registers and rax; what they return is the program's rax. */
int64_t signal_at_return(struct frame *frame, int64_t result);
int64_t signal_upcall(struct frame *frame, uint64_t cause, uint64_t error, uint64_t address);
int64_t signal_fault_inside(uint64_t rip, uint64_t cause, uint64_t address, uint64_t rbp);
/* Ends the process by a signal. */
_Noreturn void signal_end_process(int signal);
void linux_upcall(void); /* entry.S */

/* signal_frame.c. False: the stack could not be written. `rax` is what the program would find there. */
bool signal_frame_push(struct frame *frame, uint64_t rax, int signal, const struct signal_note *note,
        const struct linux_sigaction *action, uint64_t mask);
int64_t signal_rt_sigreturn(void);

/* Linux calls: signal_action.c */
int64_t signal_rt_sigaction(int signal, uint64_t new, uint64_t old, uint64_t mask_size);
int64_t signal_rt_sigprocmask(int how, uint64_t new, uint64_t old, uint64_t mask_size);
int64_t signal_rt_sigpending(uint64_t out, uint64_t mask_size);
int64_t signal_sigaltstack(uint64_t new, uint64_t old);
/* signal_send.c */
void signal_pipe(void); /* what a write to a pipe without readers does besides its error */
int64_t signal_kill(int process, int signal);
int64_t signal_tkill(int thread, int signal);
int64_t signal_tgkill(int process, int thread, int signal);
int64_t signal_rt_sigqueueinfo(int process, int signal, uint64_t info);
int64_t signal_rt_tgsigqueueinfo(int process, int thread, int signal, uint64_t info);
/* signal_wait.c */
int64_t signal_rt_sigsuspend(uint64_t mask, uint64_t mask_size);
int64_t signal_rt_sigtimedwait(uint64_t set, uint64_t info, uint64_t timeout, uint64_t mask_size);
int64_t signal_pause(void);
/* A mask that holds during one call and its handlers alone, as ppoll has it; 0 or a negative errno. Address 0: nothing. */
int64_t signal_borrow_mask(uint64_t address, uint64_t mask_size);
/* Whether such a mask is held and does not block what was pending before the call, which the kernel tells nobody of any more. */
bool signal_wanted_by_borrowed_mask(void);
/* After that call: keeps the mask for the handler that will run, else puts the old one back. */
void signal_return_mask(bool interrupted);
