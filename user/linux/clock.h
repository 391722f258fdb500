/* clock_settime, settimeofday, and ioctl on the device of the hardware clock. */
#pragma once

#include "user/linux/native.h"

int64_t clock_settime(int clock, uint64_t address);
int64_t clock_settimeofday(uint64_t address, uint64_t zone);

/* RTC_RD_TIME and RTC_SET_TIME; ENOTTY for all else, and for files that are no clock. */
int64_t clock_ioctl(handle_t file, uint32_t command, uint64_t address);
