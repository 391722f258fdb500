/*
 * Alarms: files that become readable at a time, and if they have a period again and again (Linux's timerfd). A read takes how
 * often it has been time since the last one, and waits if it has not been.
 *
 * How often is worked out when somebody asks, so an alarm that nobody waits for costs nothing, however short its period.
 */
#pragma once

#include "user/servers/streamd/end.h"
#include "user/servers/streamd/wait.h"

struct alarm {
	struct thing thing;
	struct watched watched;
	struct server_timer timer; /* set while somebody waits; of this life */
	struct wait_queue readers;
	uint64_t deadline; /* ns since boot of the next expiration that was not read; 0: it is off */
	uint64_t period;   /* ns; 0: once */
	uint64_t clock;    /* the maker's number for it */
	uint32_t ends;
};

/* STREAM_timer, on a session; STREAM_timer_set and STREAM_timer_get on the open end. */
status_t handle_timer(struct request *request);
status_t handle_timer_set(struct request *request);
status_t handle_timer_get(struct request *request);

extern const struct end_type alarm_type;
uint32_t alarm_ready(const struct watched *watched);
void alarm_resume(struct alarm *alarm);
