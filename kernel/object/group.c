#include "object/group.h"

#include "core/lock.h"
#include "core/panic.h"

static struct group first_group;
struct group *group_root = &first_group;

/* All counts of all groups. */
static struct lock group_lock = LOCK_INIT(RANK_GROUP, "groups");

void group_init(uint64_t pages_limit)
{
	group_root->pages_limit = pages_limit;
	group_root->objects_limit = UINT64_MAX;
	if (object_init(&group_root->object, OBJECT_GROUP, group_root))
		panic("the first group cannot be charged for itself");
}

/* Adds to one of the two counts of a group and all above it, or to none of them. */
static uint32_t charge(struct group *group, uint64_t pages, uint64_t objects)
{
	uint32_t error = ERR_OK;
	lock_acquire(&group_lock);
	for (struct group *g = group; g && !error; g = g->parent) {
		if (pages > g->pages_limit - g->pages_used || objects > g->objects_limit - g->objects_used)
			error = ERR_QUOTA;
	}
	for (struct group *g = group; g && !error; g = g->parent) {
		g->pages_used += pages;
		g->objects_used += objects;
	}
	lock_release(&group_lock);
	return error;
}

static void give_back(struct group *group, uint64_t pages, uint64_t objects)
{
	lock_acquire(&group_lock);
	for (struct group *g = group; g; g = g->parent) {
		ASSERT(g->pages_used >= pages && g->objects_used >= objects);
		g->pages_used -= pages;
		g->objects_used -= objects;
	}
	lock_release(&group_lock);
}

uint32_t group_charge_pages(struct group *group, uint64_t pages)
{
	return charge(group, pages, 0);
}

void group_return_pages(struct group *group, uint64_t pages)
{
	give_back(group, pages, 0);
}

uint32_t group_charge_object(struct group *group)
{
	return charge(group, 0, 1);
}

void group_return_object(struct group *group)
{
	give_back(group, 0, 1);
}
