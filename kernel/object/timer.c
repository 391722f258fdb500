#include "object/timer.h"

#include <stddef.h>

#include "abi/message.h"
#include "arch/timer.h"
#include "mm/slab.h"
#include "object/notify.h"
#include "sched/timers.h"

static struct slab timer_slab = SLAB_INIT("timers", struct timer);

static void expired(struct timer_node *node)
{
	struct timer *timer = (struct timer *)((char *)node - offsetof(struct timer, node));
	if (timer->period) {
		uint64_t late = timer_now() - node->deadline, next;
		bool never = __builtin_mul_overflow(late / timer->period + 1, timer->period, &next) ||
		        __builtin_add_overflow(node->deadline, next, &next);
		if (!never)
			timers_set(node, next);
	}
	notify_signal(timer->notify, timer->bits);
}

uint32_t timer_create(struct group *group, struct notify *notify, uint64_t bits, struct timer **out)
{
	struct timer *timer = slab_alloc(&timer_slab);
	if (!timer)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&timer->object, OBJECT_TIMER, group);
	if (error) {
		slab_free(&timer_slab, timer);
		return error;
	}
	object_reference(&notify->object);
	timer->notify = notify;
	timer->bits = bits;
	timer->node.expired = expired;
	*out = timer;
	return ERR_OK;
}

void timer_set(struct timer *timer, uint64_t deadline, uint64_t period)
{
	timers_cancel(&timer->node);
	timer->period = period;
	if (deadline != DEADLINE_NEVER)
		timers_set(&timer->node, deadline);
}

bool timer_destroy_step(struct object *object)
{
	struct timer *timer = timer_of_object(object);
	timers_cancel(&timer->node);
	object_release(&timer->notify->object);
	object_end(object);
	slab_free(&timer_slab, timer);
	return true;
}
