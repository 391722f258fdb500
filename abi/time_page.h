/*
 * The time page: one page, the same in every process that was given it, by which reading the clock is no call. The kernel fills
 * it; read-only everywhere but in timed, which keeps the time of day (protocol clock).
 *
 *   do { s = sequence (acquire); while odd, repeat; t = rdtsc; ns = ns_base + ((t - tsc_base) * mult >> shift, 128 bit) }
 *   while (sequence changed)
 */
#pragma once

#include <stdint.h>

#define TIME_PAGE_VERSION 2

struct time_page {
	uint32_t version;
	uint32_t sequence; /* odd while the kernel writes */
	uint64_t tsc_base;
	uint64_t ns_base; /* nanoseconds since boot at tsc_base */
	uint64_t mult;
	uint64_t shift;
	uint64_t wall_ns_at_boot; /* since 1970-01-01 UTC at ns 0; 0: unknown. Read apart from the others: timed sets it */
	uint64_t tsc_hz;
};
