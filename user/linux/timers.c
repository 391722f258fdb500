/*
 * Timers: see timers.h. Each is a timer of the kernel's that sets the bit SIGNAL_LOOK of the process's own notify; whoever takes that bit
 * looks at all of them, and adds the signals of those that are due, with the value that the program has given, to the process or to
 * the thread that it has named. What comes while the last signal of a timer is pending is counted (timer_getoverrun), not sent.
 *
 * They end with the program: a copy has none, nor has another program in the process. Handles are without INHERIT.
 */
#include "user/linux/timers.h"

#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/native.h"
#include "user/linux/signal.h"
#include "user/linux/thread.h"
#include "user/linux/time.h"

enum { SIGEV_SIGNAL = 0, SIGEV_NONE = 1, SIGEV_THREAD_ID = 4 };

/* struct sigevent as the call has it. */
struct event {
	uint64_t value;
	int32_t signal, notify, thread;
	int32_t reserved[11];
};
_Static_assert(sizeof(struct event) == 64, "Linux's struct sigevent");

/* The timer of a number that is in use; timers_lock is held. */
static struct posix_timer *find_locked(struct process *process, int id)
{
	return id >= 0 && id < (int)POSIX_TIMERS && process->timers[id].used ? &process->timers[id] : NULL;
}

static int64_t make(struct process *process, struct posix_timer *timer)
{
	handle_t made;
	(void)process;
	status_t status = sys_timer_create(HANDLE_SELF_NOTIFY, SIGNAL_LOOK, &made);
	if (status)
		return errors_to_linux(status) == -ENOMEM ? -EAGAIN : errors_to_linux(status);
	status = sys_handle_duplicate(made, RIGHT_MANAGE, &timer->handle);
	sys_handle_close(made);
	return errors_to_linux(status);
}

static int64_t read_event(uint64_t address, int id, struct event *out)
{
	*out = (struct event){.value = (uint64_t)id, .signal = LINUX_SIGALRM};
	if (address && !access_read(out, address, sizeof *out))
		return -EFAULT;
	if (out->notify != SIGEV_SIGNAL && out->notify != SIGEV_NONE && out->notify != SIGEV_THREAD_ID)
		return -EINVAL;
	if (out->notify != SIGEV_NONE && (out->signal <= 0 || out->signal > (int)LINUX_SIGNALS))
		return -EINVAL;
	return out->notify == SIGEV_THREAD_ID && !thread_find((uint32_t)out->thread) ? -EINVAL : 0;
}

int64_t timers_create(int clock, uint64_t event_address, uint64_t out_id)
{
	struct process *process = process_self();
	struct event event;
	int id = 0;
	if (clock != LINUX_CLOCK_REALTIME && clock != LINUX_CLOCK_MONOTONIC && clock != LINUX_CLOCK_BOOTTIME)
		return -EINVAL;
	lock_take(&process->timers_lock);
	while (id < (int)POSIX_TIMERS && process->timers[id].used)
		id++;
	int64_t error = id == (int)POSIX_TIMERS ? -EAGAIN : read_event(event_address, id, &event);
	struct posix_timer *timer = &process->timers[id];
	if (!error)
		*timer = (struct posix_timer){.clock = clock};
	if (!error && event.notify != SIGEV_NONE) {
		timer->signal = event.signal;
		timer->thread = event.notify == SIGEV_THREAD_ID ? (uint32_t)event.thread : 0;
		timer->value = event.value;
		error = make(process, timer);
	}
	if (!error) {
		timer->used = true;
		process->timer_count++;
	}
	lock_drop(&process->timers_lock);
	if (error || access_write(out_id, &id, sizeof id))
		return error;
	timers_delete(id);
	return -EFAULT;
}

int64_t timers_delete(int id)
{
	struct process *process = process_self();
	lock_take(&process->timers_lock);
	struct posix_timer *timer = find_locked(process, id);
	handle_t handle = timer ? timer->handle : HANDLE_NONE;
	if (timer) {
		*timer = (struct posix_timer){0};
		process->timer_count--;
	}
	lock_drop(&process->timers_lock);
	if (handle)
		sys_handle_close(handle);
	return timer ? 0 : -EINVAL;
}

/* How often it has gone off since it was last looked at; *timer is as it is now. */
static uint64_t advance(struct posix_timer *timer, uint64_t now)
{
	if (!timer->deadline || timer->deadline > now)
		return 0;
	uint64_t times = timer->period ? (now - timer->deadline) / timer->period + 1 : 1;
	timer->deadline = timer->period ? timer->deadline + times * timer->period : 0;
	return times;
}

