/*
 * The time page: one page, the same in every process that was given it, read-only there, by which reading the clock is no call.
 *
 *   do { s = sequence (acquire); while odd, repeat; t = rdtsc; ns = ns_base + ((t - tsc_base) * mult >> shift, 128 bit) }
 *   while (sequence changed)
 */
#pragma once

#include <stdint.h>

#define TIME_PAGE_VERSION 1

struct time_page {
	uint32_t version;
	uint32_t sequence; /* odd while the kernel writes */
	uint64_t tsc_base;
	uint64_t ns_base; /* nanoseconds since boot at tsc_base */
	uint64_t mult;
	uint64_t shift;
	uint64_t wall_seconds_at_boot; /* since 1970-01-01 UTC at ns 0, 0 if the firmware's clock could not be read */
	uint64_t tsc_hz;
};
