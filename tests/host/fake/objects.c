#include "fake/objects.h"

#include <stdio.h>
#include <stdlib.h>

#include "mm/pages.h"
#include "mm/slab.h"
#include "object/frame.h"
#include "object/vmem.h"

struct group fake_group = {.pages_limit = UINT64_MAX, .objects_limit = UINT64_MAX};
struct group fake_other_group = {.pages_limit = UINT64_MAX, .objects_limit = UINT64_MAX, .number = 1};
struct group *group_root = &fake_group;
uint64_t fake_fail_in = UINT64_MAX;

static uint64_t counts[OBJECT_TYPES];
static struct object *dead;

static bool fails(void)
{
	if (fake_fail_in == UINT64_MAX || fake_fail_in-- > 0)
		return false;
	fake_fail_in = UINT64_MAX;
	return true;
}

uint32_t group_charge_memory(struct group *group, uint64_t pages, uint64_t nodes)
{
	if (fails() || pages > group->pages_limit - group->pages_used)
		return ERR_QUOTA;
	group->pages_used += pages;
	group->nodes_used += nodes;
	return ERR_OK;
}

void group_return_memory(struct group *group, uint64_t pages, uint64_t nodes)
{
	if (pages > group->pages_used || nodes > group->nodes_used) {
		printf("not ok group: more is returned than was charged\n");
		abort();
	}
	group->pages_used -= pages;
	group->nodes_used -= nodes;
}

uint32_t group_charge_pages(struct group *group, uint64_t pages)
{
	return group_charge_memory(group, pages, 0);
}

void group_return_pages(struct group *group, uint64_t pages)
{
	group_return_memory(group, pages, 0);
}

struct group *group_of_number(uint32_t number)
{
	return number ? &fake_other_group : &fake_group;
}

uint32_t object_init(struct object *object, enum object_type type, struct group *group)
{
	if (fails() || group->objects_used >= group->objects_limit)
		return ERR_QUOTA;
	group->objects_used++;
	object->type = type;
	object->references = 1;
	object->group = group;
	counts[type]++;
	return ERR_OK;
}

void object_end(struct object *object)
{
	counts[object->type]--;
	object->group->objects_used--;
}

void object_release(struct object *object)
{
	if (--object->references)
		return;
	object->next_dead = dead;
	dead = object;
}

uint64_t fake_reap(void)
{
	uint64_t steps = 0;

	while (dead) {
		struct object *object = dead;
		dead = object->next_dead;
		bool done;
		do {
			steps++;
			done = object->type == OBJECT_FRAME ? frame_destroy_step(object) : vmem_destroy_step(object);
		} while (!done);
	}
	return steps;
}

uint64_t fake_objects(enum object_type type)
{
	return counts[type];
}

/* FAKE_FAILURES: -Wl,--wrap=slab_alloc -Wl,--wrap=pages_alloc -Wl,--wrap=pages_alloc_run */
void *__real_slab_alloc(struct slab *slab);
void *__wrap_slab_alloc(struct slab *slab);
bool __real_pages_alloc(unsigned order, uint32_t flags, struct paddr *out);
bool __wrap_pages_alloc(unsigned order, uint32_t flags, struct paddr *out);
bool __real_pages_alloc_run(uint64_t count, uint32_t flags, struct paddr *out);
bool __wrap_pages_alloc_run(uint64_t count, uint32_t flags, struct paddr *out);

void *__wrap_slab_alloc(struct slab *slab)
{
	return fails() ? 0 : __real_slab_alloc(slab);
}

bool __wrap_pages_alloc(unsigned order, uint32_t flags, struct paddr *out)
{
	return !fails() && __real_pages_alloc(order, flags, out);
}

bool __wrap_pages_alloc_run(uint64_t count, uint32_t flags, struct paddr *out)
{
	return !fails() && __real_pages_alloc_run(count, flags, out);
}
