/*
 * Making, changing and removing names. The server of the file system does it; here names become paths, and what Linux asks of
 * the spelling of a name is checked: a slash at the end is for directories only, and "." and ".." at the end are no names that
 * could be made or taken away, although the path in normal form does not show them any more.
 */
#include "user/linux/names.h"

#include <string.h>

#include "user/linux/descriptors.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/file.h"
#include "user/linux/state.h"

/* The last name as it was spelled: 0 another, 1 ".", 2 "..". */
static int dots_at_end(uint64_t name)
{
	const char *text = user_pointer(name);
	size_t length = strlen(text);
	while (length && text[length - 1] == '/')
		length--;
	int dots = 0;
	while (length && text[length - 1] == '.')
		dots++, length--;
	return dots <= 2 && (!length || text[length - 1] == '/') ? dots : 0;
}

static uint32_t masked(uint32_t mode)
{
	return mode & 07777 & ~__atomic_load_n(&process_self()->umask, __ATOMIC_RELAXED);
}

int64_t names_mkdirat(int dirfd, uint64_t name, uint32_t mode)
{
	struct path path;
	int64_t error = directory_resolve(dirfd, name, &path);
	if (error)
		return error;
	return errors_to_linux(remote_change(process_self()->vfs, FS_mkdir, &path, masked(mode) & 01777, 0, 0));
}

int64_t names_mkdir(uint64_t name, uint32_t mode)
{
	return names_mkdirat(LINUX_AT_FDCWD, name, mode);
}

/* 0: what mknod does not make. */
static uint32_t kind_of_mode(uint32_t mode)
{
	switch (mode & LINUX_S_IFMT) {
	case LINUX_S_IFIFO: return FS_KIND_FIFO;
	case LINUX_S_IFSOCK: return FS_KIND_SOCKET;
	case LINUX_S_IFCHR: return FS_KIND_DEVICE;
	case LINUX_S_IFBLK: return FS_KIND_BLOCK_DEVICE;
	}
	return 0;
}

/* An ordinary file is made by opening it. The name of a device is only that: devices are servers, and mounted. */
int64_t names_mknodat(int dirfd, uint64_t name, uint32_t mode, uint32_t device)
{
	uint32_t type = mode & LINUX_S_IFMT, kind = kind_of_mode(mode);
	struct path path;
	int64_t error = directory_resolve(dirfd, name, &path);
	if (error)
		return error;
	if (path.directory)
		return -ENOENT;
	if (type == LINUX_S_IFREG || !type) {
		int64_t fd = file_openat(dirfd, name, LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_WRONLY, mode & 07777);
		return fd < 0 ? fd : descriptors_close((int)fd);
	}
	if (!kind)
		return type == LINUX_S_IFDIR ? -EPERM : -EINVAL;
	if (kind == FS_KIND_FIFO || kind == FS_KIND_SOCKET)
		device = 0;
	return errors_to_linux(remote_change(process_self()->vfs, FS_mknod, &path, kind, masked(mode), device));
}

int64_t names_mknod(uint64_t name, uint32_t mode, uint32_t device)
{
	return names_mknodat(LINUX_AT_FDCWD, name, mode, device);
}

/* What "name/" gets where `unlink` was asked for: it is no name of a file. */
static int64_t unlink_directory_name(struct path *path)
{
	struct fs_stat stat;
	status_t status = remote_stat(process_self()->vfs, path, false, &stat);
	if (status)
		return errors_to_linux(status);
	return stat.kind == FS_KIND_DIRECTORY ? -EISDIR : -ENOTDIR;
}

int64_t names_unlinkat(int dirfd, uint64_t name, uint32_t flags)
{
	struct path path;
	if (flags & ~LINUX_AT_REMOVEDIR)
		return -EINVAL;
	int64_t error = directory_resolve(dirfd, name, &path);
	if (error)
		return error;
	bool directory = flags & LINUX_AT_REMOVEDIR;
	if (directory && dots_at_end(name))
		return dots_at_end(name) == 1 ? -EINVAL : -ENOTEMPTY;
	if (!directory && path.directory)
		return unlink_directory_name(&path);
	uint32_t how = directory ? FS_UNLINK_DIRECTORY : 0;
	return errors_to_linux(remote_change(process_self()->vfs, FS_unlink, &path, how, 0, 0));
}

