/*
 * Notifies: 64 bits that anybody with the right sets, and that somebody takes: a thread that waits for some of them, or, when the
 * notify is bound to a receiver, whoever receives there. Bits that nobody takes stay set; setting one again is no second event.
 *
 * A waiting thread takes those of its mask, the longest waiting first; what is left goes to the receiver that it is bound to, or
 * interrupts the thread that it is bound to, which takes them itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"
#include "object/object.h"

#define NOTIFY_WAITERS_MAX 8u /* threads that wait for one, so that a signal is bounded */

struct channel;
struct thread;
struct watch;

struct notify {
	struct object object;
	struct lock lock;
	uint64_t bits;
	struct thread *waiters; /* circular, the first has waited longest */
	uint32_t waiter_count;
	struct channel *bound; /* which holds a reference to this */
	struct thread *upcall; /* which its bits interrupt (upcall.h), and which holds a reference to this; not both */
	struct watch *watches; /* that would signal this (watch.h) */
};

uint32_t notify_create(struct group *group, struct notify **out) __attribute__((warn_unused_result));

static inline struct notify *notify_of_object(struct object *object)
{
	return (struct notify *)object; /* its first member */
}

/* Needs no reference to be held afterwards. Never waits. */
void notify_signal(struct notify *notify, uint64_t bits);

/* Takes the bits of a mask that are set. */
uint64_t notify_take(struct notify *notify, uint64_t mask);

/* The current thread waits for bits of its wait_mask, none of which is set. FULL when too many wait. */
uint32_t notify_wait(struct notify *notify, struct thread *thread) __attribute__((warn_unused_result));

/* Its bits interrupt this thread from now on, which is due if there are some; false: they go elsewhere already. */
bool notify_bind_upcall(struct notify *notify, struct thread *thread);
void notify_unbind_upcall(struct notify *notify);

/* A thread that was taken leaves the list. */
void notify_leave(struct notify *notify, struct thread *thread);

bool notify_destroy_step(struct object *object);
