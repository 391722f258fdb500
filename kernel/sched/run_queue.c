#include "sched/run_queue.h"

void run_queue_push_back(struct run_queue *queue, struct task *task)
{
	unsigned priority = task->queued_at = task->effective;
	struct task *first = queue->first[priority];
	if (!first) {
		task->next = task->previous = task;
		queue->first[priority] = task;
		queue->ready |= 1u << priority;
		return;
	}
	task->next = first;
	task->previous = first->previous;
	task->previous->next = task;
	first->previous = task;
}

void run_queue_push_front(struct run_queue *queue, struct task *task)
{
	run_queue_push_back(queue, task);
	queue->first[task->queued_at] = task; /* the list is a circle */
}

void run_queue_remove(struct run_queue *queue, struct task *task)
{
	unsigned priority = task->queued_at;
	if (task->next == task) {
		queue->first[priority] = 0;
		queue->ready &= ~(1u << priority);
	} else {
		task->next->previous = task->previous;
		task->previous->next = task->next;
		if (queue->first[priority] == task)
			queue->first[priority] = task->next;
	}
	task->next = task->previous = 0;
}

struct task *run_queue_pop(struct run_queue *queue)
{
	int priority = run_queue_highest(queue);
	if (priority < 0)
		return 0;
	struct task *task = queue->first[priority];
	run_queue_remove(queue, task);
	return task;
}