int64_t names_unlink(uint64_t name)
{
	return names_unlinkat(LINUX_AT_FDCWD, name, 0);
}

int64_t names_rmdir(uint64_t name)
{
	return names_unlinkat(LINUX_AT_FDCWD, name, LINUX_AT_REMOVEDIR);
}

/* Both paths of a call. */
static int64_t resolve_two(int dirfd, uint64_t name, int new_dirfd, uint64_t new_name, struct path *out, struct path *out_new)
{
	int64_t error = directory_resolve(dirfd, name, out);
	return error ? error : directory_resolve(new_dirfd, new_name, out_new);
}

/* With a slash at either end, what is renamed must be a directory. */
static int64_t check_directory(struct path *path)
{
	struct fs_stat stat;
	status_t status = remote_stat(process_self()->vfs, path, false, &stat);
	if (status)
		return errors_to_linux(status);
	return stat.kind == FS_KIND_DIRECTORY ? 0 : -ENOTDIR;
}

int64_t names_renameat2(int dirfd, uint64_t name, int new_dirfd, uint64_t new_name, uint32_t flags)
{
	struct path path, new_path;
	if ((flags & ~(LINUX_RENAME_NOREPLACE | LINUX_RENAME_EXCHANGE)) ||
	        flags == (LINUX_RENAME_NOREPLACE | LINUX_RENAME_EXCHANGE))
		return -EINVAL;
	int64_t error = resolve_two(dirfd, name, new_dirfd, new_name, &path, &new_path);
	if (!error && (dots_at_end(name) || dots_at_end(new_name)))
		error = -EBUSY;
	if (!error && (path.directory || new_path.directory))
		error = check_directory(&path);
	if (error)
		return error;
	uint32_t how = (flags & LINUX_RENAME_NOREPLACE ? FS_RENAME_NO_REPLACE : 0) |
	        (flags & LINUX_RENAME_EXCHANGE ? FS_RENAME_EXCHANGE : 0);
	return errors_to_linux(remote_change_two(process_self()->vfs, FS_rename, &path, &new_path, how));
}

int64_t names_renameat(int dirfd, uint64_t name, int new_dirfd, uint64_t new_name)
{
	return names_renameat2(dirfd, name, new_dirfd, new_name, 0);
}

int64_t names_rename(uint64_t name, uint64_t new_name)
{
	return names_renameat2(LINUX_AT_FDCWD, name, LINUX_AT_FDCWD, new_name, 0);
}

int64_t names_linkat(int dirfd, uint64_t name, int new_dirfd, uint64_t new_name, uint32_t flags)
{
	struct path path, new_path;
	if (flags & ~LINUX_AT_SYMLINK_FOLLOW)
		return -EINVAL;
	int64_t error = resolve_two(dirfd, name, new_dirfd, new_name, &path, &new_path);
	if (!error && path.directory)
		error = check_directory(&path);
	if (!error && new_path.directory)
		error = -ENOENT;
	if (error)
		return error;
	uint32_t how = flags & LINUX_AT_SYMLINK_FOLLOW ? FS_LINK_FOLLOW : 0;
	status_t status = remote_change_two(process_self()->vfs, FS_link, &path, &new_path, how);
	return status == ERR_NO_RIGHT ? -EPERM : errors_to_linux(status);
}

int64_t names_link(uint64_t name, uint64_t new_name)
{
	return names_linkat(LINUX_AT_FDCWD, name, LINUX_AT_FDCWD, new_name, 0);
}

int64_t names_symlinkat(uint64_t target, int dirfd, uint64_t new_name)
{
	struct path path;
	if (!user_range(target, 1))
		return -EFAULT;
	uint64_t length = strlen(user_pointer(target));
	if (!length)
		return -ENOENT;
	if (length >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	int64_t error = directory_resolve(dirfd, new_name, &path);
	if (error)
		return error;
	if (path.directory)
		return -ENOENT;
	return errors_to_linux(remote_symlink(process_self()->vfs, &path, user_pointer(target), length));
}

int64_t names_symlink(uint64_t target, uint64_t new_name)
{
	return names_symlinkat(target, LINUX_AT_FDCWD, new_name);
}
