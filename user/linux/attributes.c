/*
 * Mode, owner, times and size of files, by name and by descriptor. Owners are kept and mean nothing: there are no users.
 */
#include "user/linux/attributes.h"

#include <string.h>

#include "user/linux/descriptors.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/state.h"

#define NO_ID UINT32_MAX /* of chown: leave it */
#define NS_PER_SECOND 1000000000
#define TMPFS_MAGIC 0x01021994

/* What is to be set. */
struct change {
	uint32_t mask; /* FS_SET_* */
	struct fs_attributes to;
};

static int64_t change_name(int dirfd, uint64_t name, bool follow, const struct change *change)
{
	struct path path;
	int64_t error = directory_resolve(dirfd, name, &path);
	if (error)
		return error;
	status_t status =
	        remote_set_attributes(process_self()->vfs, &path, follow || path.directory, change->mask, &change->to);
	return errors_to_linux(status);
}

/* What is not a server's file (the log) takes everything and keeps nothing. */
static int64_t change_fd(int fd, const struct change *change)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	status_t status = ERR_OK;
	if (file->handle)
		status = remote_fset_attributes(file->handle, change->mask, &change->to);
	descriptors_drop(file);
	return status == ERR_BAD_CALL || status == ERR_NOT_SUPPORTED ? -EPERM : errors_to_linux(status);
}

/* By descriptor if the name is empty and that was allowed, else by name. */
static int64_t change_at(int dirfd, uint64_t name, uint32_t flags, const struct change *change)
{
	if (!user_range(name, 1))
		return -EFAULT;
	if ((flags & LINUX_AT_EMPTY_PATH) && !*(const char *)user_pointer(name) && dirfd != LINUX_AT_FDCWD)
		return change_fd(dirfd, change);
	return change_name(dirfd, name, !(flags & LINUX_AT_SYMLINK_NOFOLLOW), change);
}

static struct change mode_change(uint32_t mode)
{
	return (struct change){FS_SET_MODE, {.mode = mode & 07777}};
}

int64_t attributes_fchmodat(int dirfd, uint64_t name, uint32_t mode)
{
	struct change change = mode_change(mode);
	return change_at(dirfd, name, 0, &change);
}

int64_t attributes_chmod(uint64_t name, uint32_t mode)
{
	return attributes_fchmodat(LINUX_AT_FDCWD, name, mode);
}

int64_t attributes_fchmod(int fd, uint32_t mode)
{
	struct change change = mode_change(mode);
	return change_fd(fd, &change);
}

static struct change owner_change(uint32_t uid, uint32_t gid)
{
	uint32_t mask = (uid == NO_ID ? 0 : FS_SET_USER) | (gid == NO_ID ? 0 : FS_SET_GROUP);
	return (struct change){mask, {.uid = uid, .gid = gid}};
}

