/*
 * A lock of one process, for state that its threads share: a word that is 0 free, 1 held, 2 held and perhaps waited for.
 *
 * A holder is inside a Linux call, where nothing interrupts it (hold-off), and takes at most one such lock; it makes native
 * calls that wait for nobody while it has it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lock {
	uint32_t word;
};

void lock_wait(struct lock *lock);
void lock_wake(struct lock *lock);

static inline void lock_take(struct lock *lock)
{
	uint32_t expected = 0;
	if (!__atomic_compare_exchange_n(&lock->word, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		lock_wait(lock);
}

static inline void lock_drop(struct lock *lock)
{
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		lock_wake(lock);
}
