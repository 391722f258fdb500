/*
 * stat, access, readlink. There are no users, so access answers as to root: everything may be read and, unless its file system
 * is for reading only, written; what may be executed has such a bit.
 *
 * What only the process knows of /proc/self is told here (proc.h). A target in a server's spelling (NAME:/…) is told as
 * /scheme/NAME/….
 */
#include "user/linux/stat.h"

#include <string.h>

#include "common/path.h"
#include "user/linux/descriptors.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/proc.h"
#include "user/linux/remote.h"
#include "user/linux/state.h"
#include "user/linux/time.h"

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
	case FS_KIND_BLOCK_DEVICE: return LINUX_S_IFBLK;
	case FS_KIND_ANONYMOUS: return 0;
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

/* Of an open file; the log is told as a device. */
static int64_t ask_descriptor(int fd, struct fs_stat *out)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	*out = (struct fs_stat){.kind = FS_KIND_DEVICE, .mode = 0620, .links = 1, .block_size = LOG_LINE_MAX};
	int64_t error = file->handle ? errors_to_linux(remote_fstat(file->handle, out)) : 0;
	descriptors_drop(file);
	return error;
}

/* Of a name in /proc/self/fd: what it leads to, or the link. */
static int64_t ask_descriptor_name(int fd, bool follow, struct fs_stat *out)
{
	if (follow) {
		int64_t error = ask_descriptor(fd, out);
		return error == -EBADF ? -ENOENT : error;
	}
	int64_t now = time_time(0);
	*out = (struct fs_stat){.kind = FS_KIND_SYMLINK, .links = 1, .block_size = PAGE_SIZE, .size = 64, .file = (uint64_t)fd};
	out->access_seconds = out->modify_seconds = out->change_seconds = now;
	return proc_stat_descriptor(fd, out) ? 0 : -ENOENT;
}

/* Asks vfs about a name; 0 or a negative errno. */
static int64_t ask(int dirfd, uint64_t name, bool follow, struct fs_stat *out)
{
	struct process *process = process_self();
	struct path path;
	int64_t error = directory_resolve(dirfd, name, &path);
	if (error)
		return error;
	int fd;
	enum proc_kind own = proc_find(path.text, &fd);
	follow |= path.directory;
	if (own == PROC_DESCRIPTORS)
		proc_spell(&path);
	if (own == PROC_DESCRIPTOR)
		error = ask_descriptor_name(fd, follow, out);
	else
		error = errors_to_linux(remote_stat(process->vfs, &path, follow, out));
	return !error && path.directory && out->kind != FS_KIND_DIRECTORY ? -ENOTDIR : error;
}

/* `out` is the image's own memory. */
static int64_t fstat_fd(int fd, struct linux_stat *out)
{
	struct fs_stat stat;
	int64_t error = ask_descriptor(fd, &stat);
	if (!error)
		convert(&stat, out);
	return error;
}

int64_t stat_fstat(int fd, uint64_t out)
{
	return user_range(out, sizeof(struct linux_stat)) ? fstat_fd(fd, user_pointer(out)) : -EFAULT;
}

/* By a name or, with an empty one, of an open file. The flags were checked. */
static int64_t newfstatat(int dirfd, uint64_t name, uint32_t flags, struct linux_stat *out)
{
	if (!user_range(name, 1))
		return -EFAULT;
	if ((flags & LINUX_AT_EMPTY_PATH) && !*(const char *)user_pointer(name) && dirfd != LINUX_AT_FDCWD)
		return fstat_fd(dirfd, out);
	struct fs_stat stat;
	int64_t error = ask(dirfd, name, !(flags & LINUX_AT_SYMLINK_NOFOLLOW), &stat);
	if (!error)
		convert(&stat, out);
	return error;
}

