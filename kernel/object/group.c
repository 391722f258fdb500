#include "object/group.h"

#include "core/lock.h"
#include "core/panic.h"
#include "mm/page_tree.h"

#define OBJECTS_PER_PAGE 2u /* of the largest */
#define RESERVE_DIVISOR 16u
#define PAGE_WEIGHT (OBJECTS_PER_PAGE * PAGE_TREE_NODES_PER_PAGE)
#define PAGES_LIMIT_MAX (UINT64_MAX / PAGE_WEIGHT / 2) /* so that sums do not overflow: far more than there are */

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
	group->pages_limit = pages_limit < PAGES_LIMIT_MAX ? pages_limit : PAGES_LIMIT_MAX;
	group->weight_limit = group->pages_limit * PAGE_WEIGHT;
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