int64_t attributes_fchownat(int dirfd, uint64_t name, uint32_t uid, uint32_t gid, uint32_t flags)
{
	struct change change = owner_change(uid, gid);
	if (flags & ~(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(dirfd, name, flags, &change);
}

int64_t attributes_chown(uint64_t name, uint32_t uid, uint32_t gid)
{
	return attributes_fchownat(LINUX_AT_FDCWD, name, uid, gid, 0);
}

int64_t attributes_lchown(uint64_t name, uint32_t uid, uint32_t gid)
{
	return attributes_fchownat(LINUX_AT_FDCWD, name, uid, gid, LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t attributes_fchown(int fd, uint32_t uid, uint32_t gid)
{
	struct change change = owner_change(uid, gid);
	return change_fd(fd, &change);
}

static const struct change both_now = {FS_SET_ACCESS_NOW | FS_SET_MODIFY_NOW, {0}};

/* One struct timespec of utimensat; the masks are those of "this time" and of "now". */
static int64_t add_time(const struct linux_timespec *time, uint32_t set, uint32_t now, struct change *change)
{
	if (time->nanoseconds == LINUX_UTIME_OMIT)
		return 0;
	if (time->nanoseconds == LINUX_UTIME_NOW) {
		change->mask |= now;
		return 0;
	}
	if (time->nanoseconds < 0 || time->nanoseconds >= NS_PER_SECOND)
		return -EINVAL;
	change->mask |= set;
	return 0;
}

int64_t attributes_utimensat(int dirfd, uint64_t name, uint64_t times, uint32_t flags)
{
	struct change change = both_now;
	if (flags & ~(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
		return -EINVAL;
	if (times) {
		struct linux_timespec pair[2];
		if (!user_range(times, sizeof pair))
			return -EFAULT;
		memcpy(pair, user_pointer(times), sizeof pair);
		change = (struct change){0, {.access_seconds = pair[0].seconds, .modify_seconds = pair[1].seconds}};
		int64_t error = add_time(&pair[0], FS_SET_ACCESS_TIME, FS_SET_ACCESS_NOW, &change);
		if (!error)
			error = add_time(&pair[1], FS_SET_MODIFY_TIME, FS_SET_MODIFY_NOW, &change);
		if (error)
			return error;
		if (change.mask & FS_SET_ACCESS_TIME)
			change.to.access_ns = (uint32_t)pair[0].nanoseconds;
		if (change.mask & FS_SET_MODIFY_TIME)
			change.to.modify_ns = (uint32_t)pair[1].nanoseconds;
		if (!change.mask)
			return 0;
	}
	return name ? change_at(dirfd, name, flags, &change) : change_fd(dirfd, &change);
}

/* Both times, in seconds and microseconds. */
static int64_t set_times(int dirfd, uint64_t name, const struct linux_timeval pair[2])
{
	for (unsigned i = 0; i < 2; i++)
		if (pair[i].microseconds < 0 || pair[i].microseconds >= 1000000)
			return -EINVAL;
	struct change change = {FS_SET_ACCESS_TIME | FS_SET_MODIFY_TIME,
	        {.access_seconds = pair[0].seconds,
	                .modify_seconds = pair[1].seconds,
	                .access_ns = (uint32_t)pair[0].microseconds * 1000,
	                .modify_ns = (uint32_t)pair[1].microseconds * 1000}};
	return name ? change_at(dirfd, name, 0, &change) : change_fd(dirfd, &change);
}

int64_t attributes_futimesat(int dirfd, uint64_t name, uint64_t times)
{
	struct linux_timeval pair[2];
	if (!times)
		return name ? change_at(dirfd, name, 0, &both_now) : change_fd(dirfd, &both_now);
	if (!user_range(times, sizeof pair))
		return -EFAULT;
	memcpy(pair, user_pointer(times), sizeof pair);
	return set_times(dirfd, name, pair);
}

int64_t attributes_utimes(uint64_t name, uint64_t times)
{
	return name ? attributes_futimesat(LINUX_AT_FDCWD, name, times) : -EFAULT;
}

int64_t attributes_utime(uint64_t name, uint64_t times)
{
	if (!times)
		return attributes_utimes(name, 0);
	if (!user_range(times, 16))
		return -EFAULT;
	const int64_t *seconds = user_pointer(times);
	struct linux_timeval pair[2] = {{seconds[0], 0}, {seconds[1], 0}};
	return name ? set_times(LINUX_AT_FDCWD, name, pair) : -EFAULT;
}

int64_t attributes_truncate(uint64_t name, int64_t size)
{
	if (size < 0)
		return -EINVAL;
	struct change change = {FS_SET_SIZE, {.size = (uint64_t)size}};
	return change_name(LINUX_AT_FDCWD, name, true, &change);
}

/* An operation without buffers on a file that is open for writing; -EINVAL on what has no size. */
static int64_t on_writable(int fd, status_t (*operation)(handle_t file, const uint64_t *word), const uint64_t *word)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result = -EINVAL;
	if (file->handle) {
		status_t status = operation(file->handle, word);
		/* A descriptor that is only for reading: EINVAL for ftruncate, as Linux has it. */
		result = status == ERR_DENIED ? -EINVAL : errors_to_linux(status);
	}
	descriptors_drop(file);
	return result;
}

static status_t truncate_file(handle_t file, const uint64_t *word)
{
	return remote_plain(file, FS_truncate, word[0]);
}

int64_t attributes_ftruncate(int fd, int64_t size)
{
	return size < 0 ? -EINVAL : on_writable(fd, truncate_file, &(uint64_t){(uint64_t)size});
}

static status_t allocate(handle_t file, const uint64_t *word)
{
	return remote_allocate(file, word[0], word[1], (uint32_t)word[2]);
}

int64_t attributes_fallocate(int fd, uint32_t mode, int64_t start, int64_t length)
{
	enum { KEEP_SIZE = 1, PUNCH_HOLE = 2, ZERO_RANGE = 16 };
	if (start < 0 || length <= 0)
		return -EINVAL;
	if (mode & ~(uint32_t)(KEEP_SIZE | PUNCH_HOLE | ZERO_RANGE))
		return -EOPNOTSUPP;
	if ((mode & PUNCH_HOLE) && (mode & ~(uint32_t)PUNCH_HOLE) != KEEP_SIZE)
		return -EOPNOTSUPP;
	if (start > INT64_MAX - length)
		return -EFBIG;
	uint32_t how = (mode & KEEP_SIZE ? FS_ALLOCATE_KEEP_SIZE : 0) | (mode & PUNCH_HOLE ? FS_ALLOCATE_PUNCH : 0) |
	        (mode & ZERO_RANGE ? FS_ALLOCATE_ZERO : 0);
	int64_t result = on_writable(fd, allocate, (const uint64_t[]){(uint64_t)start, (uint64_t)length, how});
	return result == -ENOSYS ? -EOPNOTSUPP : result == -EINVAL ? -EBADF : result;
}

static void convert(const struct fs_info *from, uint64_t out)
{
	*(struct linux_statfs *)user_pointer(out) = (struct linux_statfs){
	        .type = strcmp(from->type, "tmpfs") ? 0 : TMPFS_MAGIC,
	        .block_size = (int64_t)from->block_size,
	        .blocks = from->blocks,
	        .blocks_free = from->blocks_free,
	        .blocks_available = from->blocks_free,
	        .files = from->files,
	        .files_free = from->files_free,
	        .file_system = from->file_system,
	        .name_max = from->name_max,
	        .fragment_size = (int64_t)from->block_size,
	        .flags = 0x20 | (from->flags & FS_INFO_READ_ONLY ? 1 : 0), /* ST_VALID, ST_RDONLY */
	};
}

int64_t attributes_statfs(uint64_t name, uint64_t out)
{
	struct path path;
	struct fs_info info;
	if (!user_range(out, sizeof(struct linux_statfs)))
		return -EFAULT;
	int64_t error = directory_resolve(LINUX_AT_FDCWD, name, &path);
	if (!error)
		error = errors_to_linux(remote_statfs(process_self()->vfs, &path, &info));
	if (!error)
		convert(&info, out);
	return error;
}

int64_t attributes_fstatfs(int fd, uint64_t out)
{
	struct fs_info info;
	if (!user_range(out, sizeof(struct linux_statfs)))
		return -EFAULT;
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t error = file->handle ? errors_to_linux(remote_fstatfs(file->handle, &info)) : -ENOSYS;
	descriptors_drop(file);
	if (!error)
		convert(&info, out);
	return error;
}
