/* Limits: see limits.h. */
#include "user/servers/pm/limits.h"

#include "user/servers/pm/budget.h"

#define NONE PROCESS_LIMIT_NONE
#define MIB (1024ull * 1024)

/* By Linux's numbers: cpu, fsize, data, stack, core, rss, nproc, nofile, memlock, as, locks, sigpending, msgqueue, nice, ... */
static const struct limit first[PROCESS_LIMITS] = {
        {NONE, NONE},
        {NONE, NONE},
        {NONE, NONE},
        {8 * MIB, NONE},
        {0, NONE},
        {NONE, NONE},
        {PM_DOMAIN_PROCESSES, PM_DOMAIN_PROCESSES},
        {1024, 1024},
        {8 * MIB, 8 * MIB},
        {NONE, NONE},
        {NONE, NONE},
        {PM_DOMAIN_PROCESSES, PM_DOMAIN_PROCESSES},
        {819200, 819200},
        {0, 0},
        {0, 0},
        {NONE, NONE},
};

void limits_begin(struct process *process)
{
	memcpy(process->limits, first, sizeof first);
}

void limits_copy(struct process *to, const struct process *from)
{
	memcpy(to->limits, from->limits, sizeof to->limits);
}

status_t limits_set(struct process *process, uint64_t resource, uint64_t soft, uint64_t hard)
{
	if (resource >= PROCESS_LIMITS || soft > hard)
		return ERR_BAD_ARGUMENT;
	struct limit *limit = &process->limits[resource];
	if (hard > limit->hard)
		return ERR_NO_RIGHT;
	struct limit before = *limit;
	*limit = (struct limit){soft, hard};
	status_t status = budget_narrow(process);
	if (status)
		*limit = before;
	return status;
}

status_t limits_check_fork(const struct process *process)
{
	bool has_room = budget_has_room(process) && budget_processes(process) < process->limits[PROCESS_LIMIT_NPROC].soft;
	return has_room ? ERR_OK : ERR_FULL;
}
