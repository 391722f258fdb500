/* Handles of a life before this one: see found.h. */
#include "user/lib/found.h"

#include <stdlib.h>
#include <unistd.h>

#include "user/lib/grants.h"

#define PATIENCE_MS 2000u /* for the ends of processes */

static _Thread_local struct {
	struct found *list; /* by number */
	size_t count;
} all;

static struct found *find(handle_t handle)
{
	for (size_t low = 0, high = all.count; low < high;) {
		size_t middle = (low + high) / 2;
		if (all.list[middle].handle == handle)
			return &all.list[middle];
		if (all.list[middle].handle < handle)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int by_handle(const void *a, const void *b)
{
	const struct found *first = a, *second = b;
	return first->handle < second->handle ? -1 : first->handle > second->handle;
}

/* What was granted is nobody's to close. */
static void name_grants(void)
{
	const struct start_block *block = grants_block();
	for (uint32_t i = 0; block && i < block->grant_count && i < START_GRANTS; i++)
		found_name(block->grants[i].handle);
}

status_t found_begin(void)
{
	uint64_t cursor = 0;
	uint32_t type, rights;
	handle_t handle;
	size_t room = 0;
	while (!sys_handle_walk(&cursor, &handle, &type, &rights)) {
		if (all.count == room) {
			room = room ? room * 2 : 256;
			struct found *larger = realloc(all.list, room * sizeof *larger);
			if (!larger)
				return ERR_NO_MEMORY;
			all.list = larger;
		}
		all.list[all.count++] = (struct found){handle, type, false};
	}
	if (all.count)
		qsort(all.list, all.count, sizeof *all.list, by_handle);
	name_grants();
	return ERR_OK;
}

struct found *found_list(size_t *out_count)
{
	*out_count = all.count;
	return all.list;
}

bool found_has(handle_t handle, uint32_t type)
{
	struct found *found = find(handle);
	if (!found || found->type != type)
		return false;
	found->named = true;
	return true;
}

void found_name(handle_t handle)
{
	struct found *found = find(handle);
	if (found)
		found->named = true;
}

void found_forget_names(void)
{
	for (size_t i = 0; i < all.count; i++)
		all.list[i].named = false;
	name_grants();
}

static bool has_ended(const struct found *found)
{
	struct process_info info;
	return sys_process_info(found->handle, &info) || info.state == PROCESS_ENDED;
}

static void end_process(const struct found *found)
{
	status_t killed = sys_process_kill(found->handle, PROCESS_STATUS_KILLED);
	(void)killed; /* it may have ended, or be another's whom it may not end */
}

/* By then its ports, interrupts and stamps are free again. One that rests when it has ended is let go of. */
void found_end_processes(void)
{
	unsigned patience = PATIENCE_MS;
	for (size_t i = 0; i < all.count; i++)
		if (!all.list[i].named && all.list[i].type == OBJECT_PROCESS)
			end_process(&all.list[i]);
	for (size_t i = 0; i < all.count; i++) {
		if (all.list[i].named || all.list[i].type != OBJECT_PROCESS)
			continue;
		for (; patience && !has_ended(&all.list[i]); patience--)
			usleep(1000);
		end_process(&all.list[i]);
	}
}

void found_end(void)
{
	for (size_t i = 0; i < all.count; i++)
		if (!all.list[i].named)
			sys_handle_close(all.list[i].handle);
	free(all.list);
	all.list = NULL;
	all.count = 0;
}
