/* The order of pids: see order.h. Holes keep their pid, so that searching needs no luck. */
#include "user/servers/pm/order.h"

#include "user/servers/pm/table.h"

static void close_up(void)
{
	uint32_t to = 0;
	for (uint32_t from = 0; from < pm->order_used; from++) {
		if (!pm->order[from].process)
			continue;
		pm->order[to] = pm->order[from];
		pm->order[to].process->place = to;
		to++;
	}
	pm->order_used = to;
	pm->order_holes = 0;
}

/* The first entry whose pid is not below. */
static uint32_t search(uint32_t pid)
{
	uint32_t low = 0, high = pm->order_used;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (pm->order[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool grow(void)
{
	uint32_t larger = pm->order_capacity ? pm->order_capacity * 2 : 64;
	struct order_entry *grown = state_alloc(larger * sizeof *grown);
	if (!grown)
		return false;
	if (pm->order_used)
		memcpy(grown, pm->order, pm->order_used * sizeof *grown);
	state_free(pm->order);
	pm->order = grown;
	pm->order_capacity = larger;
	return true;
}

bool order_add(struct process *process)
{
	if (pm->order_used == pm->order_capacity && !grow())
		return false;
	uint32_t at = search(process->pid);
	memmove(&pm->order[at + 1], &pm->order[at], (pm->order_used - at) * sizeof *pm->order);
	pm->order_used++;
	for (uint32_t i = at + 1; i < pm->order_used; i++)
		if (pm->order[i].process)
			pm->order[i].process->place = i;
	pm->order[at] = (struct order_entry){process->pid, process};
	process->place = at;
	return true;
}

void order_remove(struct process *process)
{
	pm->order[process->place].process = NULL;
	pm->order_holes++;
	if (process->place + 1 == pm->order_used)
		for (; pm->order_used && !pm->order[pm->order_used - 1].process; pm->order_used--)
			pm->order_holes--;
	if (pm->order_holes > 64 && pm->order_holes * 2 > pm->order_used)
		close_up();
}

struct process *order_from(uint32_t pid)
{
	for (uint32_t i = search(pid); i < pm->order_used; i++)
		if (pm->order[i].process)
			return pm->order[i].process;
	return NULL;
}
