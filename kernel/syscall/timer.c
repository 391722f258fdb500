/* Making and setting timers (object/timer.h). */
#include "object/timer.h"

#include "object/notify.h"
#include "syscall/call.h"

void syscall_timer_create(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	struct timer *timer;
	uint32_t error = timer_create(thread->process->group, notify_of_object(object), call_word(thread, 0), &timer);
	if (error)
		call_answer(thread, error);
	else
		call_answer_handle(thread, &timer->object, object_classes[OBJECT_TIMER].rights);
}

void syscall_timer_set(struct thread *thread, struct object *object, uint32_t rights)
{
	(void)rights;
	uint64_t deadline = call_word(thread, 0), period = call_word(thread, 1);
	if (period && period < TIMER_PERIOD_MIN) {
		call_answer(thread, ERR_BAD_ARGUMENT);
		return;
	}
	timer_set(timer_of_object(object), deadline, period);
	call_answer(thread, ERR_OK);
}
