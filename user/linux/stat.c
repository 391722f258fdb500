/*
 * stat, access, readlink. There are no users, so access asks only whether the file's mode has such a bit at all.
 *
 * /proc/self/exe is answered here: the name that the program was started by, where that is absolute. A target in a server's
 * spelling (NAME:/…) is told as /scheme/NAME/….
 */
#include "user/linux/stat.h"

#include <string.h>

#include "common/path.h"
#include "user/linux/descriptors.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/remote.h"
#include "user/linux/state.h"

static uint32_t file_type(uint32_t kind)
{
	switch (kind) {
	case FS_KIND_DIRECTORY: return LINUX_S_IFDIR;
	case FS_KIND_SYMLINK: return LINUX_S_IFLNK;
	case FS_KIND_TERMINAL:
	case FS_KIND_DEVICE: return LINUX_S_IFCHR;
	case FS_KIND_STREAM:
	case FS_KIND_FIFO: return LINUX_S_IFIFO;
	case FS_KIND_SOCKET: return LINUX_S_IFSOCK;
	}
	return LINUX_S_IFREG;
}

static void convert(const struct fs_stat *from, struct linux_stat *to)
{
	*to = (struct linux_stat){
	        .dev = from->file_system,
	        .ino = from->file,
	        .nlink = from->links,
	        .mode = file_type(from->kind) | (from->mode & 07777),
	        .uid = from->uid,
	        .gid = from->gid,
	        .rdev = from->device,
	        .size = (int64_t)from->size,
	        .block_size = from->block_size,
	        .blocks = (int64_t)from->blocks,
	        .access = {from->access_seconds, from->access_ns},
	        .modify = {from->modify_seconds, from->modify_ns},
	        .change = {from->change_seconds, from->change_ns},
	};
}

/* Asks vfs about a name; 0 or a negative errno. */
static int64_t ask(int dirfd, uint64_t name, bool follow, struct fs_stat *out)
{
	struct process *process = process_self();
	struct path path;
	int64_t error = directory_resolve(dirfd, name, &path);
	if (error)
		return error;
	status_t status = remote_stat(process->vfs, &path, follow || path.directory, out);
	if (!status && path.directory && out->kind != FS_KIND_DIRECTORY)
		return -ENOTDIR;
	return errors_to_linux(status);
}

int64_t stat_fstat(int fd, uint64_t out)
{
	if (!user_range(out, sizeof(struct linux_stat)))
		return -EFAULT;
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	struct fs_stat stat = {.kind = FS_KIND_DEVICE, .mode = 0620, .links = 1, .block_size = LOG_LINE_MAX};
	int64_t error = file->handle ? errors_to_linux(remote_fstat(file->handle, &stat)) : 0;
	descriptors_drop(file);
	if (!error)
		convert(&stat, user_pointer(out));
	return error;
}

int64_t stat_newfstatat(int dirfd, uint64_t name, uint64_t out, uint32_t flags)
{
	if (flags & ~(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	if (!user_range(out, sizeof(struct linux_stat)) || !user_range(name, 1))
		return -EFAULT;
	if ((flags & LINUX_AT_EMPTY_PATH) && !*(const char *)user_pointer(name) && dirfd != LINUX_AT_FDCWD)
		return stat_fstat(dirfd, out);
	struct fs_stat stat;
	int64_t error = ask(dirfd, name, !(flags & LINUX_AT_SYMLINK_NOFOLLOW), &stat);
	if (!error)
		convert(&stat, user_pointer(out));
	return error;
}

int64_t stat_stat(uint64_t name, uint64_t out)
{
	return stat_newfstatat(LINUX_AT_FDCWD, name, out, 0);
}

int64_t stat_lstat(uint64_t name, uint64_t out)
{
	return stat_newfstatat(LINUX_AT_FDCWD, name, out, LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t stat_faccessat2(int dirfd, uint64_t name, uint32_t mode, uint32_t flags)
{
	if ((mode & ~(LINUX_R_OK | LINUX_W_OK | LINUX_X_OK)) || (flags & ~(LINUX_AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW)))
		return -EINVAL;
	struct fs_stat stat;
	int64_t error = ask(dirfd, name, !(flags & LINUX_AT_SYMLINK_NOFOLLOW), &stat);
	if (error)
		return error;
	uint32_t any = (stat.mode | stat.mode >> 3 | stat.mode >> 6) & 7; /* the bits have the values of R_OK, W_OK, X_OK */
	return mode & ~any ? -EACCES : 0;
}

int64_t stat_faccessat(int dirfd, uint64_t name, uint32_t mode)
{
	return stat_faccessat2(dirfd, name, mode, 0);
}

int64_t stat_access(uint64_t name, uint32_t mode)
{
	return stat_faccessat2(LINUX_AT_FDCWD, name, mode, 0);
}

/* The program's own name; 0 if it is not known by an absolute one. */
static uint64_t own_name(const struct process *process, char out[FS_PATH_MAX])
{
	const char *name = (const char *)process->start + process->start->program_name;
	uint64_t length = strlen(name);
	if (name[0] != '/' || length >= FS_PATH_MAX)
		return 0;
	memcpy(out, name, length);
	return length;
}

/* What a link points to, without a NUL: its length or a negative errno. */
static int64_t target(struct path *path, char out[FS_PATH_MAX])
{
	struct process *process = process_self();
	uint64_t length = 0;
	if (!strcmp(path->text, "/proc/self/exe") && (length = own_name(process, out)))
		return (int64_t)length;
	status_t status = remote_readlink(process->vfs, path, out, FS_PATH_MAX - 1, &length);
	if (status)
		return errors_to_linux(status);
	out[length] = 0;
	size_t name_length, rest;
	if (!path_is_uri(out, &name_length, &rest))
		return (int64_t)length;
	char spelled[FS_PATH_MAX];
	status = path_join_normalise("/", out, spelled, sizeof spelled);
	if (status)
		return errors_to_linux(status);
	length = strlen(spelled);
	memcpy(out, spelled, length);
	return (int64_t)length;
}

int64_t stat_readlinkat(int dirfd, uint64_t name, uint64_t buffer, int64_t size)
{
	if (size <= 0)
		return -EINVAL;
	if (!user_range(buffer, (uint64_t)size))
		return -EFAULT;
	struct path path;
	int64_t error = directory_resolve(dirfd, name, &path);
	if (error)
		return error;
	char text[FS_PATH_MAX];
	int64_t length = target(&path, text);
	if (length > size)
		length = size;
	if (length > 0)
		memcpy(user_pointer(buffer), text, (uint64_t)length);
	return length;
}

int64_t stat_readlink(uint64_t name, uint64_t buffer, int64_t size)
{
	return stat_readlinkat(LINUX_AT_FDCWD, name, buffer, size);
}
