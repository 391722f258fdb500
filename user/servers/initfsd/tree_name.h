/* How a name is found in one directory of the tree: the step that building and finding share. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "user/servers/initfsd/tree.h"

/* The key of a name in a directory; different names may share one. */
uint64_t tree_name_hash(uint32_t parent, const char *name, size_t length);

/* The child of that name, or TREE_NONE. */
uint32_t tree_name_find(const struct tree *tree, uint32_t parent, const char *name, size_t length);
