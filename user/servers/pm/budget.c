/*
 * Budgets: see budget.h. A call that is served again, because pm ended in it, may confine its process twice: the first group is then empty
 * but for the second, whose limits are the same.
 */
#include "user/servers/pm/budget.h"

#define NONE PROCESS_LIMIT_NONE
#define PAGE_SIZE 4096u

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t memory_limit(const struct limit limits[static PROCESS_LIMITS])
{
	return least(limits[PROCESS_LIMIT_AS].hard, least(limits[PROCESS_LIMIT_DATA].hard, limits[PROCESS_LIMIT_RSS].hard));
}

static struct group_amounts amounts_of(const struct budget *budget)
{
	return (struct group_amounts){
	        .pages = budget->memory == NONE ? GROUP_NO_LIMIT : budget->memory / PAGE_SIZE,
	        .objects = GROUP_NO_LIMIT,
	        .processes = budget->most == NONE ? GROUP_NO_LIMIT : budget->most,
	};
}

/* Its group is the process's own, below that of the one above. */
static status_t begin(struct process *process, const struct budget *wanted)
{
	struct group_amounts amounts = amounts_of(wanted);
	struct budget *budget = state_alloc(sizeof *budget);
	if (!budget)
		return ERR_NO_MEMORY;
	handle_t group;
	status_t status = sys_process_confine(process->handle, &amounts, &group);
	if (status) {
		state_free(budget);
		return status == ERR_TOO_LARGE ? ERR_FULL : status;
	}
	*budget = *wanted;
	budget->above = process->budget; /* the process's place there is the budget's now */
	budget->holders = budget->processes = 1;
	budget->group = group;
	process->budget = budget;
	return ERR_OK;
}

status_t budget_narrow(struct process *process)
{
	struct budget *present = process->budget;
	struct budget wanted = {.memory = memory_limit(process->limits), .most = process->limits[PROCESS_LIMIT_NPROC].hard};
	if (wanted.most >= PM_DOMAIN_PROCESSES)
		wanted.most = NONE;
	if (present ? present->memory == wanted.memory && present->most == wanted.most
	            : wanted.memory == NONE && wanted.most == NONE)
		return ERR_OK;
	if (!present || present->was_shared)
		return begin(process, &wanted);
	struct group_amounts amounts = amounts_of(&wanted);
	status_t status = sys_group_limit(present->group, &amounts);
	if (status)
		return status;
	present->memory = wanted.memory;
	present->most = wanted.most;
	return ERR_OK;
}

void budget_share(struct process *child, const struct process *parent)
{
	struct budget *budget = parent->budget;
	child->budget = budget;
	if (!budget)
		return;
	budget->holders++;
	budget->was_shared = true;
	for (; budget; budget = budget->above)
		budget->processes++;
}

static void unhold(struct budget *budget)
{
	while (budget && !--budget->holders) {
		struct budget *above = budget->above;
		state_close(budget->group);
		state_free(budget);
		budget = above;
	}
}

void budget_leave(struct process *process)
{
	struct budget *budget = process->budget;
	for (struct budget *each = budget; each; each = each->above)
		each->processes--;
	process->budget = NULL;
	unhold(budget);
}

uint32_t budget_processes(const struct process *process)
{
	const struct budget *budget = process->budget;
	while (budget && budget->most == NONE)
		budget = budget->above;
	return budget ? budget->processes : process->domain->processes;
}

bool budget_has_room(const struct process *process)
{
	for (const struct budget *budget = process->budget; budget; budget = budget->above)
		if (budget->processes >= budget->most)
			return false;
	return true;
}
