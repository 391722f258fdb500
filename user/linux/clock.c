/* Setting the time, and the clock that runs while the machine is off: timed's device does it (protocol clock). */
#include "user/linux/clock.h"

#include <string.h>

#include "abi/proto/clock.h"
#include "common/calendar.h"
#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/remote.h"
#include "user/linux/state.h"
#include "user/linux/time.h"

#define CLOCK_DEVICE "/dev/rtc0"
#define NS_PER_SECOND 1000000000ull

/* Who can not write the device may not set the time. */
static int64_t set(uint64_t ns)
{
	struct path path = {.length = sizeof CLOCK_DEVICE - 1, .text = CLOCK_DEVICE};
	handle_t file;
	uint32_t kind;
	if (remote_open(process_self()->vfs, &path, OPEN_WRITE, 0, &file, &kind))
		return -EPERM;
	status_t status = remote_plain(file, CLOCK_set, ns);
	sys_handle_close(file);
	return errors_to_linux(status);
}

int64_t clock_settime(int clock, uint64_t address)
{
	uint64_t ns;
	int64_t error = time_read_timespec(address, &ns);
	if (error)
		return error;
	return clock == LINUX_CLOCK_REALTIME ? set(ns) : -EINVAL;
}

/* The time that programs are told is UTC: another zone can not be kept. */
int64_t clock_settimeofday(uint64_t address, uint64_t zone)
{
	struct linux_timeval now = {0};
	int32_t minutes_west[2] = {0};
	if ((address && !access_read(&now, address, sizeof now)) ||
	        (zone && !access_read(minutes_west, zone, sizeof minutes_west)))
		return -EFAULT;
	if (minutes_west[0] || now.seconds < 0 || now.microseconds < 0 || now.microseconds >= 1000000)
		return -EINVAL;
	return address ? set(time_to_ns((uint64_t)now.seconds, (uint64_t)now.microseconds * 1000)) : 0;
}

static uint32_t day_of_year(const struct calendar_time *time, uint64_t seconds)
{
	struct calendar_time first = {time->year, 1, 1, 0, 0, 0, CALENDAR_ZONE_UNKNOWN};
	return (uint32_t)((seconds - calendar_seconds(&first)) / 86400);
}

static int64_t get_hardware(handle_t file, uint64_t address)
{
	uint64_t seconds;
	status_t status = remote_ask(file, CLOCK_rtc_get, 0, &seconds);
	if (status)
		return status == ERR_BAD_CALL || status == ERR_NOT_SUPPORTED ? -ENOTTY : errors_to_linux(status);
	struct calendar_time time = calendar_of_seconds(seconds);
	struct linux_rtc_time out = {
	        .second = (int32_t)time.second,
	        .minute = (int32_t)time.minute,
	        .hour = (int32_t)time.hour,
	        .day = (int32_t)time.day,
	        .month = (int32_t)time.month - 1,
	        .year = (int32_t)time.year - 1900,
	        .weekday = (int32_t)((seconds / 86400 + 4) % 7),
	        .yearday = (int32_t)day_of_year(&time, seconds),
	};
	return access_write(address, &out, sizeof out) ? 0 : -EFAULT;
}

static int64_t set_hardware(handle_t file, uint64_t address)
{
	struct linux_rtc_time from;
	if (!access_read(&from, address, sizeof from))
		return -EFAULT;
	struct calendar_time time = {(uint32_t)from.year + 1900, (uint32_t)from.month + 1, (uint32_t)from.day,
	        (uint32_t)from.hour, (uint32_t)from.minute, (uint32_t)from.second, CALENDAR_ZONE_UNKNOWN};
	uint64_t seconds = calendar_seconds(&time);
	if (!seconds)
		return -EINVAL;
	status_t status = remote_plain(file, CLOCK_rtc_set, seconds);
	return status == ERR_BAD_CALL || status == ERR_NOT_SUPPORTED ? -ENOTTY : errors_to_linux(status);
}

int64_t clock_ioctl(handle_t file, uint32_t command, uint64_t address)
{
	switch (command) {
	case LINUX_RTC_RD_TIME: return get_hardware(file, address);
	case LINUX_RTC_SET_TIME: return set_hardware(file, address);
	}
	return -ENOTTY;
}
