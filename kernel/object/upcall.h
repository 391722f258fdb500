/*
 * Upcalls: a thread is interrupted by bits of a notify or by an exception of its own.
 *
 * A notify is bound to the thread, each to at most one. While it has bits that nobody took, the thread is *due*: before it is
 * resumed in its program its registers go to the upcall frame of its control block, and it goes on at its entry instead. The kernel
 * takes no bits; the handler does, by notify_wait. So nothing is lost, and a handler that takes none is interrupted again, on its
 * own time.
 *
 * hold_off in the control block, which is the program's (abi/control_block.h), says whether that may happen now. While it may not,
 * upcall_pending tells the program of the bits. A thread that waits is asked to end its call, unless hold_off forbids that too:
 * waits for bits, addresses and messages end at once, a call that lies in a queue is taken back, and one that was received is made
 * known to its server (reply_ask), whose answer ends it. The same happens when a thread that is due begins to wait, so that bits
 * that come after the program looked at upcall_pending end the wait that follows.
 *
 * Waits end where no lock is held: whoever sets bits only puts the thread on the scheduler's list of those to be looked at.
 *
 * Exceptions come in the same way, also when held off, unless the frame is occupied.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"

struct fault;
struct notify;
struct thread;

void upcall_init(void);

/*
 * notify 0: no bits interrupt it; entry 0: nothing does, then notify must be 0 too (else BAD_ARGUMENT). BAD_ADDRESS: the entry is
 * no user address. BAD_STATE: the notify is bound to another thread or a channel. DEAD: the thread has ended.
 */
uint32_t upcall_bind(struct thread *thread, struct notify *notify, uint64_t entry) __attribute__((warn_unused_result));

/* The thread ends. */
void upcall_unbind(struct thread *thread);

/* The current thread's exception comes to its entry; false: it has none, or its frame is occupied. */
bool upcall_fault(struct thread *thread, const struct fault *fault);
