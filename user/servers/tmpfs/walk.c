/* Walking a path: see walk.h. */
#include "user/servers/tmpfs/walk.h"

#include <string.h>

#include "common/path.h"

/* What is still to be walked. With each link its target is put before the rest, into that buffer which does not hold it. */
struct progress {
	struct node *base, *here;
	struct place *place;
	const char *rest;
	uint64_t left; /* bytes of the path behind the name of the first link */
	uint32_t links;
	unsigned used;
	bool follow;
};

static char buffers[2][FS_PATH_MAX];

/* The way leads out. */
static status_t redirect(struct progress *progress)
{
	progress->place->left = progress->left;
	return ERR_REDIRECT;
}

/* What was missing behind a link may be in another file system. */
static status_t missing(struct progress *progress)
{
	return progress->links ? redirect(progress) : ERR_NOT_FOUND;
}

static status_t follow_link(struct progress *progress, const struct node *link)
{
	const char *target = link->target.text;
	char *joined = buffers[progress->used ^= 1];
	size_t length = link->target.length, rest = strlen(progress->rest), name, behind;

	if (!progress->links)
		progress->left = rest;
	if (*target == '/' || path_is_uri(target, &name, &behind))
		return redirect(progress);
	if (++progress->links > FS_LINKS_MAX)
		return ERR_LINK_LOOP;
	if (length + rest >= FS_PATH_MAX)
		return ERR_NAME_TOO_LONG;
	memcpy(joined, target, length);
	memcpy(joined + length, progress->rest, rest + 1);
	progress->rest = joined;
	return ERR_OK;
}

static void set_last(struct progress *progress, const char *name, size_t length, struct entry *entry)
{
	struct place *place = progress->place;
	place->parent = progress->here;
	place->name = name;
	place->length = (uint32_t)length;
	place->entry = entry;
	place->node = entry ? entry->node : NULL;
	if (progress->links) {
		memcpy(place->copy, name, length);
		place->name = place->copy;
		place->left = progress->left;
	}
}

/* Up, as only a link's target says. */
static status_t step_up(struct progress *progress)
{
	if (progress->here == progress->base)
		return redirect(progress);
	progress->here = progress->here->directory.parent;
	progress->place->node = progress->here;
	progress->place->entry = NULL;
	progress->place->parent = NULL;
	return progress->here ? ERR_OK : ERR_NOT_FOUND;
}

/* One name, not empty; `last` if nothing but slashes comes behind it. */
static status_t step(struct progress *progress, const char *name, size_t length, bool last, bool slash)
{
	if (progress->here->kind != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	if (length == 1 && *name == '.')
		return ERR_OK;
	if (length == 2 && !memcmp(name, "..", 2))
		return step_up(progress);
	if (length > FS_NAME_MAX)
		return ERR_NAME_TOO_LONG;
	/* One that was removed may still have names, of a volume that is destroyed. */
	bool removed = !progress->here->directory.parent;
	struct entry *entry = removed ? NULL : directory_find(&progress->here->directory, name, length);
	if (entry && entry->node->kind == FS_KIND_SYMLINK && (!last || slash || progress->follow))
		return follow_link(progress, entry->node);
	if (!entry && (!last || removed))
		return missing(progress);
	set_last(progress, name, length, entry);
	progress->place->directory = last && slash;
	if (entry)
		progress->here = entry->node;
	return ERR_OK;
}

status_t walk(struct node *base, const char *path, bool follow, struct place *out)
{
	struct progress progress = {.base = base, .here = base, .place = out, .rest = path, .follow = follow};

	out->parent = NULL;
	out->node = base;
	out->entry = NULL;
	out->directory = false;
	while (*progress.rest) {
		const char *name = progress.rest;
		while (*name == '/')
			name++;
		size_t length = 0;
		while (name[length] && name[length] != '/')
			length++;
		const char *behind = name + length;
		while (*behind == '/')
			behind++;
		bool slash = name[length] == '/';
		progress.rest = name + length;
		if (!length)
			break;
		status_t status = step(&progress, name, length, !*behind, slash);
		if (status)
			return status;
		if (!out->node && !*behind)
			break;
	}
	return out->node && out->directory && out->node->kind != FS_KIND_DIRECTORY ? ERR_NOT_DIRECTORY : ERR_OK;
}

/* Only behind a link was the name copied; `left` is the first one's. */
status_t walk_missing(const struct place *place)
{
	return place->name == place->copy ? ERR_REDIRECT : ERR_NOT_FOUND;
}

status_t walk_to_node(struct node *base, const char *path, bool follow, struct place *out)
{
	status_t status = walk(base, path, follow, out);
	return status || out->node ? status : walk_missing(out);
}
