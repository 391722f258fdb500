/* timer_create and its family: timers of the program's that send it signals. */
#pragma once

#include <stdint.h>

int64_t timers_create(int clock, uint64_t event, uint64_t out_id);
int64_t timers_settime(int id, uint32_t flags, uint64_t new, uint64_t old);
int64_t timers_gettime(int id, uint64_t out);
int64_t timers_getoverrun(int id);
int64_t timers_delete(int id);

/* The kernel has said that one may be due: adds the signals of those that are. */
void timers_look(void);
/* In the copy of a process: there are none. */
void timers_forget(void);
