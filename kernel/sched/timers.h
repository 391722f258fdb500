/* Each CPU's queue of deadlines, and the one interrupt that serves it. */
#pragma once

#include <stdint.h>

#include "sched/timer_queue.h"

/* Calls node->expired at `deadline` or soon after, on this CPU with interrupts off. The node must not be set. */
void timers_set(struct timer_node *node, uint64_t deadline);

/* A no-op when it is not set. */
void timers_cancel(struct timer_node *node);

/* When the next interrupt is due on this CPU: the earliest deadline, or a little later; UINT64_MAX if there is none. */
uint64_t timers_next(void);
