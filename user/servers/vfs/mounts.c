/* The mount table: see mounts.h. Sixty-four entries are looked through faster than any index of them. */
#include "user/servers/vfs/mounts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool begins_with(const char *path, const struct mount *mount)
{
	return !strncmp(path, mount->path, mount->length) && (!path[mount->length] || path[mount->length] == '/');
}

status_t mounts_set(struct mounts *mounts, const char *path, handle_t file_system, handle_t *out_replaced)
{
	size_t length = strlen(path);
	if (length == 1)
		length = 0;
	for (unsigned i = 0; i < mounts->count; i++) {
		struct mount *mount = &mounts->mount[i];
		if (mount->length != length || memcmp(mount->path, path, length))
			continue;
		*out_replaced = mount->file_system;
		mount->file_system = file_system;
		return ERR_OK;
	}
	if (mounts->count == MOUNTS_MAX)
		return ERR_FULL;
	char *copy = malloc(length + 1);
	if (!copy)
		return ERR_NO_MEMORY;
	memcpy(copy, path, length);
	copy[length] = 0;
	mounts->mount[mounts->count++] = (struct mount){copy, length, file_system};
	*out_replaced = HANDLE_NONE;
	return ERR_OK;
}

status_t mounts_find(const struct mounts *mounts, const char *path, handle_t *out_file_system, size_t *out_skip)
{
	const struct mount *best = NULL;
	for (unsigned i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->mount[i];
		if ((!best || mount->length > best->length) && begins_with(path, mount))
			best = mount;
	}
	if (!best)
		return ERR_NOT_FOUND;
	*out_file_system = best->file_system;
	*out_skip = best->length;
	return ERR_OK;
}
