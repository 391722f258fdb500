/*
 * How pm learns of ends and faults: it is the exception channel of every process. The sender that the kernel keeps for that has
 * a stamp of the process alone, so the message that this stamp's last sender is gone is the message that the process has
 * ended; no process needs a notify bit, and ends arrive in their order with everything else.
 *
 * A process has all rights over itself and can take the channel away. It is given a new one and ended then: what pm cannot
 * watch it does not keep.
 *
 * Of a pm that ended while it entered a process nobody knows whether the sender has become the channel. Its stamp is there in both
 * cases; if it was not, its close message comes, and the process gets another.
 */
#pragma once

#include "user/servers/pm/table.h"

/* From its own to these stamps: those of services are below, those of objects above. */
#define WATCH_STAMP_FIRST 0x80000000ull
#define WATCH_PIDS 0x7fffffffu /* the largest pid */

/* What pm needs of a process's handle. */
#define WATCH_RIGHTS (RIGHT_MANAGE | RIGHT_INSPECT | RIGHT_WAIT | RIGHT_SIGNAL)

/* Makes pm the exception channel of a process that has its handle. DEAD if it is ending. */
MUST_CHECK status_t watch_begin(struct process *process);

/* After a predecessor: what it was told, and has taken with it, is asked for. */
void watch_resume(void);

/* The kernel has let go of a stamp. */
void watch_closed(uint64_t stamp);

/* It has faulted, and its image has no answer. */
MUST_CHECK status_t watch_fault(struct request *request);

/* Operation report: the lines are written as of this process, whatever they say. */
MUST_CHECK status_t watch_report(struct request *request, struct process *process);
