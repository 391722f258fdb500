/*
 * Mount tables and who may change them. All sessions share one, which only the sender stamped VFS_ADMIN may change. Whoever
 * wants another asks for it (new_table): a copy, changed by nobody but the holders of its sender, who can give it to the programs
 * that they start.
 */
#include <string.h>

#include "user/lib/deadline.h"
#include "user/lib/fs.h"
#include "user/lib/log.h"
#include "user/servers/vfs/vfs.h"

struct mounts *vfs_table(const struct request *request)
{
	struct table_object *table = request->object;
	if (!table)
		return vfs_mounts;
	return table->kind == OBJECT_TABLE ? &table->mounts : NULL;
}

/* The table that a request may change. */
static status_t changeable(const struct request *request, struct mounts **out)
{
	*out = vfs_table(request);
	if (!*out)
		return ERR_NOT_SUPPORTED;
	return request->object || request->stamp == VFS_ADMIN ? ERR_OK : ERR_NO_RIGHT;
}

status_t vfs_check_sender(handle_t handle)
{
	uint32_t type, rights;
	uint64_t object;
	status_t status = sys_handle_info(handle, &type, &rights, &object);
	if (status)
		return status;
	if (type != OBJECT_SENDER)
		return ERR_WRONG_TYPE;
	return rights & RIGHT_SEND ? ERR_OK : ERR_NO_RIGHT;
}

/* Mounts; on success the handle is the table's. */
static status_t set(struct mounts *mounts, const char *path, handle_t file_system)
{
	handle_t replaced;
	leases_end(mounts, path);
	status_t status = mounts_set(mounts, path, file_system, &replaced);
	if (!status && replaced)
		state_close(replaced);
	return status;
}

status_t tables_mount(struct request *request)
{
	char path[FS_PATH_MAX];
	struct mounts *mounts;
	status_t status = changeable(request, &mounts);
	if (!status)
		status = request_read_path(request, request->word[0], request->word[1], path);
	if (!status && !*path)
		status = ERR_BAD_ARGUMENT;
	if (!status)
		status = vfs_check_sender(request->handles[0]);
	if (!status)
		status = set(mounts, path, request->handles[0]);
	if (status)
		return status;
	request_take_handle(request, 0);
	if (!request->object)
		log_info("mounted %s", path);
	return ERR_OK;
}

/* A sender by which a path's operations begin at what it names. */
static status_t open_base(const char *path, const struct mount_place *place, handle_t *out)
{
	struct fs_opened opened;
	if (place->exact)
		return sys_handle_duplicate(place->mount->file_system, RIGHTS_ALL, out);
	status_t status =
	        fs_open(place->mount->file_system, path + place->mount->length, 0, 0, deadline_in_ms(VFS_PATIENCE_MS), &opened);
	if (!status && (status = vfs_check_sender(opened.file)))
		sys_handle_close(opened.file);
	else if (!status)
		*out = opened.file;
	return status;
}

status_t tables_bind(struct request *request)
{
	struct vfs_path from;
	char path[FS_PATH_MAX];
	struct mounts *mounts;
	struct mount_place place;
	handle_t base;
	status_t status = changeable(request, &mounts);
	if (!status)
		status = vfs_find(request, 0, &from, &place);
	if (!status)
		status = open_base(vfs_text(&from), &place, &base);
	if (status)
		return status;
	status = request_read_path(request, request->word[2], request->word[3], path);
	if (!status && !*path)
		status = ERR_BAD_ARGUMENT;
	if (!status)
		status = set(mounts, path, base);
	if (status)
		sys_handle_close(base);
	return status;
}

