/*
 * The processes in the order of their pids, for listings: an array in which one that goes leaves a hole, closed up when half of it
 * are holes. The kernel counts pids up, so a new one nearly always goes to the end.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct process;

struct order_entry {
	uint32_t pid;
	struct process *process; /* NULL: a hole */
};

/* Makes room for one; false if there is no memory. */
bool order_add(struct process *process) __attribute__((warn_unused_result));
void order_remove(struct process *process);

/* The one with the least pid that is not below `pid`, or NULL. */
struct process *order_from(uint32_t pid);
