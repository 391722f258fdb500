#include "object/group.h"

#include "core/lock.h"
#include "core/panic.h"
#include "mm/page_tree.h"
#include "mm/slab.h"
#include "object/process.h"
#include "object/reaper.h"
#include "sched/task.h"

#define OBJECTS_PER_PAGE 2u /* of the largest */
#define RESERVE_DIVISOR 16u
#define PAGE_WEIGHT (OBJECTS_PER_PAGE * PAGE_TREE_NODES_PER_PAGE)
#define PAGES_LIMIT_MAX (UINT64_MAX / PAGE_WEIGHT / 2) /* so that sums do not overflow: far more than there are */

static struct group first_group, second_group;
struct group *group_root = &first_group;
struct group *group_programs = &second_group;

/* All counts of all groups. */
static struct lock group_lock = LOCK_INIT(RANK_GROUP, "groups");

static struct slab slab = SLAB_INIT("groups", struct group);

/* By number, and the numbers that are free again; those from `count` on were never used. */
#define GROUPS_MAX 1024u
static struct group *groups[GROUPS_MAX];
static uint16_t free_numbers[GROUPS_MAX];
static uint32_t count, free_count;

_Static_assert(GROUPS_MAX <= PAGE_TREE_PAYERS, "a number fits in a page's note");

static void set_limits(struct group *group, const struct group_limits *limits)
{
	group->pages_limit = limits->pages < PAGES_LIMIT_MAX ? limits->pages : PAGES_LIMIT_MAX;
	group->weight_limit = group->pages_limit * PAGE_WEIGHT;
	group->objects_limit = limits->objects;
	group->processes_limit = limits->processes;
}

/* False: there are as many groups as there may be. */
static bool take_number(struct group *group)
{
	if (!free_count && count == GROUPS_MAX)
		return false;
	group->number = free_count ? free_numbers[--free_count] : count++;
	groups[group->number] = group;
	return true;
}

/* Nobody knows it yet. */
static uint32_t init(struct group *group, struct group *parent, const struct group_limits *limits, unsigned ceiling)
{
	group->parent = parent;
	group->depth = parent ? (uint8_t)(parent->depth + 1) : 0;
	group->ceiling = (uint8_t)ceiling;
	set_limits(group, limits);
	lock_acquire(&group_lock);
	bool room = take_number(group);
	lock_release(&group_lock);
	return room ? ERR_OK : ERR_FULL;
}

static void init_first(struct group *group, struct group *parent, uint64_t pages)
{
	const struct group_limits limits = {pages, UINT64_MAX, UINT64_MAX};
	if (init(group, parent, &limits, PRIORITIES - 1) || object_init(&group->object, OBJECT_GROUP, group_root))
		panic("the first groups cannot be charged for themselves");
}

void group_init(uint64_t pages_limit, uint64_t pages_available)
{
	init_first(group_root, 0, pages_limit);
	init_first(group_programs, group_root, pages_available - pages_available / RESERVE_DIVISOR);
}

uint32_t group_create(struct group *parent, const struct group_limits *limits, unsigned ceiling, struct group **out)
{
	if (parent->depth >= GROUP_DEPTH_MAX)
		return ERR_TOO_LARGE;
	struct group *group = slab_alloc(&slab);
	if (!group)
		return ERR_NO_MEMORY;
	uint32_t error = object_init(&group->object, OBJECT_GROUP, parent);
	if (error) {
		slab_free(&slab, group);
		return error;
	}
	error = init(group, parent, limits, ceiling < parent->ceiling ? ceiling : parent->ceiling);
	if (error) {
		object_end(&group->object);
		slab_free(&slab, group);
		return error;
	}
	*out = group;
	return ERR_OK;
}

/* It comes here when the last reference is gone, and if something is charged then, once more with the end of that. */
bool group_destroy_step(struct object *object)
{
	struct group *group = (struct group *)object;
	lock_acquire(&group_lock);
	bool used = group->weight;
	group->abandoned = true;
	if (!used) {
		groups[group->number] = 0;
		free_numbers[free_count++] = (uint16_t)group->number;
	}
	lock_release(&group_lock);
	if (used)
		return true;
	object_end(object);
	slab_free(&slab, group);
	return true;
}

void group_limit(struct group *group, const struct group_limits *limits)
{
	lock_acquire(&group_lock);
	set_limits(group, limits);
	lock_release(&group_lock);
}

