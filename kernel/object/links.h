/* Circular lists of threads by the links that a thread waits with (thread.h); the head points to the first, 0: empty. */
#pragma once

#include "object/thread.h"

static inline void links_append(struct thread **head, struct thread *thread)
{
	struct thread *first = *head;
	if (!first) {
		thread->next = thread->previous = thread;
		*head = thread;
		return;
	}
	thread->next = first;
	thread->previous = first->previous;
	first->previous->next = thread;
	first->previous = thread;
}

static inline void links_prepend(struct thread **head, struct thread *thread)
{
	links_append(head, thread);
	*head = thread;
}

static inline void links_remove(struct thread **head, struct thread *thread)
{
	if (thread->next == thread) {
		*head = 0;
		return;
	}
	thread->next->previous = thread->previous;
	thread->previous->next = thread->next;
	if (*head == thread)
		*head = thread->next;
}
