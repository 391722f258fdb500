/* The clock of all deadlines: nanoseconds since boot, monotonic. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t deadline_now(void)
{
	struct timespec now = {0};
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t deadline_in_ms(uint64_t ms)
{
	return deadline_now() + ms * 1000000u;
}
