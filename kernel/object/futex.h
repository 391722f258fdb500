/*
 * Futexes: threads that wait at an address of their address space until somebody wakes that address. The first to wait at an
 * address hangs in the address space's tree, the others in a list behind it, so that finding one takes the same bounded time
 * however many addresses are waited at. Addresses name words of one address space only, also where memory is shared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct thread;
struct vmem;

/* The current thread waits at an address, until the deadline of its task. */
void futex_wait(struct thread *thread, uint64_t address);

/* Wakes the one that has waited longest; false: nobody waits there. */
bool futex_wake_one(struct vmem *vmem, uint64_t address);

/* A thread that was taken leaves. */
void futex_leave(struct thread *thread);
