/* The clock, and waiting for it. Times here are nanoseconds; "now" is since boot, on the clock of deadlines. */
#pragma once

#include <stdint.h>

#include "user/linux/linux_abi.h"

uint64_t time_now(void);
/* CPU time of the calling thread. */
uint64_t time_of_thread(void);
/* Now plus a duration, DEADLINE_NEVER if that is beyond the clock. */
uint64_t time_deadline(uint64_t duration);
/* At most UINT64_MAX / 4, so that sums of two do not overflow. */
uint64_t time_to_ns(uint64_t seconds, uint64_t nanoseconds);
/* Reads a struct timespec of the program's: 0, -EFAULT, -EINVAL. */
int64_t time_read_timespec(uint64_t address, uint64_t *out_ns);
struct linux_timespec time_timespec(uint64_t ns);
/* The deadline that a point of the wall clock means. */
uint64_t time_wall_deadline(uint64_t ns);

int64_t time_clock_gettime(int clock, uint64_t out);
int64_t time_clock_getres(int clock, uint64_t out);
int64_t time_gettimeofday(uint64_t out, uint64_t zone);
int64_t time_time(uint64_t out);
int64_t time_nanosleep(uint64_t request, uint64_t remaining);
int64_t time_clock_nanosleep(int clock, uint32_t flags, uint64_t request, uint64_t remaining);
