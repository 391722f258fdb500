/*
 * eventfd and timerfd: see event.h. The server counts time since boot only; an alarm keeps the number of the clock that it was
 * made with, and absolute times of the wall clock are converted here. A clock that is set later moves none of them.
 */
#include "user/linux/event.h"

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/remote.h"
#include "user/linux/stream.h"
#include "user/linux/time.h"

static int64_t make(uint32_t operation, uint64_t first, uint64_t second, uint32_t flags)
{
	struct process *process = process_self();
	struct open_file file = {.kind = FS_KIND_ANONYMOUS, .flags = LINUX_O_RDWR | (flags & LINUX_O_NONBLOCK)};
	if (!process->stream)
		return -ENOSYS;
	status_t status = remote_make(process->stream, operation, first, second, &file.handle, 1);
	if (status)
		return stream_make_error(status);
	return descriptors_add(&file, (flags & LINUX_O_CLOEXEC) != 0, NULL);
}

int64_t event_eventfd2(uint32_t counter, uint32_t flags)
{
	if (flags & ~(LINUX_EFD_SEMAPHORE | LINUX_O_CLOEXEC | LINUX_O_NONBLOCK))
		return -EINVAL;
	return make(STREAM_event, counter, flags & LINUX_EFD_SEMAPHORE ? STREAM_EVENT_SEMAPHORE : 0, flags);
}

int64_t event_eventfd(uint32_t counter)
{
	return event_eventfd2(counter, 0);
}

int64_t event_timerfd_create(int clock, uint32_t flags)
{
	if (clock != LINUX_CLOCK_REALTIME && clock != LINUX_CLOCK_MONOTONIC && clock != LINUX_CLOCK_BOOTTIME)
		return -EINVAL;
	if (flags & ~(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK))
		return -EINVAL;
	return make(STREAM_timer, (uint64_t)clock, 0, flags);
}

/* What a server says that has no alarms. */
static int64_t alarm_error(status_t status)
{
	return status == ERR_NOT_SUPPORTED || status == ERR_BAD_CALL ? -EINVAL : errors_to_linux(status);
}

static int64_t write_setting(uint64_t address, uint64_t next, uint64_t period)
{
	uint64_t now = time_now();
	uint64_t left = !next ? 0 : next > now ? next - now : 1;
	struct linux_itimerspec setting = {time_timespec(period), time_timespec(left)};
	return access_write(address, &setting, sizeof setting) ? 0 : -EFAULT;
}

/* When the first time is, ns since boot; 0: never. */
static int64_t first_time(const struct open_file *file, uint32_t flags, uint64_t value, uint64_t *out)
{
	*out = 0;
	if (!value)
		return 0;
	uint64_t deadline = time_deadline(value), words[3];
	if (flags & LINUX_TIMER_ABSTIME) {
		status_t status = remote_ask_words(file->handle, STREAM_timer_get, 0, 0, words, 3);
		if (status)
			return alarm_error(status);
		deadline = words[2] == LINUX_CLOCK_REALTIME ? time_wall_deadline(value) : value;
	}
	*out = deadline > INT64_MAX ? INT64_MAX : deadline ? deadline : 1;
	return 0;
}

static int64_t set(const struct open_file *file, uint32_t flags, uint64_t setting, uint64_t out_old)
{
	uint64_t first, period, value, words[2];
	int64_t error = time_read_timespec(setting, &period);
	if (!error)
		error = time_read_timespec(setting + sizeof(struct linux_timespec), &value);
	if (!error)
		error = first_time(file, flags, value, &first);
	if (error)
		return error;
	status_t status = remote_ask_words(file->handle, STREAM_timer_set, first, period, words, 2);
	if (!status && out_old)
		return write_setting(out_old, words[0], words[1]);
	return alarm_error(status);
}

int64_t event_timerfd_settime(int fd, uint32_t flags, uint64_t setting, uint64_t out_old)
{
	if (flags & ~(LINUX_TIMER_ABSTIME | LINUX_TFD_CANCEL_ON_SET))
		return -EINVAL;
	if (!user_range(setting, sizeof(struct linux_itimerspec)) ||
	        (out_old && !user_range(out_old, sizeof(struct linux_itimerspec))))
		return -EFAULT;
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result = file->kind == FS_KIND_ANONYMOUS ? set(file, flags, setting, out_old) : -EINVAL;
	descriptors_drop(file);
	return result;
}

int64_t event_timerfd_gettime(int fd, uint64_t out)
{
	if (!user_range(out, sizeof(struct linux_itimerspec)))
		return -EFAULT;
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	uint64_t words[2];
	status_t status = ERR_NOT_SUPPORTED;
	if (file->kind == FS_KIND_ANONYMOUS)
		status = remote_ask_words(file->handle, STREAM_timer_get, 0, 0, words, 2);
	descriptors_drop(file);
	return status ? alarm_error(status) : write_setting(out, words[0], words[1]);
}
