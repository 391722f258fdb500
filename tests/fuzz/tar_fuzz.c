/*
 * Any bytes: the reader ends, stays inside the archive, and what it tells keeps the promises of tar.h; and initfsd's tree of
 * it has no loops, and finds what it lists. Checksums are made right first, or no header would ever be read.
 */
/* sources: common/tar.c common/path.c user/lib/table.c user/servers/initfsd/tree.c user/servers/initfsd/tree_find.c user/servers/initfsd/tree_name.c */
/* sources: user/lib/state.c user/lib/state_memory.c tests/host/fake/calls.c tests/host/fake/calls_process.c */
/* sources: tests/host/fake/calls_grants.c tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* flags: -DCALL_TO_FAKE_KERNEL -Itests/host */
/* libraries: -lpthread */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/proto/fs.h"
#include "common/tar.h"
#include "user/servers/initfsd/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
	if (!holds)
		abort();
}

/* Where the magic is, the sum is made to fit. */
static void repair(uint8_t *bytes, size_t size)
{
	for (size_t at = 0; size - at >= TAR_BLOCK; at += TAR_BLOCK) {
		unsigned sum = 8 * ' ';
		if (memcmp(bytes + at + 257, "ustar", 5))
			continue;
		for (int i = 0; i < TAR_BLOCK; i++)
			sum += i < 148 || i >= 156 ? bytes[at + i] : 0;
		snprintf((char *)bytes + at + 148, 8, "%06o", sum);
	}
}

static void read_all(const uint8_t *bytes, size_t size)
{
	static struct tar_reader reader;
	struct tar_member member;
	uint64_t before = 0;

	tar_open(&reader, bytes, size);
	while (!tar_next(&reader, &member)) {
		demand(member.start >= before && member.start < member.offset && member.start % TAR_BLOCK == 0);
		demand(member.offset <= size && member.size <= size - member.offset);
		demand(*member.path && strlen(member.path) < TAR_PATH_SIZE && strlen(member.link) < TAR_PATH_SIZE);
		before = member.offset + member.size;
	}
	demand(reader.failed_at >= before);
}

/* The path of a node, from the end of the buffer backwards; an endless chain of parents would overrun it. */
static const char *path_of(const struct tree *tree, uint32_t node, char *end)
{
	*--end = 0;
	for (unsigned depth = 0; node != TREE_ROOT; node = tree->nodes[node].parent) {
		size_t length = strlen(tree->nodes[node].name);
		demand(++depth <= TAR_PATH_SIZE && length && length <= FS_NAME_MAX);
		end -= length;
		memcpy(end, tree->nodes[node].name, length);
		*--end = '/';
	}
	return end;
}

static void build_tree(const uint8_t *bytes, size_t size)
{
	static char path[3 * TAR_PATH_SIZE];
	static struct tree_fault fault;
	struct tree tree;
	size_t whole = (size + TREE_PAGE - 1) / TREE_PAGE * TREE_PAGE;
	uint8_t *copy = calloc(1, whole ? whole : 1);
	uint32_t found, listed = 1;
	uint64_t left;

	memcpy(copy, bytes, size);
	if (tree_build(&tree, copy, size, &fault)) {
		demand(*fault.text && !tree.nodes);
		free(copy);
		return;
	}
	for (uint32_t i = 0; i < tree.count; i++) {
		const struct tree_node *node = &tree.nodes[i];
		demand(node->kind == FS_KIND_DIRECTORY || node->first_child == TREE_NONE);
		if (node->kind == FS_KIND_FILE)
			demand(node->offset <= size && node->size <= size - node->offset);
		for (uint32_t child = node->first_child; child != TREE_NONE; child = tree.nodes[child].next_sibling, listed++)
			demand(tree.nodes[child].parent == i && listed < tree.count);
		demand(!tree_find(&tree, TREE_ROOT, path_of(&tree, i, path + sizeof path), false, &found, &left) && found == i);
		/* Following must end, wherever it does. */
		if (!tree_find(&tree, TREE_ROOT, path_of(&tree, i, path + sizeof path), true, &found, &left))
			demand(found < tree.count && tree.nodes[found].kind != FS_KIND_SYMLINK);
	}
	demand(listed == tree.count);
	tree_free(&tree);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size ? size : 1);
	memcpy(bytes, data, size);
	repair(bytes, size);
	read_all(bytes, size);
	build_tree(bytes, size);
	free(bytes);
	return 0;
}
