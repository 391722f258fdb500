/* Walking a path through the tree, with symbolic links: see tree.h. */
#include <string.h>

#include "abi/proto/fs.h"
#include "common/path.h"
#include "user/servers/initfsd/tree.h"
#include "user/servers/initfsd/tree_name.h"

/* What is still to be walked. With each link its target is put before the rest, into the buffer that the rest is not in. */
struct walk {
	uint32_t base, node;
	uint32_t links;
	const char *rest;
	uint64_t left; /* bytes of the path behind the name of the first link */
	char buffer[2][FS_PATH_MAX];
	unsigned used; /* which of the buffers `rest` is in */
};

static bool is_absolute(const char *target)
{
	size_t name, rest;
	return *target == '/' || path_is_uri(target, &name, &rest);
}

/* The target, then what was left of the path: in the other buffer, since the rest is in this one. */
static status_t follow_link(struct walk *walk, const struct tree_node *link)
{
	char *joined = walk->buffer[walk->used ^= 1];
	size_t target = strlen(link->link), rest = strlen(walk->rest);

	if (!walk->links)
		walk->left = rest;
	if (is_absolute(link->link))
		return ERR_REDIRECT;
	if (++walk->links > FS_LINKS_MAX)
		return ERR_LINK_LOOP;
	if (target >= FS_PATH_MAX || rest >= FS_PATH_MAX - target)
		return ERR_NAME_TOO_LONG;
	memcpy(joined, link->link, target);
	memcpy(joined + target, walk->rest, rest + 1);
	walk->rest = joined;
	return ERR_OK;
}

/* One name: the rest begins behind it, with its slash if there is one. */
static status_t step(const struct tree *tree, struct walk *walk, const char *name, size_t length, bool follow)
{
	const struct tree_node *here = &tree->nodes[walk->node];

	if (here->kind != FS_KIND_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	if (!length || (length == 1 && *name == '.'))
		return ERR_OK;
	if (length == 2 && !memcmp(name, "..", 2)) {
		if (walk->node == walk->base)
			return ERR_REDIRECT;
		walk->node = here->parent;
		return ERR_OK;
	}
	uint32_t inner = tree_name_find(tree, walk->node, name, length);
	if (inner == TREE_NONE)
		return walk->links ? ERR_REDIRECT : ERR_NOT_FOUND;
	const struct tree_node *node = &tree->nodes[inner];
	if (node->kind == FS_KIND_SYMLINK && (follow || *walk->rest))
		return follow_link(walk, node);
	walk->node = inner;
	return ERR_OK;
}

status_t tree_find(
        const struct tree *tree, uint32_t base, const char *path, bool follow, uint32_t *out_node, uint64_t *out_left)
{
	struct walk walk;

	walk.base = walk.node = base;
	walk.links = walk.used = 0;
	walk.rest = path;
	walk.left = 0;
	while (*walk.rest) {
		const char *name = walk.rest + strspn(walk.rest, "/");
		size_t length = strcspn(name, "/");
		/* A slash at the end (a link's target may have one) leaves an empty name, which asks for a directory. */
		walk.rest = name + length;
		status_t status = step(tree, &walk, name, length, follow);
		*out_left = walk.left;
		if (status)
			return status;
	}
	*out_node = walk.node;
	return ERR_OK;
}
