/* The entries of a directory of the tree, from a place on that a client can come back to. */
#pragma once

#include "user/lib/request.h"
#include "user/servers/initfsd/tree.h"

struct listing {
	uint64_t place; /* how many entries were listed */
	uint32_t next;  /* the child to list next, or TREE_NONE */
};

/* Goes to a place; behind the last entry it is the end. */
void children_seek(const struct tree *tree, const struct tree_node *directory, uint64_t place, struct listing *out);

/* Answers FS_readdir: as many entries as fit into the caller's buffer and ours. */
MUST_CHECK status_t children_answer(const struct tree *tree, struct listing *listing, struct request *request);