int64_t stat_newfstatat(int dirfd, uint64_t name, uint64_t out, uint32_t flags)
{
	if (flags & ~(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	return user_range(out, sizeof(struct linux_stat)) ? newfstatat(dirfd, name, flags, user_pointer(out)) : -EFAULT;
}

static struct linux_statx_time statx_time(int64_t seconds, uint32_t ns)
{
	return (struct linux_statx_time){seconds, ns, 0};
}

/* Numbers of devices as Linux packs two 32-bit numbers into one of 64 bits. */
static uint32_t device_major(uint64_t device)
{
	return (uint32_t)((device >> 32 & 0xfffff000) | (device >> 8 & 0xfff));
}

static uint32_t device_minor(uint64_t device)
{
	return (uint32_t)((device >> 12 & 0xffffff00) | (device & 0xff));
}

int64_t stat_statx(int dirfd, uint64_t name, uint32_t flags, uint32_t mask, uint64_t out)
{
	struct linux_stat stat;
	(void)mask; /* what is cheap to tell is told, asked for or not */
	if (flags & ~(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH | LINUX_AT_STATX_SYNC))
		return -EINVAL;
	if (!user_range(out, sizeof(struct linux_statx)))
		return -EFAULT;
	int64_t error = newfstatat(dirfd, name, flags & ~LINUX_AT_STATX_SYNC, &stat);
	if (error)
		return error;
	*(struct linux_statx *)user_pointer(out) = (struct linux_statx){
	        .mask = LINUX_STATX_BASIC,
	        .block_size = (uint32_t)stat.block_size,
	        .links = (uint32_t)stat.nlink,
	        .uid = stat.uid,
	        .gid = stat.gid,
	        .mode = (uint16_t)stat.mode,
	        .file = stat.ino,
	        .size = (uint64_t)stat.size,
	        .blocks = (uint64_t)stat.blocks,
	        .access = statx_time(stat.access.seconds, (uint32_t)stat.access.nanoseconds),
	        .change = statx_time(stat.change.seconds, (uint32_t)stat.change.nanoseconds),
	        .modify = statx_time(stat.modify.seconds, (uint32_t)stat.modify.nanoseconds),
	        .device_major = device_major(stat.rdev),
	        .device_minor = device_minor(stat.rdev),
	        .file_system_major = device_major(stat.dev),
	        .file_system_minor = device_minor(stat.dev),
	};
	return 0;
}

int64_t stat_stat(uint64_t name, uint64_t out)
{
	return stat_newfstatat(LINUX_AT_FDCWD, name, out, 0);
}

int64_t stat_lstat(uint64_t name, uint64_t out)
{
	return stat_newfstatat(LINUX_AT_FDCWD, name, out, LINUX_AT_SYMLINK_NOFOLLOW);
}

/* Whether the file system of a name says that it can not be written. */
static bool is_read_only(int dirfd, uint64_t name)
{
	struct path path;
	struct fs_info info;
	if (directory_resolve(dirfd, name, &path) || remote_statfs(process_self()->vfs, &path, &info))
		return false;
	return info.flags & FS_INFO_READ_ONLY;
}

int64_t stat_faccessat2(int dirfd, uint64_t name, uint32_t mode, uint32_t flags)
{
	if ((mode & ~(LINUX_R_OK | LINUX_W_OK | LINUX_X_OK)) || (flags & ~(LINUX_AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW)))
		return -EINVAL;
	struct fs_stat stat;
	int64_t error = ask(dirfd, name, !(flags & LINUX_AT_SYMLINK_NOFOLLOW), &stat);
	if (error)
		return error;
	if ((mode & LINUX_W_OK) && (stat.kind == FS_KIND_FILE || stat.kind == FS_KIND_DIRECTORY) && is_read_only(dirfd, name))
		return -EROFS;
	return (mode & LINUX_X_OK) && stat.kind != FS_KIND_DIRECTORY && !(stat.mode & 0111) ? -EACCES : 0;
}

int64_t stat_faccessat(int dirfd, uint64_t name, uint32_t mode)
{
	return stat_faccessat2(dirfd, name, mode, 0);
}

int64_t stat_access(uint64_t name, uint32_t mode)
{
	return stat_faccessat2(LINUX_AT_FDCWD, name, mode, 0);
}

/* What a link points to, without a NUL: its length or a negative errno. */
static int64_t target(struct path *path, char out[FS_PATH_MAX])
{
	struct process *process = process_self();
	uint64_t length = 0;
	int64_t own = proc_target(path->text, out);
	if (own)
		return own;
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
