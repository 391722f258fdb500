/* A mount table: see mounts.h. */
#include "user/servers/vfs/mounts.h"

#include <string.h>

#include "abi/proto/fs.h"
#include "user/lib/server.h"

/* The root is "" here. */
static size_t effective_length(const char *path, size_t length)
{
	return length == 1 && *path == '/' ? 0 : length;
}

/* The first bytes of a path, as many as there are up to eight, and 1s for each of them. */
STATE_QUIET static uint64_t head_of(const char *path, size_t length, uint64_t *out_mask)
{
	uint64_t head = 0;
	if (length >= sizeof head) {
		*out_mask = UINT64_MAX;
		(memcpy)(&head, path, sizeof head); /* no store to the state */
		return head;
	}
	*out_mask = (1ull << length * 8) - 1;
	while (length--)
		head = head << 8 | (uint8_t)path[length];
	return head;
}

/* Takes `path` over. */
static struct mount make_mount(char *path, size_t length, handle_t file_system)
{
	struct mount mount = {.path = path, .length = length, .file_system = file_system};
	mount.head = head_of(path, length, &mount.head_mask);
	return mount;
}

/* Of a path that is not the root. */
static unsigned chain_of(const char *path)
{
	return path[1] & (MOUNTS_CHAINS - 1);
}

/* Builds the chains anew, after any change. */
static void chain(struct mounts *mounts)
{
	mounts->root = 0;
	memset(mounts->alike, 0, sizeof mounts->alike);
	for (unsigned i = 0; i < mounts->count; i++) {
		struct mount *mount = &mounts->mount[i];
		uint8_t *first = mount->length ? &mounts->alike[chain_of(mount->path)] : &mounts->root;
		mount->next_alike = *first;
		*first = (uint8_t)(i + 1);
	}
}

/* The mount at this very path. */
static struct mount *find_exact(struct mounts *mounts, const char *path)
{
	size_t length = effective_length(path, strlen(path));
	for (unsigned i = 0; i < mounts->count; i++)
		if (mounts->mount[i].length == length && !memcmp(mounts->mount[i].path, path, length))
			return &mounts->mount[i];
	return NULL;
}

/* With a NUL behind it. */
static char *copy_text(const char *text, size_t length)
{
	char *copy = state_alloc(length + 1);
	if (copy)
		memcpy(copy, text, length);
	return copy;
}

struct mount *mounts_leased(struct mounts *mounts, const char *path)
{
	struct mount_place place;
	if (mounts_find(mounts, path, strlen(path), &place) || !place.mount->lease)
		return NULL;
	return &mounts->mount[place.mount - mounts->mount];
}

bool mounts_have_below(const struct mounts *mounts, const struct mount *mount)
{
	for (unsigned i = 0; i < mounts->count; i++) {
		const struct mount *other = &mounts->mount[i];
		if (other->length > mount->length && other->path[mount->length] == '/' &&
		        !memcmp(other->path, mount->path, mount->length))
			return true;
	}
	return false;
}

status_t mounts_set(struct mounts *mounts, const char *path, handle_t file_system, handle_t *out_replaced)
{
	struct mount *mount = find_exact(mounts, path);
	if (mount) {
		*out_replaced = mount->file_system;
		mount->file_system = file_system;
		mount->no_lease = false;
		return ERR_OK;
	}
	if (mounts->count == MOUNTS_MAX)
		return ERR_FULL;
	size_t length = effective_length(path, strlen(path));
	char *copy = copy_text(path, length);
	if (!copy)
		return ERR_NO_MEMORY;
	mounts->mount[mounts->count++] = make_mount(copy, length, file_system);
	chain(mounts);
	*out_replaced = HANDLE_NONE;
	return ERR_OK;
}

status_t mounts_remove(struct mounts *mounts, const char *path, handle_t *out_file_system)
{
	struct mount *mount = find_exact(mounts, path);
	if (!mount)
		return ERR_NOT_FOUND;
	*out_file_system = mount->file_system;
	state_free(mount->path);
	size_t behind = mounts->count - (size_t)(mount + 1 - mounts->mount);
	memmove(mount, mount + 1, behind * sizeof *mount);
	mounts->count--;
	chain(mounts);
	return ERR_OK;
}

