/*
 * Budgets: limits that hold for a process and all that descends from it, together, by a group of the kernel's around them.
 *
 * A process that lowers a hard limit of memory (RLIMIT_AS, RLIMIT_DATA or RLIMIT_RSS: the least of them counts) or of processes
 * (RLIMIT_NPROC) is put into a group of its own below the one that it is in (process_confine), with its budget here; its children are in
 * it too. Hard limits only ever fall, and a group below another can only narrow: nobody gets out. A process that is alone in a
 * budget, and always was, has it narrowed instead.
 *
 * Soft limits a process can raise again, so they bind itself alone: that of memory its image keeps (user/linux/memory.c), that of
 * processes limits.c.
 *
 * pm counts the processes of a budget, zombies included; the kernel those that live, so that one that is made without pm's
 * knowing counts too.
 */
#pragma once

#include "user/servers/pm/table.h"

struct budget {
	struct budget *above;                /* NULL: none */
	uint32_t holders;                    /* processes that are in it, and budgets right below */
	uint32_t processes;                  /* in it and below it, zombies included */
	bool was_shared;                     /* others have been in it than the one that it was made for */
	handle_t group;                      /* the kernel's */
	uint64_t memory, most;               /* bytes and processes that it may have, PROCESS_LIMIT_NONE: as those above */
	uint32_t met_holders, met_processes; /* state.c's, while it looks */
};

/* To its hard limits. FULL, NO_MEMORY: nothing has changed. */
MUST_CHECK status_t budget_narrow(struct process *process);

/* A child is in its parent's. */
void budget_share(struct process *child, const struct process *parent);
void budget_leave(struct process *process);

/* The processes that count for its RLIMIT_NPROC: those of the nearest budget that bounds processes, or else of its domain. */
uint32_t budget_processes(const struct process *process);
/* Whether all that it is in have room for one more. */
bool budget_has_room(const struct process *process);
