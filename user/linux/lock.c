/* The slow halves of lock.h: somebody else has the lock, or wants it. */
#include "user/linux/lock.h"
#include "user/linux/native.h"

/* Waits without a deadline: the holder is in one of the short stretches that lock.h describes. */
void lock_wait(struct lock *lock)
{
	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE)) {
		status_t status = sys_futex_wait(&lock->word, 2, DEADLINE_NEVER);
		(void)status; /* whatever ended the wait, the word tells */
	}
}

void lock_wake(struct lock *lock)
{
	uint32_t woken;
	status_t status = sys_futex_wake(&lock->word, 1, &woken);
	(void)status; /* fails for no address that lock_wait could wait on */
}