void group_usage(struct group *group, struct group_limits *out_used, struct group_limits *out_limits)
{
	lock_acquire(&group_lock);
	*out_used = (struct group_limits){
	        (group->weight + PAGE_WEIGHT - 1) / PAGE_WEIGHT, group->objects_used, group->processes_used};
	*out_limits = (struct group_limits){group->pages_limit, group->objects_limit, group->processes_limit};
	lock_release(&group_lock);
}

/* What is charged, in all: objects and nodes lie in memory too, which is not charged by the page. */
static inline uint64_t weight_of(uint64_t pages, uint64_t objects, uint64_t nodes)
{
	return pages * PAGE_WEIGHT + objects * (PAGE_WEIGHT / OBJECTS_PER_PAGE) +
	        nodes * (PAGE_WEIGHT / PAGE_TREE_NODES_PER_PAGE);
}

static inline bool is_within(const struct group *group)
{
	return group->weight <= group->weight_limit && group->objects_used <= group->objects_limit;
}

/* Adds to one group's counts; what is 0 wherever this is called costs nothing. */
static inline __attribute__((always_inline)) void add(struct group *group, uint64_t pages, uint64_t objects, uint64_t nodes)
{
	group->pages_used += pages;
	group->objects_used += objects;
	group->nodes_used += nodes;
	group->weight += weight_of(pages, objects, nodes);
}

static __attribute__((noinline, cold)) void undo(
        struct group *group, const struct group *end, uint64_t pages, uint64_t objects, uint64_t nodes)
{
	for (; group != end; group = group->parent)
		add(group, -pages, -objects, -nodes);
}

/* Adds to the counts of a group and all above it, or to none of them. */
static inline __attribute__((always_inline)) uint32_t charge(
        struct group *group, uint64_t pages, uint64_t objects, uint64_t nodes)
{
	struct group *g;
	if (pages > group->pages_limit)
		return ERR_QUOTA; /* nor can the sums overflow */
	lock_acquire(&group_lock);
	for (g = group; g; g = g->parent) {
		add(g, pages, objects, nodes);
		if (__builtin_expect(!is_within(g), 0)) {
			undo(group, g->parent, pages, objects, nodes);
			break;
		}
	}
	lock_release(&group_lock);
	return g ? ERR_QUOTA : ERR_OK;
}

static inline __attribute__((always_inline)) void give_back(
        struct group *group, uint64_t pages, uint64_t objects, uint64_t nodes)
{
	lock_acquire(&group_lock);
	for (struct group *g = group; g; g = g->parent) {
		ASSERT(g->pages_used >= pages && g->objects_used >= objects && g->nodes_used >= nodes);
		add(g, -pages, -objects, -nodes);
	}
	/* Those above it are still charged for it itself. */
	bool ends = __builtin_expect(!group->weight, 0) && group->abandoned;
	lock_release(&group_lock);
	if (ends)
		reaper_bury(&group->object);
}

uint32_t group_join(struct group *group, struct process *process)
{
	struct group *g;
	lock_acquire(&group_lock);
	for (g = group; g && g->processes_used < g->processes_limit; g = g->parent)
		;
	for (struct group *counted = g ? 0 : group; counted; counted = counted->parent)
		counted->processes_used++;
	lock_release(&group_lock);
	if (g)
		return ERR_FULL;
	object_reference(&group->object);
	process->group = group;
	process->counted = true;
	return ERR_OK;
}

uint32_t group_confine(struct process *process, struct group *group)
{
	struct group *former = process->group;
	ASSERT(group->parent == former);
	if (!process->counted)
		return ERR_DEAD;
	group->processes_used++;
	object_reference(&group->object);
	process->group = group;
	object_release(&former->object);
	return ERR_OK;
}

void group_leave(struct process *process)
{
	if (!process->counted)
		return;
	process->counted = false;
	lock_acquire(&group_lock);
	for (struct group *g = process->group; g; g = g->parent)
		g->processes_used--;
	lock_release(&group_lock);
}

struct group *group_of_number(uint32_t number)
{
	ASSERT(number < GROUPS_MAX && groups[number]);
	return groups[number];
}

uint32_t group_charge_memory(struct group *group, uint64_t pages, uint64_t nodes)
{
	return charge(group, pages, 0, nodes);
}

void group_return_memory(struct group *group, uint64_t pages, uint64_t nodes)
{
	give_back(group, pages, 0, nodes);
}

uint32_t group_charge_pages(struct group *group, uint64_t pages)
{
	return charge(group, pages, 0, 0);
}

void group_return_pages(struct group *group, uint64_t pages)
{
	give_back(group, pages, 0, 0);
}

uint32_t group_charge_object(struct group *group)
{
	return charge(group, 0, 1, 0);
}

void group_return_object(struct group *group)
{
	give_back(group, 0, 1, 0);
}