status_t tables_unmount(struct request *request)
{
	char path[FS_PATH_MAX];
	struct mounts *mounts;
	handle_t file_system;
	status_t status = changeable(request, &mounts);
	if (!status)
		status = request_read_path(request, request->word[0], request->word[1], path);
	if (!status && path[0] == '/' && !path[1])
		status = ERR_BUSY; /* without a root there would be no names */
	if (!status)
		leases_end(mounts, path);
	if (!status)
		status = mounts_remove(mounts, path, &file_system);
	if (status)
		return status;
	state_close(file_system);
	if (!request->object)
		log_info("unmounted %s", path);
	return ERR_OK;
}

/* Their roots are open at file systems in vfs's name, of which those bear as many as of any client: vfs must have some left. */
#define TABLES_MAX 256u

static unsigned tables; /* of holders' own */

void tables_forget(void)
{
	tables = 0;
}

void tables_note(void)
{
	tables++;
}

void tables_close(struct table_object *table)
{
	tables--;
	mounts_free(&table->mounts);
	state_free(table);
}

/* The caller gets a sender to a table, unless filling it has failed. */
static status_t open_table(struct request *request, struct table_object *table, status_t filled)
{
	tables++;
	table->kind = OBJECT_TABLE;
	status_t status = filled ? filled : server_open(request, table);
	if (status)
		tables_close(table);
	return status;
}

status_t tables_new_table(struct request *request)
{
	const struct mounts *mounts = vfs_table(request);
	if (!mounts)
		return ERR_NOT_SUPPORTED;
	if (tables >= TABLES_MAX)
		return ERR_FULL;
	struct table_object *table = state_alloc(sizeof *table);
	return table ? open_table(request, table, mounts_copy(mounts, true, &table->mounts)) : ERR_NO_MEMORY;
}

/* What is mounted below `path` is mounted in `out` at what is left of the name, and `base` at the root. */
static status_t copy_below(const struct mounts *from, const char *path, handle_t base, struct mounts *out)
{
	size_t length = strlen(path);
	status_t status = set(out, "/", base);
	if (status)
		sys_handle_close(base);
	for (unsigned i = 0; i < from->count && !status; i++) {
		const struct mount *mount = &from->mount[i];
		handle_t copy;
		if (mount->length <= length || mount->path[length] != '/' || memcmp(mount->path, path, length))
			continue;
		status = sys_handle_duplicate(mount->file_system, RIGHTS_ALL, &copy);
		if (!status && (status = set(out, mount->path + length, copy)))
			sys_handle_close(copy);
	}
	return status;
}

status_t tables_subtree(struct request *request)
{
	const struct mounts *mounts = vfs_table(request);
	struct vfs_path path;
	struct mount_place place;
	handle_t base;
	if (!mounts)
		return ERR_NOT_SUPPORTED;
	if (tables >= TABLES_MAX)
		return ERR_FULL;
	status_t status = vfs_find(request, 0, &path, &place);
	if (status)
		return status;
	const char *text = vfs_text(&path);
	if (!text[1])
		return tables_new_table(request);
	status = open_base(text, &place, &base);
	if (status)
		return status;
	struct table_object *table = state_alloc(sizeof *table);
	if (!table) {
		sys_handle_close(base);
		return ERR_NO_MEMORY;
	}
	return open_table(request, table, copy_below(mounts, text, base, &table->mounts));
}

/* Whole names, as many as there is room for. */
status_t tables_list(struct request *request)
{
	const struct mounts *mounts = vfs_table(request);
	uint64_t next = request->word[0], written = 0;
	if (!mounts)
		return ERR_NOT_SUPPORTED;
	for (; next < mounts->count; next++) {
		const struct mount *mount = &mounts->mount[next];
		const char *path = mount->length ? mount->path : "/";
		uint64_t length = strlen(path) + 1;
		if (length > request->writable - written)
			break;
		status_t status = request_write(request, written, path, length);
		if (status)
			return status;
		written += length;
	}
	bool more = next < mounts->count;
	if (more && !written)
		return ERR_TOO_LARGE;
	request->answer.word[0] = written;
	request->answer.word[1] = more ? next : 0;
	return ERR_OK;
}
