/*
 * Alarms: files that become readable at a time, and if they have a period again and again (Linux's timerfd). A read takes how
 * often it has been time since the last one, and waits if it has not been.
 *
 * How often is worked out when somebody asks, so an alarm that nobody waits for costs nothing, however short its period.
 */
#pragma once

#include "user/lib/server.h"

/* STREAM_timer, on a session; STREAM_timer_set and STREAM_timer_get on the open end. */
status_t alarm_open(struct request *request);
status_t alarm_set(struct request *request);
status_t alarm_get(struct request *request);
