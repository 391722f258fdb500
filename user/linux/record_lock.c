/*
 * Locks live in the server of the file. Those of ranges belong to the process; with the first of them in a file the server gives
 * a sender that stands for all, which is kept with the open file and closed with it, or by the end of the process. It is not
 * inherited, so a child has none of its parent's locks.
 */
#include "user/linux/record_lock.h"

#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/native.h"

/* The process is known to lock ranges from the first on, so that closing files costs others nothing. */
static void keep(struct open_file *file, handle_t locks)
{
	struct process *process = process_self();
	lock_take(&process->descriptors_lock);
	file->locks = locks;
	file->locks_owner = control_block()->process_number;
	process->has_locked = true;
	lock_drop(&process->descriptors_lock);
}

static int64_t lock(struct open_file *file, struct remote_lock *range, uint32_t flags)
{
	handle_t locks = HANDLE_NONE;
	if (!file->handle)
		return -EINVAL;
	status_t status = remote_lock(file->handle, range, flags, &locks);
	if (locks)
		keep(file, locks);
	if (status == ERR_BAD_CALL || status == ERR_NOT_SUPPORTED)
		return -EINVAL;
	return status == ERR_FULL ? -ENOLCK : errors_to_linux(status);
}

int64_t record_lock_flock(int fd, uint32_t operation)
{
	enum { SHARED = 1, EXCLUSIVE = 2, NOT_WAITING = 4, UNLOCK = 8 };
	struct remote_lock whole = {0};
	switch (operation & ~(uint32_t)NOT_WAITING) {
	case SHARED: whole.kind = FS_LOCK_SHARED; break;
	case EXCLUSIVE: whole.kind = FS_LOCK_EXCLUSIVE; break;
	case UNLOCK: whole.kind = FS_LOCK_NONE; break;
	default: return -EINVAL;
	}
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result = lock(file, &whole, FS_LOCK_WHOLE | (operation & NOT_WAITING ? 0 : FS_LOCK_WAIT));
	descriptors_drop(file);
	return result;
}

/* Where a range begins and how long it is: Linux lets it be told from the end and backwards. */
static int64_t range_of(const struct open_file *file, const struct linux_flock *from, struct remote_lock *out)
{
	uint64_t base = 0;
	struct fs_stat stat;
	status_t status = ERR_OK;
	if (from->whence == FS_SEEK_CURRENT)
		status = remote_seek(file->handle, 0, FS_SEEK_CURRENT, &base);
	else if (from->whence == FS_SEEK_END && !(status = remote_fstat(file->handle, &stat)))
		base = stat.size;
	else if (from->whence != FS_SEEK_SET)
		return -EINVAL;
	if (status)
		return errors_to_linux(status);
	int64_t start, end;
	if (__builtin_add_overflow((int64_t)base, from->start, &start) || __builtin_add_overflow(start, from->length, &end))
		return -EOVERFLOW;
	if (from->length < 0) {
		end = start;
		start += from->length;
	}
	if (start < 0)
		return -EINVAL;
	out->start = (uint64_t)start;
	out->length = from->length ? (uint64_t)(end - start) : 0;
	return 0;
}

static int64_t kind_of(int type, uint64_t *out)
{
	switch (type) {
	case LINUX_F_RDLCK: *out = FS_LOCK_SHARED; return 0;
	case LINUX_F_WRLCK: *out = FS_LOCK_EXCLUSIVE; return 0;
	case LINUX_F_UNLCK: *out = FS_LOCK_NONE; return 0;
	}
	return -EINVAL;
}

static void tell(const struct remote_lock *range, struct linux_flock *out)
{
	if (range->kind == FS_LOCK_NONE) {
		out->type = LINUX_F_UNLCK;
		return;
	}
	*out = (struct linux_flock){
	        .type = range->kind == FS_LOCK_SHARED ? LINUX_F_RDLCK : LINUX_F_WRLCK,
	        .whence = FS_SEEK_SET,
	        .start = (int64_t)range->start,
	        .length = (int64_t)range->length,
	        .process = (int32_t)range->process,
	};
}

int64_t record_lock_fcntl(int fd, int command, uint64_t argument)
{
	if (!user_range(argument, sizeof(struct linux_flock)))
		return -EFAULT;
	struct linux_flock *said = user_pointer(argument), copy = *said;
	struct open_file *file = descriptors_hold(fd);
	struct remote_lock range = {0};
	if (!file)
		return -EBADF;
	int64_t result = kind_of(copy.type, &range.kind);
	if (!result)
		result = range_of(file, &copy, &range);
	uint32_t flags = command == LINUX_F_GETLK ? FS_LOCK_TEST : command == LINUX_F_SETLKW ? FS_LOCK_WAIT : 0;
	if (!result)
		result = lock(file, &range, flags);
	if (!result && command == LINUX_F_GETLK)
		tell(&range, said);
	descriptors_drop(file);
	return result;
}

void record_lock_forget(struct open_file *file)
{
	struct remote_lock everything = {.kind = FS_LOCK_NONE};
	handle_t locks;
	if (!file->handle || file->kind != FS_KIND_FILE || !__atomic_load_n(&process_self()->has_locked, __ATOMIC_RELAXED))
		return;
	status_t status = remote_lock(file->handle, &everything, 0, &locks);
	(void)status; /* a server without locks has nothing to forget */
}
