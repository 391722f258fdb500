/*
 * Limits, as setrlimit knows them: kept here, inherited by children, kept over exec. As authority is never got back, a hard limit is
 * only ever lowered. Hard limits of memory and of processes the kernel holds to (budget.h); a soft one of processes is held to
 * here; all others are for the process itself to hold to. Hearth has no users, so RLIMIT_NPROC counts the processes of a domain, or,
 * below a process that has lowered the hard one, of its descendants.
 */
#pragma once

#include "user/servers/pm/table.h"

/* Those of the first process of a domain. */
void limits_begin(struct process *process);
void limits_copy(struct process *to, const struct process *from);

/* BAD_ARGUMENT, NO_RIGHT; FULL, NO_MEMORY: there can be no further group. */
MUST_CHECK status_t limits_set(struct process *process, uint64_t resource, uint64_t soft, uint64_t hard);

/* FULL if the process may not make another one. */
MUST_CHECK status_t limits_check_fork(const struct process *process);
