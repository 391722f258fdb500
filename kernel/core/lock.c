/*
 * Spin locks. The rank check is one comparison against the CPU's highest held rank; releases may come in any order as long as
 * each CPU's locks are nested, which the rank order makes them.
 */
#include "core/lock.h"

#include "arch/cpu.h"
#include "core/panic.h"
#include "core/percpu.h"

void lock_contended(struct lock *lock)
{
	const struct cpu *cpu = cpu_current();

	if (lock->rank <= cpu->lock_rank)
		panic("lock %s of rank %u was wanted while one of rank %u is held", lock->name, lock->rank, cpu->lock_rank);
	do {
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			cpu_pause();
	} while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE));
}
