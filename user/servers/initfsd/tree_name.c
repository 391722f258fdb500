/* Names of one directory: see tree_name.h. */
#include "user/servers/initfsd/tree_name.h"

#include <string.h>

/* FNV-1a, begun with the parent. Whoever makes the archive could make its look-ups slow, and harms nobody else by it. */
uint64_t tree_name_hash(uint32_t parent, const char *name, size_t length)
{
	uint64_t hash = (0xcbf29ce484222325ull ^ parent) * 0x100000001b3ull;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3ull;
	return hash;
}

uint32_t tree_name_find(const struct tree *tree, uint32_t parent, const char *name, size_t length)
{
	uintptr_t first = (uintptr_t)table_find(&tree->by_name, tree_name_hash(parent, name, length));
	uint32_t number = first ? (uint32_t)(first - 1) : TREE_NONE;
	while (number != TREE_NONE) {
		const struct tree_node *node = &tree->nodes[number];
		if (node->parent == parent && !strncmp(node->name, name, length) && !node->name[length])
			break;
		number = node->next_alike;
	}
	return number;
}