STATE_QUIET status_t mounts_find(const struct mounts *mounts, const char *path, size_t length, struct mount_place *out)
{
	const struct mount *best = mounts->root ? &mounts->mount[mounts->root - 1] : NULL;
	length = effective_length(path, length);
	bool above = !length && mounts->count > 1;
	uint64_t mask, head = head_of(path, length, &mask);
	uint8_t next = length > 1 ? mounts->alike[chain_of(path)] : 0;
	while (next) {
		const struct mount *mount = &mounts->mount[next - 1];
		next = mount->next_alike;
		if ((mount->head ^ head) & mount->head_mask & mask)
			continue;
		if (mount->length > length) {
			above = above || (mount->path[length] == '/' && !memcmp(mount->path, path, length));
		} else if ((!best || mount->length > best->length) && (mount->length == length || path[mount->length] == '/') &&
		        !memcmp(mount->path, path, mount->length)) {
			best = mount;
		}
	}
	if (!best)
		return ERR_NOT_FOUND;
	*out = (struct mount_place){best, best->length == length, above};
	return ERR_OK;
}

/* As mounts_name_in, whatever others have. */
static const char *name_below(const struct mount *mount, const char *path, size_t length, size_t *out_length)
{
	length = effective_length(path, length);
	if (mount->length <= length || mount->path[length] != '/' || memcmp(mount->path, path, length))
		return NULL;
	const char *name = mount->path + length + 1;
	*out_length = strcspn(name, "/");
	return name;
}

const char *mounts_name_in(
        const struct mounts *mounts, unsigned i, const char *path, size_t length, size_t *out_length, bool *out_exact)
{
	const char *name = name_below(&mounts->mount[i], path, length, out_length);
	*out_exact = name && !name[*out_length];
	for (unsigned before = 0; name && before < i; before++) {
		size_t other_length;
		const char *other = name_below(&mounts->mount[before], path, length, &other_length);
		if (other && other_length == *out_length && !memcmp(other, name, other_length))
			return NULL;
	}
	return name;
}

bool mounts_have_name(const struct mounts *mounts, const char *path, size_t length, const char *name, size_t name_length)
{
	for (unsigned i = 0; i < mounts->count; i++) {
		size_t other_length;
		const char *other = name_below(&mounts->mount[i], path, length, &other_length);
		if (other && other_length == name_length && !memcmp(other, name, name_length))
			return true;
	}
	return false;
}

status_t mounts_copy(const struct mounts *from, bool with_handles, struct mounts *out)
{
	*out = (struct mounts){0};
	for (unsigned i = 0; i < from->count; i++) {
		const struct mount *mount = &from->mount[i];
		struct mount copy = *mount;
		copy.path = copy_text(mount->path, mount->length);
		copy.file_system = copy.lease = copy.keeper = HANDLE_NONE;
		status_t status = copy.path ? ERR_OK : ERR_NO_MEMORY;
		if (!status && with_handles)
			status = sys_handle_duplicate(mount->file_system, RIGHTS_ALL, &copy.file_system);
		if (status) {
			state_free(copy.path);
			mounts_free(out);
			return status;
		}
		out->mount[out->count++] = copy;
	}
	chain(out);
	return ERR_OK;
}

void mounts_free(struct mounts *mounts)
{
	for (unsigned i = 0; i < mounts->count; i++) {
		const handle_t handles[] = {mounts->mount[i].file_system, mounts->mount[i].lease, mounts->mount[i].keeper};
		for (unsigned k = 0; k < sizeof handles / sizeof *handles; k++)
			if (handles[k])
				state_close(handles[k]);
		state_free(mounts->mount[i].path);
	}
	mounts->count = 0;
}

/* Whether the chain that begins there ends, among `count` mounts. */
static bool check_chain(const struct mounts *mounts, uint8_t next)
{
	for (unsigned i = 0; next; i++) {
		if (next > mounts->count || i == mounts->count)
			return false;
		next = mounts->mount[next - 1].next_alike;
	}
	return true;
}

static bool check_lease(const struct mount *mount)
{
	if (!mount->lease)
		return !mount->keeper;
	return server_has_handle(mount->lease, OBJECT_SENDER) && server_has_handle(mount->keeper, OBJECT_SENDER);
}

bool mounts_check(const struct mounts *mounts, bool with_handles)
{
	if (mounts->count > MOUNTS_MAX || mounts->root > mounts->count)
		return false;
	for (unsigned i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->mount[i];
		if (mount->length >= FS_PATH_MAX || !state_holds(mount->path, mount->length + 1) ||
		        strlen(mount->path) != mount->length ||
		        (with_handles ? !server_has_handle(mount->file_system, OBJECT_SENDER)
		                      : mount->file_system != HANDLE_NONE) ||
		        !check_lease(mount))
			return false;
	}
	for (unsigned i = 0; i < MOUNTS_CHAINS; i++)
		if (!check_chain(mounts, mounts->alike[i]))
			return false;
	return true;
}
