/*
 * Calls that name a path. Most are handed on at once; what concerns mount points and the directories above them, which no file
 * system knows of, is decided here.
 */
#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/servers/vfs/vfs.h"

status_t vfs_find(struct request *request, unsigned which, struct vfs_path *path, struct mount_place *out)
{
	const uint64_t *word = &request->word[2 * which];
	const struct mounts *mounts = vfs_table(request);
	if (!mounts)
		return ERR_NOT_SUPPORTED;
	path->length = word[1];
	path->text = request_carried(request, word[0], word[1]);
	if (!path->text) {
		if (path->length >= FS_PATH_MAX)
			return ERR_NAME_TOO_LONG;
		status_t status = request_read(request, word[0], path->buffer, path->length);
		if (status)
			return status;
		path->text = path->buffer;
	}
	if (!path->length)
		return ERR_NOT_FOUND;
	return *path->text == '/' ? mounts_find(mounts, path->text, path->length, out) : ERR_BAD_ARGUMENT;
}

const char *vfs_text(struct vfs_path *path)
{
	if (path->text != path->buffer)
		memcpy(path->buffer, path->text, path->length);
	path->buffer[path->length] = 0;
	return path->text = path->buffer;
}

/* Words `which` * 2 name what is left of the path behind the mount point. */
static void skip_mount(uint64_t *word, unsigned which, const struct mount_place *place)
{
	word[2 * which] += place->mount->length;
	word[2 * which + 1] -= place->exact ? word[2 * which + 1] : place->mount->length;
}

/* Hands the call on to the file system of its path. */
static status_t hand_on(struct request *request, const struct mount_place *place)
{
	uint64_t word[MESSAGE_WORDS];
	memcpy(word, request->word, sizeof word);
	skip_mount(word, 0, place);
	return request_forward(request, place->mount->file_system, word);
}

/* Nobody but vfs may know of the directory. */
static bool may_be_missing(const struct mount_place *place)
{
	return place->above && !place->exact;
}

status_t names_open(struct request *request)
{
	struct vfs_path path;
	struct mount_place place;
	status_t status = vfs_find(request, 0, &path, &place);
	if (status)
		return status;
	return place.above ? listing_open(request, vfs_table(request), vfs_text(&path), &place) : hand_on(request, &place);
}

status_t names_stat(struct request *request)
{
	struct vfs_path path;
	struct mount_place place;
	struct fs_stat stat;
	status_t status = vfs_find(request, 0, &path, &place);
	if (status)
		return status;
	if (!may_be_missing(&place))
		return hand_on(request, &place);
	const char *rest = vfs_text(&path) + place.mount->length;
	status = fs_stat(place.mount->file_system, rest, 1, deadline_in_ms(VFS_PATIENCE_MS), &stat);
	if (status)
		listing_fill_stat(&stat);
	return request_write(request, 0, &stat, sizeof stat);
}

/* What lies above a mount point is a directory. */
status_t names_readlink(struct request *request)
{
	struct vfs_path path;
	struct mount_place place;
	status_t status = vfs_find(request, 0, &path, &place);
	if (status)
		return status;
	return may_be_missing(&place) ? ERR_NO_LINK : hand_on(request, &place);
}

status_t names_plain(struct request *request)
{
	struct vfs_path path;
	struct mount_place place;
	status_t status = vfs_find(request, 0, &path, &place);
	if (status)
		return status;
	/* A file system has the same numbers everywhere, also for a directory in it that it does not know of. */
	if (request->label == FS_statfs && may_be_missing(&place)) {
		request->word[0] += request->word[1] - place.mount->length;
		request->word[1] = place.mount->length;
	}
	return hand_on(request, &place);
}

/* Hands on what concerns a name below a mount point. One on the way to a mount point, or with `exact` that itself, is refused. */
static status_t hand_on_below(struct request *request, bool exact, status_t refusal)
{
	struct vfs_path path;
	struct mount_place place;
	status_t status = vfs_find(request, 0, &path, &place);
	if (status)
		return status;
	return place.above || (exact && place.exact) ? refusal : hand_on(request, &place);
}

status_t names_program(struct request *request)
{
	return hand_on_below(request, false, ERR_IS_DIRECTORY);
}

status_t names_make(struct request *request)
{
	return hand_on_below(request, true, ERR_EXISTS);
}

status_t names_unlink(struct request *request)
{
	return hand_on_below(request, true, ERR_BUSY);
}

status_t names_two(struct request *request)
{
	struct vfs_path path;
	struct mount_place from, to;
	uint64_t word[MESSAGE_WORDS];
	status_t status = vfs_find(request, 0, &path, &from);
	if (!status)
		status = vfs_find(request, 1, &path, &to);
	if (status)
		return status;
	if (from.exact || from.above || to.exact || to.above)
		return ERR_BUSY;
	if (from.mount != to.mount)
		return ERR_CROSS_DEVICE;
	memcpy(word, request->word, sizeof word);
	skip_mount(word, 0, &from);
	skip_mount(word, 1, &to);
	return request_forward(request, from.mount->file_system, word);
}
