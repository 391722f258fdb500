/*
 * Limits, as setrlimit knows them: kept here, inherited by children, kept over exec. Most are for the process itself to hold to;
 * pm enforces RLIMIT_NPROC. Hearth has no users, so it counts the processes of a domain, and as authority is never got back, a
 * hard limit is only ever lowered.
 */
#pragma once

#include "user/servers/pm/table.h"

/* Those of the first process of a domain. */
void limits_begin(struct process *process);
void limits_copy(struct process *to, const struct process *from);

/* BAD_ARGUMENT, NO_RIGHT. */
MUST_CHECK status_t limits_set(struct process *process, uint64_t resource, uint64_t soft, uint64_t hard);

/* FULL if the process may not make another one. */
MUST_CHECK status_t limits_check_fork(const struct process *process);
