/* Counters and alarms as descriptors: eventfd and timerfd, by the server of protocol stream. */
#pragma once

#include <stdint.h>

int64_t event_eventfd(uint32_t counter);
int64_t event_eventfd2(uint32_t counter, uint32_t flags);
int64_t event_timerfd_create(int clock, uint32_t flags);
int64_t event_timerfd_settime(int fd, uint32_t flags, uint64_t setting, uint64_t out_old);
int64_t event_timerfd_gettime(int fd, uint64_t out);
