/*
 * Timers: bits that are set in a notify at a deadline, once or again and again. A timer that is late (its CPU had no time) makes
 * up for nothing: it goes on at the next multiple of its period.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"
#include "sched/timer_queue.h"

#define TIMER_PERIOD_MIN 100000ull /* ns, so that interrupts leave time for anything else */

struct notify;

struct timer {
	struct object object;
	struct notify *notify; /* a reference */
	uint64_t bits;
	uint64_t period; /* ns, 0: once */
	struct timer_node node;
};

uint32_t timer_create(struct group *group, struct notify *notify, uint64_t bits, struct timer **out)
        __attribute__((warn_unused_result));

static inline struct timer *timer_of_object(struct object *object)
{
	return (struct timer *)object; /* its first member */
}

/* DEADLINE_NEVER switches it off. A deadline that has passed signals at once. */
void timer_set(struct timer *timer, uint64_t deadline, uint64_t period);

bool timer_destroy_step(struct object *object);
