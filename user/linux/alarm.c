/*
 * alarm and setitimer(ITIMER_REAL): a timer of the kernel's that sets SIGALRM's bit in the process's own notify. It goes on over
 * execve and is not there in a copy of the process, as Linux has it: its handle is without INHERIT. The clocks of CPU time have no
 * timers (EINVAL).
 */
#include "user/linux/alarm.h"

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/native.h"
#include "user/linux/signal.h"
#include "user/linux/time.h"

#define NS_PER_SECOND 1000000000ull
#define ITIMER_REAL 0

struct interval {
	struct linux_timeval period, left;
};

static status_t make_timer(struct process *process)
{
	handle_t made;
	if (process->alarm)
		return ERR_OK;
	status_t status = sys_timer_create(HANDLE_SELF_NOTIFY, SIGNAL_BIT(LINUX_SIGALRM), &made);
	if (status)
		return status;
	status = sys_handle_duplicate(made, RIGHT_MANAGE, &process->alarm);
	sys_handle_close(made);
	return status;
}

/* What is left, in ns, and the period; 0: it is off. */
static uint64_t left_locked(const struct process *process, uint64_t *out_period)
{
	uint64_t now = time_now(), at = process->alarm_deadline;
	*out_period = process->alarm_period;
	if (!at || (at <= now && !process->alarm_period))
		return 0;
	if (at <= now)
		at += ((now - at) / process->alarm_period + 1) * process->alarm_period;
	return at - now;
}

/* Sets it to go off after `first` ns (0: off), then every `period` (0: once); what was left before. */
static int64_t set(uint64_t first, uint64_t period, uint64_t *out_left, uint64_t *out_period)
{
	struct process *process = process_self();
	lock_take(&process->alarm_lock);
	*out_left = left_locked(process, out_period);
	status_t status = ERR_OK;
	if (first || process->alarm)
		status = make_timer(process);
	if (!status && process->alarm) {
		uint64_t deadline = first ? time_deadline(first) : DEADLINE_NEVER;
		status = sys_timer_set(process->alarm, deadline, first ? period : 0);
		process->alarm_deadline = first ? deadline : 0;
		process->alarm_period = first ? period : 0;
	}
	lock_drop(&process->alarm_lock);
	return errors_to_linux(status);
}

int64_t alarm_alarm(uint32_t seconds)
{
	uint64_t left, period;
	int64_t error = set(seconds * NS_PER_SECOND, 0, &left, &period);
	return error ? error : (int64_t)((left + NS_PER_SECOND / 2) / NS_PER_SECOND + (left && left < NS_PER_SECOND / 2));
}

static bool to_ns(const struct linux_timeval *value, uint64_t *out)
{
	if (value->seconds < 0 || value->microseconds < 0 || value->microseconds >= 1000000)
		return false;
	*out = time_to_ns((uint64_t)value->seconds, (uint64_t)value->microseconds * 1000);
	return true;
}

static struct linux_timeval from_ns(uint64_t ns)
{
	return (struct linux_timeval){(int64_t)(ns / NS_PER_SECOND), (int64_t)(ns % NS_PER_SECOND / 1000)};
}

static int64_t tell(uint64_t address, uint64_t left, uint64_t period)
{
	struct interval value = {from_ns(period), from_ns(left)};
	return access_write(address, &value, sizeof value) ? 0 : -EFAULT;
}

int64_t alarm_getitimer(int which, uint64_t out)
{
	struct process *process = process_self();
	uint64_t left, period;
	if (which != ITIMER_REAL)
		return -EINVAL;
	lock_take(&process->alarm_lock);
	left = left_locked(process, &period);
	lock_drop(&process->alarm_lock);
	return tell(out, left, period);
}

int64_t alarm_setitimer(int which, uint64_t new, uint64_t old)
{
	struct interval wanted = {{0, 0}, {0, 0}};
	uint64_t first, period, left, before;
	if (which != ITIMER_REAL)
		return -EINVAL;
	if (new && !access_read(&wanted, new, sizeof wanted))
		return -EFAULT;
	if (!to_ns(&wanted.left, &first) || !to_ns(&wanted.period, &period))
		return -EINVAL;
	int64_t error = set(first, period, &left, &before);
	return error || !old ? error : tell(old, left, before);
}
