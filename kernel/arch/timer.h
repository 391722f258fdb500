/* Time since boot in nanoseconds, and one interrupt at a chosen time (upcall_timer). */
#pragma once

#include <stdint.h>

#include "abi/time_page.h"

uint64_t timer_now(void);
uint64_t timer_tsc_hz(void);

/* Of a count of TSC ticks. */
static inline uint64_t timer_ns_of_ticks(uint64_t ticks)
{
	uint64_t hz = timer_tsc_hz();
	return ticks / hz * 1000000000u + ticks % hz * 1000000000u / hz;
}

/* Asks for upcall_timer on this CPU at `deadline` or soon after; replaces the last request. UINT64_MAX: none. */
void timer_arm(uint64_t deadline);

/* Fills the time page by which programs read the clock. */
void timer_describe(struct time_page *page);
