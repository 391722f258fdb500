/* Children are a list: going to a place walks there. */
#include "user/servers/initfsd/children.h"

#include <string.h>

#include "abi/proto/fs.h"

void children_seek(const struct tree *tree, const struct tree_node *directory, uint64_t place, struct listing *out)
{
	*out = (struct listing){.next = directory->first_child};
	for (; out->place < place && out->next != TREE_NONE; out->place++)
		out->next = tree->nodes[out->next].next_sibling;
}

/* Appends the entry of a node to `to`, which has room for `room` bytes; 0 if it does not fit. */
static uint32_t put_entry(const struct tree *tree, char *to, uint64_t room, uint32_t number, uint64_t next)
{
	const struct tree_node *node = &tree->nodes[number];
	size_t length = strlen(node->name);
	size_t size = (sizeof(struct fs_entry) + length + 1 + 7) / 8 * 8;
	if (size > room)
		return 0;
	struct fs_entry *entry = (struct fs_entry *)(void *)to;
	memset(to, 0, size);
	*entry = (struct fs_entry){number + 1, node->kind, (uint16_t)size, (uint16_t)length, next};
	memcpy(entry->name, node->name, length);
	return (uint32_t)size;
}

status_t children_answer(const struct tree *tree, struct listing *listing, struct request *request)
{
	_Alignas(8) char entries[8192];
	struct listing now = *listing;
	uint64_t room = request->writable < sizeof entries ? request->writable : sizeof entries, bytes = 0;
	uint32_t size;

	while (now.next != TREE_NONE && (size = put_entry(tree, entries + bytes, room - bytes, now.next, now.place + 1))) {
		bytes += size;
		now.place++;
		now.next = tree->nodes[now.next].next_sibling;
	}
	if (now.next != TREE_NONE && !bytes)
		return ERR_TOO_LARGE;
	status_t status = request_write(request, 0, entries, bytes);
	if (status)
		return status;
	*listing = now;
	request->answer.word[0] = bytes;
	return ERR_OK;
}
