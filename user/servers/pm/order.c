/* The order of pids: see order.h. Holes keep their pid, so that searching needs no luck. */
#include "user/servers/pm/order.h"

#include <stdlib.h>
#include <string.h>

#include "user/servers/pm/table.h"

struct entry {
	uint32_t pid;
	struct process *process; /* NULL: a hole */
};

static struct entry *entries;
static uint32_t used, capacity, holes;

static void close_up(void)
{
	uint32_t to = 0;
	for (uint32_t from = 0; from < used; from++) {
		if (!entries[from].process)
			continue;
		entries[to] = entries[from];
		entries[to].process->place = to;
		to++;
	}
	used = to;
	holes = 0;
}

/* The first entry whose pid is not below. */
static uint32_t search(uint32_t pid)
{
	uint32_t low = 0, high = used;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (entries[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool order_add(struct process *process)
{
	if (used == capacity) {
		uint32_t larger = capacity ? capacity * 2 : 64;
		struct entry *grown = realloc(entries, larger * sizeof *entries);
		if (!grown)
			return false;
		entries = grown;
		capacity = larger;
	}
	uint32_t at = search(process->pid);
	memmove(&entries[at + 1], &entries[at], (used - at) * sizeof *entries);
	used++;
	for (uint32_t i = at + 1; i < used; i++)
		if (entries[i].process)
			entries[i].process->place = i;
	entries[at] = (struct entry){process->pid, process};
	process->place = at;
	return true;
}

void order_remove(struct process *process)
{
	entries[process->place].process = NULL;
	holes++;
	if (process->place + 1 == used)
		for (; used && !entries[used - 1].process; used--)
			holes--;
	if (holes > 64 && holes * 2 > used)
		close_up();
}

struct process *order_from(uint32_t pid)
{
	for (uint32_t i = search(pid); i < used; i++)
		if (entries[i].process)
			return entries[i].process;
	return NULL;
}
