/*
 * A hardware clock's calendar as seconds since 1970, and back. Most clocks run in UTC and say that they do not know their zone; a clock that was
 * never set or has lost its battery shows nonsense, which must read as "unknown" rather than as some date.
 */
#include "common/calendar.h"

#include <stdbool.h>

static bool is_leap(uint32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t days_in_month(uint32_t year, uint32_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

static bool is_sound(const struct calendar_time *time)
{
	if (time->year < 1970 || time->year > 9999 || time->month < 1 || time->month > 12)
		return false;
	if (time->day < 1 || time->day > days_in_month(time->year, time->month))
		return false;
	if (time->hour > 23 || time->minute > 59 || time->second > 59)
		return false;
	return time->zone == CALENDAR_ZONE_UNKNOWN || (time->zone >= -1440 && time->zone <= 1440);
}

uint64_t calendar_seconds(const struct calendar_time *time)
{
	uint64_t before = time->year - 1, days;
	int64_t seconds;

	if (!is_sound(time))
		return 0;
	days = before * 365 + before / 4 - before / 100 + before / 400 - 719162; /* from 0001-01-01 to 1970-01-01 */
	for (uint32_t month = 1; month < time->month; month++)
		days += days_in_month(time->year, month);
	days += time->day - 1;
	seconds = (int64_t)(((days * 24 + time->hour) * 60 + time->minute) * 60 + time->second);
	if (time->zone != CALENDAR_ZONE_UNKNOWN)
		seconds += time->zone * 60;
	return seconds > 0 ? (uint64_t)seconds : 0;
}

struct calendar_time calendar_of_seconds(uint64_t seconds)
{
	uint64_t days = seconds / 86400, of_day = seconds % 86400;
	struct calendar_time time = {.month = 1, .zone = CALENDAR_ZONE_UNKNOWN};
	time.hour = (uint32_t)(of_day / 3600);
	time.minute = (uint32_t)(of_day / 60 % 60);
	time.second = (uint32_t)(of_day % 60);
	days += 719162; /* from 0001-01-01; the calendar repeats after 400 years of 146097 days */
	uint64_t year = 1 + days / 146097 * 400;
	days %= 146097;
	while (days >= 365u + is_leap((uint32_t)year))
		days -= 365u + is_leap((uint32_t)year++);
	time.year = (uint32_t)year;
	while (days >= days_in_month(time.year, time.month))
		days -= days_in_month(time.year, time.month++);
	time.day = (uint32_t)days + 1;
	return time;
}
