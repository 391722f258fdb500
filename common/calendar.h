/* Calendar time to seconds and back. */
#pragma once

#include <stdint.h>

/* As EFI_TIME has it (UEFI 2.10, 8.3). */
struct calendar_time {
	uint32_t year, month, day, hour, minute, second;
	int32_t zone; /* minutes that local time is behind UTC; CALENDAR_ZONE_UNKNOWN: taken as UTC */
};

#define CALENDAR_ZONE_UNKNOWN 2047

/* Seconds since 1970-01-01 UTC; 0 when the time is none that a clock shows between 1970 and 9999. */
uint64_t calendar_seconds(const struct calendar_time *time);

/* In UTC; the zone is CALENDAR_ZONE_UNKNOWN. For seconds before the year 10000. */
struct calendar_time calendar_of_seconds(uint64_t seconds);
