/* sched/run_queue.c: order by priority, and by arrival at each. */
/* sources: kernel/sched/run_queue.c */
/* includes: kernel */
#include "sched/run_queue.h"

#include <stdlib.h>

#include "check.h"

enum { TASKS = 100 };

static struct task tasks[TASKS];
static struct run_queue queue;

static void add(unsigned i, unsigned priority)
{
	tasks[i].effective = (uint8_t)priority;
	run_queue_push_back(&queue, &tasks[i]);
}

static void random_use(void)
{
	/* The model: the order of each priority, as numbers that grow behind and fall in front. */
	static int place[TASKS];
	static bool queued[TASKS];
	int back = 0, front = 0;
	for (unsigned round = 0; round < 50000; round++) {
		unsigned i = (unsigned)rand() % TASKS;
		if (rand() % 4 == 0) {
			unsigned best = TASKS;
			for (unsigned t = 0; t < TASKS; t++) {
				if (queued[t] &&
				        (best == TASKS || tasks[t].queued_at > tasks[best].queued_at ||
				                (tasks[t].queued_at == tasks[best].queued_at && place[t] < place[best])))
					best = t;
			}
			CHECK(run_queue_highest(&queue) == (best == TASKS ? -1 : tasks[best].queued_at));
			CHECK(run_queue_pop(&queue) == (best == TASKS ? 0 : &tasks[best]));
			if (best < TASKS)
				queued[best] = false;
		} else if (queued[i]) {
			run_queue_remove(&queue, &tasks[i]);
			queued[i] = false;
		} else {
			tasks[i].effective = (uint8_t)(rand() % PRIORITIES);
			bool to_front = rand() % 2;
			place[i] = to_front ? --front : ++back;
			(to_front ? run_queue_push_front : run_queue_push_back)(&queue, &tasks[i]);
			queued[i] = true;
		}
	}
	while (run_queue_pop(&queue))
		;
}

int main(void)
{
	check_begin("an_empty_queue_has_no_highest");
	CHECK(run_queue_highest(&queue) == -1);
	CHECK(!run_queue_pop(&queue));

	check_begin("the_highest_priority_comes_first");
	add(0, 3);
	add(1, 31);
	add(2, 0);
	CHECK(run_queue_pop(&queue) == &tasks[1]);
	CHECK(run_queue_pop(&queue) == &tasks[0]);
	CHECK(run_queue_pop(&queue) == &tasks[2]);

	check_begin("equals_come_in_their_order");
	add(0, 16);
	add(1, 16);
	tasks[2].effective = 16;
	run_queue_push_front(&queue, &tasks[2]);
	CHECK(run_queue_pop(&queue) == &tasks[2]);
	CHECK(run_queue_pop(&queue) == &tasks[0]);
	CHECK(run_queue_pop(&queue) == &tasks[1]);
	CHECK(!queue.ready);

	check_begin("a_changed_priority_does_not_lose_a_queued_task");
	add(0, 5);
	tasks[0].effective = 9;
	run_queue_remove(&queue, &tasks[0]);
	CHECK(!queue.ready && !run_queue_pop(&queue));

	check_begin("random_use_agrees_with_a_model");
	random_use();
	return check_result();
}
