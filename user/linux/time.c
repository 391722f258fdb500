/*
 * Time. Reading a clock is arithmetic on the time page and the CPU's counter, never a native call; only CPU times are the
 * kernel's to tell. A sleeper waits on a word that nobody wakes.
 */
#include "user/linux/time.h"

#include "user/linux/errors.h"
#include "user/linux/native.h"
#include "user/linux/signal.h"
#include "user/linux/state.h"

#define NS_PER_SECOND 1000000000ull

static uint64_t read_counter(void)
{
	uint32_t low, high;
	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/*
 * The algorithm of abi/time_page.h. A process that was given no time page has no clock: it stands at 0, which is told as
 * EINVAL, and every deadline has passed.
 */
uint64_t time_now(void)
{
	const struct time_page *page = process_self()->time_page;
	if (!page)
		return 0;
	for (;;) {
		uint32_t sequence = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
		uint64_t ticks = read_counter() - __atomic_load_n(&page->tsc_base, __ATOMIC_RELAXED);
		uint64_t mult = __atomic_load_n(&page->mult, __ATOMIC_RELAXED);
		uint64_t shift = __atomic_load_n(&page->shift, __ATOMIC_RELAXED);
		uint64_t base = __atomic_load_n(&page->ns_base, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(sequence & 1) && __atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == sequence)
			return base + (uint64_t)((unsigned __int128)ticks * mult >> (shift & 127));
		__asm__ volatile("pause");
	}
}

static uint64_t wall_at_boot(void)
{
	const struct time_page *page = process_self()->time_page;
	return page ? __atomic_load_n(&page->wall_ns_at_boot, __ATOMIC_RELAXED) : 0;
}

uint64_t time_deadline(uint64_t duration)
{
	uint64_t now = time_now();
	return duration < DEADLINE_NEVER - now ? now + duration : DEADLINE_NEVER;
}

uint64_t time_wall_deadline(uint64_t ns)
{
	uint64_t boot = wall_at_boot();
	return ns > boot ? ns - boot : DEADLINE_NOW;
}

uint64_t time_to_ns(uint64_t seconds, uint64_t nanoseconds)
{
	if (seconds >= UINT64_MAX / 4 / NS_PER_SECOND)
		return UINT64_MAX / 4;
	return seconds * NS_PER_SECOND + nanoseconds;
}

int64_t time_read_timespec(uint64_t address, uint64_t *out_ns)
{
	if (!user_range(address, sizeof(struct linux_timespec)))
		return -EFAULT;
	struct linux_timespec value = *(const struct linux_timespec *)user_pointer(address);
	if (value.seconds < 0 || value.nanoseconds < 0 || value.nanoseconds >= (int64_t)NS_PER_SECOND)
		return -EINVAL;
	*out_ns = time_to_ns((uint64_t)value.seconds, (uint64_t)value.nanoseconds);
	return 0;
}

static uint64_t process_time(void)
{
	struct process_info info;
	return sys_process_info(HANDLE_SELF_PROCESS, &info) ? 0 : info.cpu_ns;
}

uint64_t time_of_thread(void)
{
	struct thread_info info;
	return sys_thread_info(HANDLE_SELF_THREAD, &info) ? 0 : info.cpu_ns;
}

static int64_t read_clock(int clock, uint64_t *out_ns)
{
	bool is_cpu_time = clock == LINUX_CLOCK_PROCESS_CPUTIME || clock == LINUX_CLOCK_THREAD_CPUTIME;
	if (!process_self()->time_page && !is_cpu_time)
		return -EINVAL;
	switch (clock) {
	case LINUX_CLOCK_REALTIME:
	case LINUX_CLOCK_REALTIME_COARSE:
	case LINUX_CLOCK_TAI: *out_ns = wall_at_boot() + time_now(); return 0;
	case LINUX_CLOCK_MONOTONIC:
	case LINUX_CLOCK_MONOTONIC_RAW:
	case LINUX_CLOCK_MONOTONIC_COARSE:
	case LINUX_CLOCK_BOOTTIME: *out_ns = time_now(); return 0;
	case LINUX_CLOCK_PROCESS_CPUTIME: *out_ns = process_time(); return 0;
	case LINUX_CLOCK_THREAD_CPUTIME: *out_ns = time_of_thread(); return 0;
	}
	return -EINVAL;
}

struct linux_timespec time_timespec(uint64_t ns)
{
	return (struct linux_timespec){(int64_t)(ns / NS_PER_SECOND), (int64_t)(ns % NS_PER_SECOND)};
}

static int64_t write_timespec(uint64_t address, uint64_t ns)
{
	if (!user_range(address, sizeof(struct linux_timespec)))
		return -EFAULT;
	*(struct linux_timespec *)user_pointer(address) = time_timespec(ns);
	return 0;
}

int64_t time_clock_gettime(int clock, uint64_t out)
{
	uint64_t ns;
	int64_t error = read_clock(clock, &ns);
	return error ? error : write_timespec(out, ns);
}

int64_t time_clock_getres(int clock, uint64_t out)
{
	uint64_t ns;
	int64_t error = read_clock(clock, &ns);
	return error || !out ? error : write_timespec(out, 1);
}

int64_t time_gettimeofday(uint64_t out, uint64_t zone)
{
	if (out) {
		if (!user_range(out, sizeof(struct linux_timeval)))
			return -EFAULT;
		uint64_t ns = wall_at_boot() + time_now();
		*(struct linux_timeval *)user_pointer(out) =
		        (struct linux_timeval){(int64_t)(ns / NS_PER_SECOND), (int64_t)(ns % NS_PER_SECOND / 1000)};
	}
	if (zone) {
		if (!user_range(zone, 8))
			return -EFAULT;
		*(uint64_t *)user_pointer(zone) = 0; /* UTC, no summer time */
	}
	return 0;
}

int64_t time_time(uint64_t out)
{
	int64_t seconds = (int64_t)((wall_at_boot() + time_now()) / NS_PER_SECOND);
	if (out) {
		if (!user_range(out, 8))
			return -EFAULT;
		*(int64_t *)user_pointer(out) = seconds;
	}
	return seconds;
}

/* -EINTR if a signal ends it, with the time that was left written to `remaining` unless that is 0. */
static int64_t sleep_until(uint64_t deadline, uint64_t remaining)
{
	for (;;) {
		signal_ask();
		status_t status = sys_futex_wait(&thread_self()->sleep_word, 0, deadline);
		signal_hold();
		if (status == ERR_TIMED_OUT)
			return 0;
		if (!status || signal_repeat(status))
			continue;
		if (status != ERR_INTERRUPTED)
			return errors_to_linux(status);
		uint64_t now = time_now(), left = deadline > now ? deadline - now : 0;
		int64_t error = remaining ? write_timespec(remaining, left) : 0;
		return error ? error : -EINTR;
	}
}

int64_t time_nanosleep(uint64_t request, uint64_t remaining)
{
	return time_clock_nanosleep(LINUX_CLOCK_MONOTONIC, 0, request, remaining);
}

int64_t time_clock_nanosleep(int clock, uint32_t flags, uint64_t request, uint64_t remaining)
{
	if (clock != LINUX_CLOCK_REALTIME && clock != LINUX_CLOCK_MONOTONIC && clock != LINUX_CLOCK_BOOTTIME)
		return clock == LINUX_CLOCK_TAI ? -EOPNOTSUPP : -EINVAL;
	uint64_t ns;
	int64_t error = time_read_timespec(request, &ns);
	if (error)
		return error;
	if (!(flags & LINUX_TIMER_ABSTIME))
		return ns ? sleep_until(time_deadline(ns), remaining) : 0;
	return sleep_until(clock == LINUX_CLOCK_REALTIME ? time_wall_deadline(ns) : ns, 0);
}
