/*
 * Groups: who pays. Every page and every object is charged to the group of the process that asked for it, before it is
 * allocated, and given back when it is freed. Accounting only: a group conveys no authority.
 *
 * Nodes of page trees are counted by themselves, because trees of several groups share them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

struct group {
	struct object object;
	struct group *parent;
	uint64_t pages_used, pages_limit;
	uint64_t objects_used, objects_limit;
	uint64_t nodes_used;           /* PAGE_TREE_NODES_PER_PAGE to a page */
	uint64_t weight, weight_limit; /* of all these together, in the smallest part of a page that divides by both */
	uint32_t number;               /* as payer in page trees */
};

/*
 * The first group, which owns all that is not the kernel's own, and the one for all programs but root, which may not use up
 * everything: whatever they do, something is left for root, without which nothing can be mended.
 */
extern struct group *group_root;
extern struct group *group_programs;
void group_init(uint64_t pages_limit, uint64_t pages_available);

/* The group of a number, which stays as long as anything is charged to it. */
struct group *group_of_number(uint32_t number);

/* ERR_OK or ERR_QUOTA; charges every ancestor or none. Pages and nodes of page trees. */
uint32_t group_charge_memory(struct group *group, uint64_t pages, uint64_t nodes) __attribute__((warn_unused_result));
void group_return_memory(struct group *group, uint64_t pages, uint64_t nodes);
uint32_t group_charge_pages(struct group *group, uint64_t pages) __attribute__((warn_unused_result));
void group_return_pages(struct group *group, uint64_t pages);
uint32_t group_charge_object(struct group *group) __attribute__((warn_unused_result));
void group_return_object(struct group *group);
