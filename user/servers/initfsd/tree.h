/*
 * The files of an archive as a tree: what initfsd looks names up in.
 *
 * Nodes are numbered from 0, the root. Each has its parent, its first child and its next sibling, children in the archive's
 * order, and is found by parent and name through a hash table, so that an open costs one look-up for each name of its path.
 * Directories that only occur within the paths of members are implied. A member that comes again replaces the earlier one, as
 * in any tar, unless one of both is a directory and the other is not.
 *
 * Names and link targets are copied. Contents stay in the archive; what lies between two of them (headers, filling) is set to
 * zero up to the end of the page once it has been read, so that a mapping of a file shows zeros behind its end, as POSIX has
 * it, and not the next member's header.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"
#include "common/tar.h"
#include "user/lib/table.h"

#define TREE_ROOT 0u
#define TREE_NONE UINT32_MAX
#define TREE_PAGE 4096u

struct tree_node {
	const char *name; /* "" for the root */
	const char *link; /* target of a symbolic link */
	uint64_t offset;  /* of the content in the archive */
	uint64_t size;    /* of the content; a link's: of its target */
	uint64_t modified;
	uint32_t kind;   /* FS_KIND_FILE, _DIRECTORY, _SYMLINK */
	uint32_t mode;   /* permission bits */
	uint32_t parent; /* the root's is itself */
	uint32_t first_child, last_child, next_sibling;
	uint32_t next_alike;  /* the next node whose parent and name have the same hash */
	uint32_t directories; /* how many children are such */
	handle_t copy;        /* HANDLE_NONE, or a frame with the content: for initfsd, if it is not mappable */
	bool mappable;        /* begins at a page and shares none with another content */
};

struct tree {
	struct tree_node *nodes;
	uint32_t count, capacity;
	struct table by_name; /* hash of parent and name → 1 + number of the first such node */
};

/* Why an archive was not taken: "sub/file, at byte 1024, has a wrong checksum". */
struct tree_fault {
	char text[256];
};

/*
 * Reads an archive of `size` bytes at `bytes`, which stays in use and is changed as said above; the memory reaches to the end
 * of its last page. ERR_BAD_FORMAT or ERR_NO_MEMORY with *out_fault; then nothing is left of the tree.
 */
status_t tree_build(struct tree *tree, uint8_t *bytes, uint64_t size, struct tree_fault *out_fault)
        __attribute__((warn_unused_result));

void tree_free(struct tree *tree);

/*
 * Finds what `path` names from `base` on: in normal form, or "" for `base` itself. Symbolic links on the way are followed, and a
 * last one if `follow`, as far as they stay below `base`. ERR_NOT_FOUND, ERR_NOT_DIRECTORY, ERR_LINK_LOOP, ERR_NAME_TOO_LONG;
 * ERR_REDIRECT for a link that is absolute, leads up and out, or to nothing, which may be in another file system: *out_left
 * bytes of the path are left behind the name of the first link on the way, from where the client goes on by text.
 */
status_t tree_find(const struct tree *tree, uint32_t base, const char *path, bool follow, uint32_t *out_node,
        uint64_t *out_left) __attribute__((warn_unused_result));
