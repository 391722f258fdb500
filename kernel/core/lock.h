/*
 * Spin locks with a rank and a name: taken in rising rank only, which debug builds check, held for at most 2,000 instructions,
 * never across user_copy. kernel/LOCKS.md has the order in one line. Interrupts are off in the kernel anyway.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/percpu.h"

enum lock_rank {
	RANK_NONE,
	RANK_PROCESS, /* threads of a process */
	RANK_BLOCKS,  /* control blocks of an address space */
	RANK_VMEM,
	RANK_FRAME,
	RANK_WATCH, /* lists of watches */
	RANK_CHANNEL,
	RANK_OBJECT,  /* notify, timer, irq */
	RANK_HANDLES, /* handle table of a process */
	RANK_QUEUE,   /* run queue, timer queue */
	RANK_REAPER,
	RANK_GROUP,
	RANK_SLAB,
	RANK_PAGES,
	RANK_PIN, /* registers of an I/O APIC */
	RANK_LOG,
};

struct lock {
	uint32_t held;
	uint8_t rank;
	uint8_t below; /* highest rank the holder had before; guarded by the lock itself */
	uint8_t reserved[2];
	const char *name;
};

#define LOCK_INIT(lock_rank, lock_name) \
	{ \
		0, (lock_rank), RANK_NONE, {0, 0}, (lock_name) \
	}

static inline void lock_init(struct lock *lock, enum lock_rank rank, const char *name)
{
	*lock = (struct lock)LOCK_INIT((uint8_t)rank, name);
}

/* Panics when the rank is not above those held, and waits. */
void lock_contended(struct lock *lock);

static inline void lock_acquire(struct lock *lock)
{
	struct cpu *cpu = cpu_current();
	uint8_t below = cpu->lock_rank;
	if (__builtin_expect(lock->rank <= below || __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE), 0))
		lock_contended(lock);
	lock->below = below;
	cpu->lock_rank = lock->rank;
}

static inline void lock_release(struct lock *lock)
{
	cpu_current()->lock_rank = lock->below;
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

/*
 * For quick ways through the kernel that take no other lock in the ordinary way while they hold it, by whom none is held: without a look at ranks, and
 * without waiting. False: somebody has it.
 */
static inline bool lock_try_alone(struct lock *lock)
{
	return __builtin_expect(!__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE), 1);
}

static inline void lock_release_alone(struct lock *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}
