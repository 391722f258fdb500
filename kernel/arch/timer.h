/* Time since boot in nanoseconds, and one interrupt at a chosen time (upcall_timer). */
#pragma once

#include <stdint.h>

#include "abi/time_page.h"

uint64_t timer_now(void);
uint64_t timer_tsc_hz(void);

/* Asks for upcall_timer on this CPU at `deadline` or soon after; replaces the last request. UINT64_MAX: none. */
void timer_arm(uint64_t deadline);

/* Fills the time page by which programs read the clock. */
void timer_describe(struct time_page *page);
