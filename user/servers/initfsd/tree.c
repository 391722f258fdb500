/* The tree of an archive's files: see tree.h. How names are looked up in it is in tree_find.c. */
#include "user/servers/initfsd/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/proto/fs.h"
#include "user/servers/initfsd/tree_name.h"

#define NODES_MAX (1u << 24)

/* What is remembered while an archive is read: the last content, whose page may have to be cleaned behind it. */
struct builder {
	struct tree *tree;
	uint8_t *bytes;
	uint64_t size;
	uint32_t last; /* node with the content that ends last, or TREE_NONE */
	uint64_t last_end;
};

static uint64_t page_end(uint64_t offset)
{
	return (offset + TREE_PAGE - 1) / TREE_PAGE * TREE_PAGE;
}

static char *copy(const char *text, size_t length)
{
	char *copied = malloc(length + 1);
	if (copied) {
		memcpy(copied, text, length);
		copied[length] = 0;
	}
	return copied;
}

static bool reserve_node(struct tree *tree)
{
	if (tree->count < tree->capacity)
		return true;
	uint32_t capacity = tree->capacity ? tree->capacity * 2 : 256;
	if (capacity > NODES_MAX)
		return false;
	struct tree_node *nodes = realloc(tree->nodes, capacity * sizeof *nodes);
	if (!nodes)
		return false;
	tree->nodes = nodes;
	tree->capacity = capacity;
	return true;
}

/* A new directory without a name in its parent yet; TREE_NONE if there is no memory. */
static uint32_t new_node(struct tree *tree, const char *name, size_t length, uint32_t parent)
{
	if (!reserve_node(tree))
		return TREE_NONE;
	char *copied = copy(name, length);
	if (!copied)
		return TREE_NONE;
	tree->nodes[tree->count] = (struct tree_node){
	        .name = copied,
	        .kind = FS_KIND_DIRECTORY,
	        .mode = 0755,
	        .parent = parent,
	        .first_child = TREE_NONE,
	        .last_child = TREE_NONE,
	        .next_sibling = TREE_NONE,
	        .next_alike = TREE_NONE,
	};
	return tree->count++;
}

/* Adds a directory `name` to `parent`. */
static uint32_t add_child(struct tree *tree, uint32_t parent, const char *name, size_t length)
{
	uint64_t hash = tree_name_hash(parent, name, length);
	uint32_t node = new_node(tree, name, length, parent);
	if (node == TREE_NONE)
		return TREE_NONE;
	uintptr_t alike = (uintptr_t)table_find(&tree->by_name, hash);
	if (!table_put(&tree->by_name, hash, (void *)((uintptr_t)node + 1))) {
		free((char *)tree->nodes[--tree->count].name);
		return TREE_NONE;
	}
	tree->nodes[node].next_alike = alike ? (uint32_t)(alike - 1) : TREE_NONE;

	struct tree_node *above = &tree->nodes[parent];
	if (above->last_child == TREE_NONE)
		above->first_child = node;
	else
		tree->nodes[above->last_child].next_sibling = node;
	above->last_child = node;
	above->directories++;
	return node;
}

static status_t fault(struct tree_fault *out, const struct tar_member *member, const char *why)
{
	snprintf(out->text, sizeof out->text, "%.120s, at byte %llu, %s", member->path, (unsigned long long)member->start, why);
	return ERR_BAD_FORMAT;
}

static status_t no_memory(struct tree_fault *out)
{
	snprintf(out->text, sizeof out->text, "there is no memory for the index of its names");
	return ERR_NO_MEMORY;
}

/*
 * The node of a member's path, made if it is not there, with every directory on the way. Leading slashes, "." and double
 * slashes are nothing; ".." would lead out and is refused.
 */
static status_t place_of(struct tree *tree, const struct tar_member *member, uint32_t *out, struct tree_fault *out_fault)
{
	uint32_t node = TREE_ROOT;
	for (const char *name = member->path; *name;) {
		size_t length = strcspn(name, "/");
		if (length > FS_NAME_MAX)
			return fault(out_fault, member, "has a name of more than 255 bytes");
		if (length == 2 && !memcmp(name, "..", 2))
			return fault(out_fault, member, "has \"..\" in its path");
		if (length && !(length == 1 && *name == '.')) {
			if (tree->nodes[node].kind != FS_KIND_DIRECTORY)
				return fault(out_fault, member, "lies beneath something that is no directory");
			uint32_t inner = tree_name_find(tree, node, name, length);
			if (inner == TREE_NONE)
				inner = add_child(tree, node, name, length);
			if (inner == TREE_NONE)
				return no_memory(out_fault);
			node = inner;
		}
		name += length;
		name += strspn(name, "/");
	}
	*out = node;
	return ERR_OK;
}

