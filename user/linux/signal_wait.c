/* Waiting for signals: a wait on a word that nobody wakes, which only signals and deadlines end. */
#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/native.h"
#include "user/linux/signal.h"
#include "user/linux/time.h"

/* Until a signal's action ends it (-ERESTARTNOHAND) or the deadline passes (-EAGAIN). */
static int64_t wait_for_signal(uint64_t deadline)
{
	for (;;) {
		if (signal_wanted())
			return -LINUX_ERESTARTNOHAND;
		signal_ask();
		status_t status = sys_futex_wait(&thread_self()->sleep_word, 0, deadline);
		signal_hold();
		if (status == ERR_TIMED_OUT)
			return -EAGAIN;
	}
}

int64_t signal_pause(void)
{
	return wait_for_signal(DEADLINE_NEVER);
}

int64_t signal_borrow_mask(uint64_t address, uint64_t mask_size)
{
	struct thread *thread = thread_self();
	uint64_t mask;
	if (!address)
		return 0;
	if (mask_size != SIGNAL_MASK_SIZE)
		return -EINVAL;
	if (!access_read(&mask, address, sizeof mask))
		return -EFAULT;
	thread->mask_to_restore = thread->signal_mask;
	thread->restore_mask = true;
	signal_set_mask(mask);
	return 0;
}

bool signal_wanted_by_borrowed_mask(void)
{
	return thread_self()->restore_mask && signal_wanted();
}

void signal_return_mask(bool interrupted)
{
	struct thread *thread = thread_self();
	if (!thread->restore_mask || interrupted)
		return;
	thread->restore_mask = false;
	signal_set_mask(thread->mask_to_restore);
}

int64_t signal_rt_sigsuspend(uint64_t mask, uint64_t mask_size)
{
	if (!mask)
		return -EFAULT;
	int64_t error = signal_borrow_mask(mask, mask_size);
	return error ? error : wait_for_signal(DEADLINE_NEVER);
}

static int64_t finish(int signal, struct signal_note *note, uint64_t info)
{
	struct linux_siginfo out;
	if (!info)
		return signal;
	signal_complete_note(signal, note);
	signal_info_fill(signal, note, &out);
	return access_write(info, &out, sizeof out) ? signal : -EFAULT;
}

/* While it waits the thread does not block what it waits for, so that others leave these to it. */
int64_t signal_rt_sigtimedwait(uint64_t set_address, uint64_t info, uint64_t timeout, uint64_t mask_size)
{
	struct thread *thread = thread_self();
	uint64_t set, deadline = DEADLINE_NEVER, ns, mask = thread->signal_mask;
	struct signal_note note;
	if (mask_size != SIGNAL_MASK_SIZE)
		return -EINVAL;
	if (!access_read(&set, set_address, sizeof set))
		return -EFAULT;
	set &= ~SIGNAL_UNBLOCKABLE;
	int64_t error = timeout ? time_read_timespec(timeout, &ns) : 0;
	if (error)
		return error;
	if (timeout)
		deadline = ns ? time_deadline(ns) : DEADLINE_NOW;
	__atomic_store_n(&thread->signal_mask, mask & ~set, __ATOMIC_SEQ_CST);
	int signal;
	int64_t result = -EAGAIN;
	for (;;) {
		signal_collect();
		if ((signal = signal_take(set, &note)) || result != -EAGAIN || deadline == DEADLINE_NOW)
			break;
		signal_ask();
		status_t status = sys_futex_wait(&thread->sleep_word, 0, deadline);
		signal_hold();
		if (status == ERR_TIMED_OUT) {
			deadline = DEADLINE_NOW; /* one last look */
			continue;
		}
		signal_collect();
		if ((signal = signal_take(set, &note)))
			break;
		if (signal_wanted())
			result = -EINTR;
	}
	signal_set_mask(mask);
	return signal ? finish(signal, &note, info) : result;
}
