/*
 * Groups: who pays. Every page and every object is charged to the group of the process that asked for it, before it is
 * allocated, and given back when it is freed. Accounting only: a group conveys no authority.
 *
 * Groups form a tree. What is charged to one is charged to all above it, so a group below another can only narrow. A process is in one
 * group at a time, and can be put into a new one below it: what it and its copies make from then on is charged there, what it had made
 * stays where it was. A group bounds memory, objects and processes, and the priority of threads.
 *
 * It lives as long as anybody has a reference or anything is charged to it, whichever is longer, so what is charged needs no
 * reference.
 *
 * Nodes of page trees are counted by themselves, because trees of several groups share them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

struct process;

struct group {
	struct object object;
	struct group *parent;
	uint64_t pages_used, pages_limit;
	uint64_t objects_used, objects_limit;
	uint64_t nodes_used;           /* PAGE_TREE_NODES_PER_PAGE to a page */
	uint64_t weight, weight_limit; /* of all these together, in the smallest part of a page that divides by both */
	uint64_t processes_used, processes_limit;
	uint32_t number; /* as payer in page trees */
	uint8_t depth;   /* groups above it */
	uint8_t ceiling; /* of its threads' own priorities */
	bool abandoned;  /* nobody has a reference: it goes with what was charged last */
};

#define GROUP_DEPTH_MAX 12u /* each page that is charged goes up all the way */

/* What a group may take. UINT64_MAX: as much as those above it. */
struct group_limits {
	uint64_t pages; /* of memory, nodes and objects with it */
	uint64_t objects, processes;
};

/*
 * The first group, which owns all that is not the kernel's own, and the one for all programs but root, which may not use up
 * everything: whatever they do, something is left for root, without which nothing can be mended.
 */
extern struct group *group_root;
extern struct group *group_programs;
void group_init(uint64_t pages_limit, uint64_t pages_available);

/* A new group, charged to its parent; the caller gets a reference. QUOTA, NO_MEMORY, FULL: too many groups, TOO_LARGE: too deep. */
uint32_t group_create(struct group *parent, const struct group_limits *limits, unsigned ceiling, struct group **out)
        __attribute__((warn_unused_result));
/* Also below what is used: then nothing more is to be had. */
void group_limit(struct group *group, const struct group_limits *limits);
/* Pages with all that lies in them, objects, processes. */
void group_usage(struct group *group, struct group_limits *out_used, struct group_limits *out_limits);
bool group_destroy_step(struct object *object);

/* A process that is in no group joins one: it pays for it from now on. FULL: there are as many processes as may be. */
uint32_t group_join(struct group *group, struct process *process) __attribute__((warn_unused_result));
/* From its own into one right below that, which nobody else knows yet. DEAD: it has ended. */
uint32_t group_confine(struct process *process, struct group *group) __attribute__((warn_unused_result));
/* It is counted no more; its group still pays for what it had. */
void group_leave(struct process *process);

/* The group of a number, which stays as long as anything is charged to it. */
struct group *group_of_number(uint32_t number);

/* ERR_OK or ERR_QUOTA; charges every ancestor or none. Pages and nodes of page trees. */
uint32_t group_charge_memory(struct group *group, uint64_t pages, uint64_t nodes) __attribute__((warn_unused_result));
void group_return_memory(struct group *group, uint64_t pages, uint64_t nodes);
uint32_t group_charge_pages(struct group *group, uint64_t pages) __attribute__((warn_unused_result));
void group_return_pages(struct group *group, uint64_t pages);
uint32_t group_charge_object(struct group *group) __attribute__((warn_unused_result));
void group_return_object(struct group *group);
