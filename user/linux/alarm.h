/* The one timer of a process that Linux has had from the beginning. */
#pragma once

#include <stdint.h>

int64_t alarm_alarm(uint32_t seconds);
int64_t alarm_getitimer(int which, uint64_t out);
int64_t alarm_setitimer(int which, uint64_t new, uint64_t old);
