/* What changes names: see tree.h. */
#include "user/servers/tmpfs/tree.h"

#include <string.h>

#include "user/lib/state.h"

/* Whether a name can be put there. */
static status_t check_empty(const struct place *place)
{
	if (place->node)
		return ERR_EXISTS;
	return place->parent->directory.parent ? ERR_OK : ERR_NOT_FOUND;
}

/* Puts an unnamed node into place; on an error it is freed. */
static status_t put(const struct place *place, struct node *node)
{
	struct directory *directory = &place->parent->directory;
	if (!directory_add(directory, place->name, place->length, node)) {
		node_forget(node);
		return ERR_DISK_FULL;
	}
	node->links++;
	if (node->kind == FS_KIND_DIRECTORY) {
		node->links++;
		node->directory.parent = place->parent;
		place->parent->links++;
	}
	node_touch_modified(place->parent);
	return ERR_OK;
}

status_t tree_make(const struct place *place, uint32_t kind, uint32_t mode, struct node **out)
{
	struct node *node;
	status_t status = check_empty(place);
	if (!status && place->directory && kind != FS_KIND_DIRECTORY)
		status = ERR_NOT_FOUND;
	if (!status)
		status = node_create(place->parent->volume, kind, mode, &node);
	if (!status)
		status = put(place, node);
	if (!status)
		*out = node;
	return status;
}

status_t tree_make_link(const struct place *place, const char *target, size_t length)
{
	struct node *node;
	status_t status = check_empty(place);
	if (!status)
		status = node_create(place->parent->volume, FS_KIND_SYMLINK, 0777, &node);
	if (status)
		return status;
	node->target.text = state_alloc(length + 1);
	if (!node->target.text) {
		node_forget(node);
		return ERR_NO_MEMORY;
	}
	memcpy(node->target.text, target, length);
	node->target.text[length] = 0;
	node->target.length = (uint32_t)length;
	return put(place, node);
}

/* A name less for a node whose entry is gone already. */
static void lose_name(struct node *parent, struct node *node)
{
	if (node->kind == FS_KIND_DIRECTORY) {
		node->links = 0;
		node->directory.parent = NULL;
		parent->links--;
	} else {
		node->links--;
	}
	node_touch_changed(node);
	node_forget(node);
}

status_t tree_unlink(const struct place *place, bool directory)
{
	struct node *node = place->node, *parent = place->parent;
	if (!node)
		return ERR_NOT_FOUND;
	if (!place->entry)
		return ERR_BUSY;
	if (directory && node->kind != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	if (!directory && node->kind == FS_KIND_DIRECTORY)
		return ERR_IS_DIRECTORY;
	if (directory && node->directory.count)
		return ERR_NOT_EMPTY;
	directory_remove(&parent->directory, place->entry);
	node_touch_modified(parent);
	lose_name(parent, node);
	return ERR_OK;
}

status_t tree_link(struct node *node, const struct place *place)
{
	status_t status = check_empty(place);
	if (status)
		return status;
	if (node->kind == FS_KIND_DIRECTORY)
		return ERR_NO_RIGHT;
	if (node->links >= VOLUME_LINKS_MAX)
		return ERR_TOO_MANY_LINKS;
	if (!node->links || place->directory)
		return ERR_NOT_FOUND;
	if (!directory_add(&place->parent->directory, place->name, place->length, node))
		return ERR_DISK_FULL;
	node->links++;
	node_touch_changed(node);
	node_touch_modified(place->parent);
	return ERR_OK;
}

/* Whether a directory is `inner` or lies above it. */
static bool is_above(const struct node *directory, const struct node *inner)
{
	for (;;) {
		if (inner == directory)
			return true;
		if (!inner || inner == inner->directory.parent)
			return false;
		inner = inner->directory.parent;
	}
}

/* Whether what is at `from` may take the place of what is at `to`. */
static status_t check_replaced(const struct node *from, const struct node *to)
{
	if (from->kind == FS_KIND_DIRECTORY && to->kind != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	if (from->kind != FS_KIND_DIRECTORY && to->kind == FS_KIND_DIRECTORY)
		return ERR_IS_DIRECTORY;
	return to->kind == FS_KIND_DIRECTORY && to->directory.count ? ERR_NOT_EMPTY : ERR_OK;
}

/* A directory has another parent from now on. */
static void move_parent(struct node *node, struct node *from, struct node *to)
{
	if (node->kind != FS_KIND_DIRECTORY)
		return;
	from->links--;
	to->links++;
	node->directory.parent = to;
}

static status_t exchange(const struct place *from, const struct place *to)
{
	struct node *first = from->node, *second = to->node;
	from->entry->node = second;
	to->entry->node = first;
	move_parent(first, from->parent, to->parent);
	move_parent(second, to->parent, from->parent);
	node_touch_changed(first);
	node_touch_changed(second);
	node_touch_modified(from->parent);
	node_touch_modified(to->parent);
	return ERR_OK;
}

/* All was checked. The entry that is there is used again, or one is made. */
static status_t move(const struct place *from, const struct place *to)
{
	struct node *node = from->node, *replaced = to->node;
	if (replaced)
		to->entry->node = node;
	else if (!directory_add(&to->parent->directory, to->name, to->length, node))
		return ERR_DISK_FULL;
	directory_remove(&from->parent->directory, from->entry);
	if (replaced)
		lose_name(to->parent, replaced);
	move_parent(node, from->parent, to->parent);
	node_touch_changed(node);
	node_touch_modified(from->parent);
	node_touch_modified(to->parent);
	return ERR_OK;
}

status_t tree_rename(const struct place *from, const struct place *to, uint32_t flags)
{
	if (!from->node || ((flags & FS_RENAME_EXCHANGE) && !to->node))
		return ERR_NOT_FOUND;
	if (!from->entry || (to->node && !to->entry))
		return ERR_BUSY;
	if (to->node && (flags & FS_RENAME_NO_REPLACE))
		return ERR_EXISTS;
	if (!to->parent->directory.parent)
		return ERR_NOT_FOUND;
	if (from->node->kind == FS_KIND_DIRECTORY && is_above(from->node, to->parent))
		return ERR_BAD_ARGUMENT;
	if (to->node && to->node->kind == FS_KIND_DIRECTORY && is_above(to->node, from->parent))
		return flags & FS_RENAME_EXCHANGE ? ERR_BAD_ARGUMENT : ERR_NOT_EMPTY;
	if (from->node == to->node)
		return ERR_OK;
	if (flags & FS_RENAME_EXCHANGE)
		return exchange(from, to);
	if (to->directory && from->node->kind != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	status_t status = to->node ? check_replaced(from->node, to->node) : ERR_OK;
	return status ? status : move(from, to);
}