/* Sets what lies behind the last content to zero, until the end of its page or the next content. */
static void clean_tail(struct builder *builder, uint64_t next_content)
{
	if (builder->last == TREE_NONE)
		return;
	uint64_t end = page_end(builder->last_end);
	struct tree_node *node = &builder->tree->nodes[builder->last];
	if (end > next_content) {
		end = next_content;
		node->mappable = false;
	}
	memset(builder->bytes + builder->last_end, 0, end - builder->last_end);
}

static void set_content(struct builder *builder, uint32_t number, const struct tar_member *member)
{
	struct tree_node *node = &builder->tree->nodes[number];
	if (member->size)
		clean_tail(builder, member->offset);
	node->offset = member->offset;
	node->size = member->size;
	node->mappable = member->offset % TREE_PAGE == 0 || !member->size;
	if (!member->size)
		return;
	builder->last = number;
	builder->last_end = member->offset + member->size;
}

/* A hard link has the content of another member, which comes before it. */
static status_t set_hard_link(struct tree *tree, uint32_t number, const struct tar_member *member, struct tree_fault *out_fault)
{
	char path[TAR_PATH_SIZE + 1];
	size_t length = 0;
	uint32_t target;
	uint64_t left;
	for (const char *from = member->link; *from;) {
		size_t name = strcspn(from, "/");
		if (name && !(name == 1 && *from == '.')) {
			path[length++] = '/';
			memcpy(path + length, from, name);
			length += name;
		}
		from += name;
		from += strspn(from, "/");
	}
	path[length] = 0;
	if (tree_find(tree, TREE_ROOT, path, false, &target, &left) || tree->nodes[target].kind != FS_KIND_FILE)
		return fault(out_fault, member, "is a hard link to something that is not a file before it");
	tree->nodes[number].offset = tree->nodes[target].offset;
	tree->nodes[number].size = tree->nodes[target].size;
	tree->nodes[number].mappable = tree->nodes[target].mappable;
	return ERR_OK;
}

static uint32_t fs_kind(enum tar_kind kind)
{
	switch (kind) {
	case TAR_DIRECTORY: return FS_KIND_DIRECTORY;
	case TAR_SYMLINK: return FS_KIND_SYMLINK;
	default: return FS_KIND_FILE;
	}
}

static status_t add_member(struct builder *builder, const struct tar_member *member, struct tree_fault *out_fault)
{
	struct tree *tree = builder->tree;
	uint32_t before = tree->count, number, kind = fs_kind(member->kind);
	status_t status = place_of(tree, member, &number, out_fault);
	if (status)
		return status;
	bool is_new = tree->count > before;
	struct tree_node *node = &tree->nodes[number];
	if (!is_new && (node->kind == FS_KIND_DIRECTORY) != (kind == FS_KIND_DIRECTORY))
		return fault(out_fault, member, "is there twice, once as a directory and once as something else");
	if (is_new && kind != FS_KIND_DIRECTORY)
		tree->nodes[node->parent].directories--;
	free((char *)node->link);
	node->link = NULL;
	node->kind = kind;
	node->mode = member->mode & 0777;
	node->modified = member->modified;
	if (member->kind == TAR_FILE)
		set_content(builder, number, member);
	if (member->kind == TAR_HARD_LINK)
		return set_hard_link(tree, number, member, out_fault);
	if (member->kind == TAR_SYMLINK) {
		if (!*member->link)
			return fault(out_fault, member, "is a symbolic link to nothing");
		node->size = strlen(member->link);
		node->link = copy(member->link, (size_t)node->size);
		if (!node->link)
			return no_memory(out_fault);
	}
	return ERR_OK;
}

static status_t read_members(struct builder *builder, struct tar_reader *reader, struct tree_fault *out_fault)
{
	struct tar_member member;
	enum tar_error error;
	while (!(error = tar_next(reader, &member))) {
		status_t status = add_member(builder, &member, out_fault);
		if (status)
			return status;
	}
	if (error == TAR_END) {
		clean_tail(builder, UINT64_MAX);
		return ERR_OK;
	}
	snprintf(out_fault->text, sizeof out_fault->text, "the member behind %.120s, at byte %llu, %s",
	        *reader->path ? reader->path : "the beginning", (unsigned long long)reader->failed_at, tar_error_text(error));
	return ERR_BAD_FORMAT;
}

status_t tree_build(struct tree *tree, uint8_t *bytes, uint64_t size, struct tree_fault *out_fault)
{
	struct tar_reader *reader = malloc(sizeof *reader);
	struct builder builder = {tree, bytes, size, TREE_NONE, 0};
	status_t status;

	*tree = (struct tree){0};
	if (!reader || new_node(tree, "", 0, TREE_ROOT) == TREE_NONE) {
		status = no_memory(out_fault);
	} else {
		tar_open(reader, bytes, size);
		status = read_members(&builder, reader, out_fault);
	}
	free(reader);
	if (status)
		tree_free(tree);
	return status;
}

void tree_free(struct tree *tree)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		free((char *)tree->nodes[i].name);
		free((char *)tree->nodes[i].link);
	}
	free(tree->nodes);
	table_free(&tree->by_name);
	*tree = (struct tree){0};
}
