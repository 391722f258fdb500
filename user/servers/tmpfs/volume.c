/* Volumes and their nodes: see volume.h. */
#include "user/servers/tmpfs/volume.h"

#include "abi/proto/fs.h"
#include "user/servers/tmpfs/clock.h"
#include "user/servers/tmpfs/locks.h"
#include "user/lib/state.h"

#define NAMES_AT_ONCE 256u /* that one message takes away of a volume that is destroyed */

static struct node_time now(void)
{
	struct node_time time;
	clock_read(&time.seconds, &time.ns);
	return time;
}

status_t node_create(struct volume *volume, uint32_t kind, uint32_t mode, struct node **out)
{
	if (volume->nodes >= volume->nodes_max)
		return ERR_DISK_FULL;
	struct node *node = state_alloc(sizeof *node);
	if (!node)
		return ERR_NO_MEMORY;
	node->volume = volume;
	node->number = volume->next_node++;
	node->kind = kind;
	node->mode = mode & 07777;
	node->access = node->modify = node->change = now();
	volume->nodes++;
	node->next = volume->first;
	if (volume->first)
		volume->first->previous = node;
	volume->first = node;
	*out = node;
	return ERR_OK;
}

/* The volume goes once its root is gone and no node is left. */
static void forget_volume(struct volume *volume)
{
	if (volume->root || volume->nodes)
		return;
	if (volume->link)
		*volume->link = volume->next;
	if (volume->next)
		volume->next->link = volume->link;
	state_free(volume);
}

void node_forget(struct node *node)
{
	if (node->links || node->users)
		return;
	struct volume *volume = node->volume;
	if (node->kind == FS_KIND_FILE)
		content_free(&node->content, &volume->space);
	else if (node->kind == FS_KIND_DIRECTORY)
		directory_free(&node->directory);
	else if (node->kind == FS_KIND_SYMLINK)
		state_free(node->target.text);
	else if (!node_is_device(node) && node->token)
		state_close(node->token);
	locks_free(node);
	*(node->previous ? &node->previous->next : &volume->first) = node->next;
	if (node->next)
		node->next->previous = node->previous;
	state_free(node);
	volume->nodes--;
	forget_volume(volume);
}

void node_hold(struct node *node)
{
	node->users++;
}

void node_drop(struct node *node)
{
	node->users--;
	node_forget(node);
}

void node_touch_modified(struct node *node)
{
	node->modify = node->change = now();
}

void node_touch_changed(struct node *node)
{
	node->change = now();
}

static bool is_before(const struct node_time *a, const struct node_time *b)
{
	return a->seconds < b->seconds || (a->seconds == b->seconds && a->ns < b->ns);
}

void node_touch_accessed(struct node *node)
{
	if (!is_before(&node->modify, &node->access) || !is_before(&node->change, &node->access))
		node->access = now();
}

status_t volume_create(uint64_t number, uint64_t nodes_max, uint64_t pages_max, uint32_t root_mode, struct volume **out)
{
	struct volume *volume = state_alloc(sizeof *volume);
	if (!volume)
		return ERR_NO_MEMORY;
	volume->number = number;
	volume->next_node = 1;
	volume->nodes_max = nodes_max;
	volume->space.max = pages_max;
	status_t status = node_create(volume, FS_KIND_DIRECTORY, root_mode, &volume->root);
	if (status) {
		state_free(volume);
		return status;
	}
	volume->root->links = 2;
	volume->root->directory.parent = volume->root;
	*out = volume;
	return ERR_OK;
}

/* A directory that has lost its name, with the names in it. They can not be more: nobody adds to one without a name. */
static void condemn(struct node *directory)
{
	struct volume *volume = directory->volume;
	directory->links = 0;
	directory->directory.parent = NULL;
	node_hold(directory);
	directory->directory.next_condemned = volume->condemned;
	volume->condemned = directory;
}

/* Takes one name out of it; false if there was none. */
static bool take_name(struct node *directory)
{
	struct entry *entry = directory_at(&directory->directory, 0);
	if (!entry)
		return false;
	struct node *node = entry->node;
	directory_remove(&directory->directory, entry);
	if (node->kind == FS_KIND_DIRECTORY) {
		condemn(node);
	} else {
		node->links--;
		node_forget(node);
	}
	return true;
}

void volume_destroy(struct volume *volume)
{
	struct node *root = volume->root;
	volume->root = NULL;
	condemn(root);
}

/* The volume goes with its last node, which is in the last directory or is that. */
bool volume_destroy_more(struct volume *volume)
{
	for (unsigned names = 0; volume->condemned; names++) {
		struct node *directory = volume->condemned;
		if (names == NAMES_AT_ONCE)
			return true;
		if (take_name(directory))
			continue;
		bool last = !directory->directory.next_condemned;
		volume->condemned = directory->directory.next_condemned;
		node_drop(directory);
		if (last)
			return false;
	}
	return false;
}