static struct linux_itimerspec setting_of(struct posix_timer *timer)
{
	uint64_t now = time_now();
	if (!timer->handle) /* nobody else looks at it */
		advance(timer, now);
	uint64_t left = !timer->deadline ? 0 : timer->deadline > now ? timer->deadline - now : 1;
	return (struct linux_itimerspec){time_timespec(timer->period), time_timespec(left)};
}

static int64_t set_locked(struct posix_timer *timer, uint32_t flags, uint64_t value, uint64_t period)
{
	uint64_t deadline = time_deadline(value);
	if (flags & LINUX_TIMER_ABSTIME)
		deadline = timer->clock == LINUX_CLOCK_REALTIME ? time_wall_deadline(value) : value;
	timer->deadline = !value ? 0 : deadline ? deadline : 1;
	timer->period = value ? period : 0;
	timer->overrun = 0;
	if (!timer->handle)
		return 0;
	uint64_t first = timer->deadline ? timer->deadline : DEADLINE_NEVER;
	return errors_to_linux(sys_timer_set(timer->handle, first, timer->period));
}

int64_t timers_settime(int id, uint32_t flags, uint64_t new, uint64_t old)
{
	struct process *process = process_self();
	struct linux_itimerspec before;
	uint64_t period, value;
	if (flags & ~LINUX_TIMER_ABSTIME)
		return -EINVAL;
	int64_t error = time_read_timespec(new, &period);
	if (!error)
		error = time_read_timespec(new + sizeof(struct linux_timespec), &value);
	if (error)
		return error;
	lock_take(&process->timers_lock);
	struct posix_timer *timer = find_locked(process, id);
	if (timer) {
		before = setting_of(timer);
		error = set_locked(timer, flags, value, period);
	}
	lock_drop(&process->timers_lock);
	if (!timer || error)
		return timer ? error : -EINVAL;
	return !old || access_write(old, &before, sizeof before) ? 0 : -EFAULT;
}

int64_t timers_gettime(int id, uint64_t out)
{
	struct process *process = process_self();
	struct linux_itimerspec setting;
	lock_take(&process->timers_lock);
	struct posix_timer *timer = find_locked(process, id);
	if (timer)
		setting = setting_of(timer);
	lock_drop(&process->timers_lock);
	if (!timer)
		return -EINVAL;
	return access_write(out, &setting, sizeof setting) ? 0 : -EFAULT;
}

int64_t timers_getoverrun(int id)
{
	struct process *process = process_self();
	lock_take(&process->timers_lock);
	struct posix_timer *timer = find_locked(process, id);
	int64_t overrun = timer ? (int64_t)timer->overrun : -EINVAL;
	lock_drop(&process->timers_lock);
	return overrun;
}

/* Its signal, unless the last one is still there; the lock is held. */
static void go_off(struct process *process, int id, uint64_t times)
{
	struct posix_timer *timer = &process->timers[id];
	struct thread *thread = timer->thread ? thread_find(timer->thread) : NULL;
	if (timer->thread && !thread)
		return; /* the one whom it is for has ended */
	const uint64_t *pending = thread ? &thread->signal_pending : &process->signal_pending;
	bool waits = __atomic_load_n(pending, __ATOMIC_RELAXED) & SIGNAL_BIT(timer->signal);
	uint64_t overrun = waits ? timer->overrun + times : times - 1;
	timer->overrun = overrun > INT32_MAX ? INT32_MAX : (uint32_t)overrun;
	struct signal_note note = {LINUX_SI_TIMER, (uint32_t)id, timer->value};
	if (!waits)
		signal_add(thread, timer->signal, &note);
}

void timers_look(void)
{
	struct process *process = process_self();
	uint64_t now = time_now();
	lock_take(&process->timers_lock);
	for (int id = 0; id < (int)POSIX_TIMERS; id++) {
		struct posix_timer *timer = &process->timers[id];
		uint64_t times = timer->used && timer->handle ? advance(timer, now) : 0;
		if (times)
			go_off(process, id, times);
	}
	lock_drop(&process->timers_lock);
}

void timers_forget(void)
{
	struct process *process = process_self();
	for (unsigned i = 0; process->timer_count && i < POSIX_TIMERS; i++)
		process->timers[i] = (struct posix_timer){0};
	process->timer_count = 0;
}
