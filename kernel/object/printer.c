#include "object/printer.h"

#include "arch/timer.h"
#include "core/log.h"
#include "sched/sched.h"

#define UART_REST_NS 1000000ull /* less than a full FIFO lasts: 1.4 ms */
#define PICTURE_NS 100000000ull /* from one picture to the next: a burst of lines is drawn once */
#define IDLE_NS DEADLINE_NEVER  /* until printer_wake */

static struct task task;
static uint64_t next_picture; /* ns since boot */

static void run(struct task *self);

static void wake(void)
{
	if (!task_take(&task))
		return;
	task.continuation = run;
	sched_ready(&task);
}

static void expired(struct timer_node *node)
{
	(void)node;
	wake();
}

static void rest(uint64_t deadline)
{
	task.deadline = deadline;
	sched_block(&task);
}

static void draw(void)
{
	uint64_t now = timer_now();

	if (now < next_picture) {
		rest(next_picture);
	} else if (!log_settle_step()) {
		task.continuation = run;
	} else {
		next_picture = now + PICTURE_NS;
		rest(IDLE_NS);
	}
}

static void run(struct task *self)
{
	switch (log_print_step()) {
	case LOG_MORE: self->continuation = run; return;
	case LOG_NO_ROOM: rest(timer_now() + UART_REST_NS); return;
	case LOG_PRINTED: draw(); return;
	}
}

void printer_wake(void)
{
	wake();
}

void printer_start(void)
{
	static uint64_t time;

	task_init(&task, 0, PRIORITY_DEFAULT, &time);
	task.timer.expired = expired;
	next_picture = timer_now() + PICTURE_NS;
	sched_block(&task);
	log_print_later();
	wake();
}
