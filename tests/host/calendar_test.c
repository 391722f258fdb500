/* calendar_seconds against the C library, and its inverse. */
/* sources: common/calendar.c */
#include "common/calendar.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int failures;

static void check(bool ok, const char *name, const char *why)
{
	printf(ok ? "ok calendar: %s\n" : "not ok calendar: %s: %s\n", name, why);
	failures += !ok;
}

static uint64_t seconds(
        uint32_t year, uint32_t month, uint32_t day, uint32_t hour, uint32_t minute, uint32_t second, int32_t zone)
{
	return calendar_seconds(&(struct calendar_time){year, month, day, hour, minute, second, zone});
}

static void test_every_day(void)
{
	bool same = true, there_and_back = true;

	for (time_t at = 1; at < 253402300800; at += 86399) {
		struct tm tm;

		gmtime_r(&at, &tm);
		same = same &&
		        seconds((uint32_t)tm.tm_year + 1900, (uint32_t)tm.tm_mon + 1, (uint32_t)tm.tm_mday,
		                (uint32_t)tm.tm_hour, (uint32_t)tm.tm_min, (uint32_t)tm.tm_sec,
		                CALENDAR_ZONE_UNKNOWN) == (uint64_t)at;
		struct calendar_time back = calendar_of_seconds((uint64_t)at);
		there_and_back = there_and_back && calendar_seconds(&back) == (uint64_t)at;
	}
	check(same, "every day from 1970 to 9999 is right", "one is not");
	check(there_and_back, "and is made of its seconds again", "one is not");
}

int main(void)
{
	test_every_day();
	check(seconds(2024, 2, 29, 0, 0, 0, 0) == 1709164800, "a leap day", "wrong");
	check(seconds(2024, 3, 1, 12, 0, 0, -60) == 1709294400 - 3600 && seconds(2024, 3, 1, 12, 0, 0, 60) == 1709294400 + 3600,
	        "local time plus zone is UTC", "it is not");
	check(!seconds(2023, 2, 29, 0, 0, 0, 0) && !seconds(2024, 4, 31, 0, 0, 0, 0) && !seconds(2024, 0, 1, 0, 0, 0, 0) &&
	                !seconds(2024, 13, 1, 0, 0, 0, 0) && !seconds(2024, 1, 0, 0, 0, 0, 0),
	        "days that do not exist are unknown", "they are not");
	check(!seconds(2024, 1, 1, 24, 0, 0, 0) && !seconds(2024, 1, 1, 0, 60, 0, 0) && !seconds(2024, 1, 1, 0, 0, 60, 0),
	        "hours that do not exist are unknown", "they are not");
	check(!seconds(0, 1, 1, 0, 0, 0, 0) && !seconds(1969, 12, 31, 23, 59, 59, 0) && !seconds(10000, 1, 1, 0, 0, 0, 0),
	        "years that no clock shows are unknown", "they are not");
	check(!seconds(2024, 1, 1, 0, 0, 0, 1441) && !seconds(2024, 1, 1, 0, 0, 0, -32768),
	        "zones that do not exist are unknown", "they are not");
	check(!seconds(1970, 1, 1, 0, 0, 0, -60), "before 1970 in UTC is unknown", "it is not");
	return failures != 0;
}
