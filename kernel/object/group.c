#include "object/group.h"

#include "core/lock.h"
#include "core/panic.h"
#include "mm/page_tree.h"

#define OBJECTS_PER_PAGE 2u /* of the largest */
#define RESERVE_DIVISOR 16u

static struct group first_group, second_group;
struct group *group_root = &first_group;
struct group *group_programs = &second_group;

/* By number; there are only these two yet. */
static struct group *groups[2];
static uint32_t count;

_Static_assert(sizeof groups / sizeof *groups <= PAGE_TREE_PAYERS, "a number fits in a page's note");

/* All counts of all groups. */
static struct lock group_lock = LOCK_INIT(RANK_GROUP, "groups");

static void init(struct group *group, struct group *parent, uint64_t pages_limit)
{
	group->parent = parent;
	group->pages_limit = pages_limit;
	group->objects_limit = UINT64_MAX;
	group->number = count;
	groups[count++] = group;
	if (object_init(&group->object, OBJECT_GROUP, group_root))
		panic("the first groups cannot be charged for themselves");
}

void group_init(uint64_t pages_limit, uint64_t pages_available)
{
	init(group_root, 0, pages_limit);
	init(group_programs, group_root, pages_available - pages_available / RESERVE_DIVISOR);
}

/* Whether it is within its limits. Objects and nodes lie in memory too, which is not charged by the page. */
static inline bool is_within(const struct group *group)
{
	uint64_t beside = group->objects_used / OBJECTS_PER_PAGE + group->nodes_used / PAGE_TREE_NODES_PER_PAGE;
	return group->objects_used <= group->objects_limit && group->pages_used + beside <= group->pages_limit;
}

static inline void take_back(struct group *group, uint64_t pages, uint64_t objects, uint64_t nodes)
{
	group->pages_used -= pages;
	group->objects_used -= objects;
	group->nodes_used -= nodes;
}

/* Adds to the counts of a group and all above it, or to none of them. */
static uint32_t charge(struct group *group, uint64_t pages, uint64_t objects, uint64_t nodes)
{
	struct group *g;
	if (pages > group->pages_limit)
		return ERR_QUOTA; /* nor can the sums overflow */
	lock_acquire(&group_lock);
	for (g = group; g; g = g->parent) {
		g->pages_used += pages;
		g->objects_used += objects;
		g->nodes_used += nodes;
		if (!is_within(g))
			break;
	}
	for (struct group *undone = group; g && undone != g->parent; undone = undone->parent)
		take_back(undone, pages, objects, nodes);
	lock_release(&group_lock);
	return g ? ERR_QUOTA : ERR_OK;
}

static void give_back(struct group *group, uint64_t pages, uint64_t objects, uint64_t nodes)
{
	lock_acquire(&group_lock);
	for (struct group *g = group; g; g = g->parent) {
		ASSERT(g->pages_used >= pages && g->objects_used >= objects && g->nodes_used >= nodes);
		take_back(g, pages, objects, nodes);
	}
	lock_release(&group_lock);
}

struct group *group_of_number(uint32_t number)
{
	ASSERT(number < count);
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
