/*
 * Opening, reading and writing. Offset and append mode live in the server's open file, so a read or write is one call that
 * hands the program's own buffer to the server, whatever its size.
 *
 * A vector of buffers becomes one call as far as GATHER bytes through a buffer of this stack, so that a line written by parts
 * arrives as one; what is larger goes part by part, and ends where a part was not filled or another read would have to wait.
 *
 * O_NONBLOCK is told to the server at the opening, and with each read and write of a stream. For other files that got it later
 * by fcntl it is kept here, by asking for readiness first.
 */
#include "user/linux/file.h"

#include <string.h>

#include "user/linux/content.h"
#include "user/linux/descriptors.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/job.h"
#include "user/linux/log.h"
#include "user/linux/poll.h"
#include "user/linux/proc.h"
#include "user/linux/remote.h"
#include "user/linux/signal.h"
#include "user/linux/state.h"
#include "user/linux/stream.h"

#define GATHER 4096u

static uint32_t open_flags(uint32_t flags)
{
	uint32_t open = 0;
	uint32_t access = flags & LINUX_O_ACCMODE;
	if (!(flags & LINUX_O_PATH)) {
		if (access == LINUX_O_RDONLY || access == LINUX_O_RDWR)
			open |= OPEN_READ;
		if (access == LINUX_O_WRONLY || access == LINUX_O_RDWR)
			open |= OPEN_WRITE;
		if (flags & LINUX_O_CREAT)
			open |= OPEN_CREATE;
		if (flags & LINUX_O_EXCL)
			open |= OPEN_EXCLUSIVE;
		if (flags & LINUX_O_TRUNC)
			open |= OPEN_TRUNCATE;
		if (flags & LINUX_O_APPEND)
			open |= OPEN_APPEND;
		if (flags & LINUX_O_NONBLOCK)
			open |= OPEN_NONBLOCK;
	}
	if (flags & LINUX_O_DIRECTORY)
		open |= OPEN_DIRECTORY;
	if (flags & LINUX_O_NOFOLLOW)
		open |= OPEN_NO_FOLLOW;
	return open;
}

/* By its name in /proc/self/fd: another descriptor of the same open file. */
static int64_t open_descriptor(int fd, const struct path *path, uint32_t flags)
{
	if (path->directory) /* "1/": only an open directory is that */
		return -ENOTDIR;
	if (flags & LINUX_O_NOFOLLOW)
		return -ELOOP;
	int64_t opened = descriptors_fcntl(fd, flags & LINUX_O_CLOEXEC ? LINUX_F_DUPFD_CLOEXEC : LINUX_F_DUPFD, 0);
	return opened == -EBADF ? -ENOENT : opened;
}

int64_t file_openat(int dirfd, uint64_t name, uint32_t flags, uint32_t mode)
{
	struct process *process = process_self();
	struct path path;
	int64_t error = directory_resolve(dirfd, name, &path);
	if (error)
		return error;
	int named;
	enum proc_kind own = proc_find(path.text, &named);
	if (own == PROC_DESCRIPTOR)
		return open_descriptor(named, &path, flags);
	if (own == PROC_DESCRIPTORS)
		proc_spell(&path);
	if (path.directory && (flags & LINUX_O_CREAT))
		return -EISDIR;
	if ((flags & LINUX_O_TMPFILE) == LINUX_O_TMPFILE)
		return -EOPNOTSUPP;
	if (own == PROC_STATUS)
		signal_tell_sets();
	uint32_t open = open_flags(flags) | (path.directory ? OPEN_DIRECTORY : 0);
	struct open_file file = {.flags = flags & ~(LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_TRUNC | LINUX_O_CLOEXEC)};
	file.flags |= LINUX_O_LARGEFILE;
	file.server_never_waits = (open & OPEN_NONBLOCK) != 0;
	mode &= 07777 & ~__atomic_load_n(&process->umask, __ATOMIC_RELAXED);
	status_t status = remote_open_file(process->vfs, &path, open, mode, &file.handle, &file.kind, &file.lease);
	if (status == ERR_QUOTA || status == ERR_FULL)
		return -ENFILE; /* the server's limit, or its limit for one client */
	if (status)
		return errors_to_linux(status);
	if (file.kind != FS_KIND_FILE && file.kind != FS_KIND_DIRECTORY)
		file.lease = 0; /* what becomes of it is not its server's alone to say */
	if (file.kind == FS_KIND_TERMINAL && !(flags & LINUX_O_NOCTTY))
		job_opened_terminal(file.handle);
	if (file.kind == FS_KIND_FIFO && !(flags & LINUX_O_PATH)) {
		error = stream_open_fifo(&file);
		if (error)
			return error;
	}
	file.lists_descriptors = own == PROC_DESCRIPTORS;
	if (own >= PROC_MAPS && own <= PROC_MOUNTINFO)
		status = proc_fill(file.handle, own);
	if (status) {
		sys_handle_close(file.handle);
		return errors_to_linux(status);
	}
	return descriptors_add(&file, (flags & LINUX_O_CLOEXEC) != 0, &path);
}

int64_t file_open(uint64_t name, uint32_t flags, uint32_t mode)
{
	return file_openat(LINUX_AT_FDCWD, name, flags, mode);
}

int64_t file_creat(uint64_t name, uint32_t mode)
{
	return file_openat(LINUX_AT_FDCWD, name, LINUX_O_CREAT | LINUX_O_WRONLY | LINUX_O_TRUNC, mode);
}

/* Which of the two directions an operation is. */
static bool is_store(uint32_t operation)
{
	return operation == FS_write || operation == FS_pwrite;
}

/* 0 if the descriptor's mode allows the operation, else -EBADF. */
static int64_t check_mode(const struct open_file *file, uint32_t operation)
{
	uint32_t access = file->flags & LINUX_O_ACCMODE;
	uint32_t refused = is_store(operation) ? LINUX_O_RDONLY : LINUX_O_WRONLY;
	return access == refused || (file->flags & LINUX_O_PATH) ? -EBADF : 0;
}

/* The log takes everything and has nothing to read. */
static int64_t transfer_log(const struct open_file *file, uint32_t operation, uint64_t buffer, uint64_t length)
{
	if (operation == FS_pread || operation == FS_pwrite)
		return -ESPIPE;
	if (operation == FS_read)
		return 0;
	log_stream_write(&process_self()->log_streams[file->log_stream], user_pointer(buffer), length);
	return (int64_t)length;
}

static inline status_t move(const struct open_file *file, uint32_t operation, uint64_t buffer, uint64_t length,
        uint64_t position, uint64_t *out_bytes)
{
	return is_store(operation) ? remote_store(file->handle, operation, buffer, length, position, out_bytes)
	                           : remote_fetch(file->handle, operation, buffer, length, position, out_bytes);
}

/* What becomes of a transfer that has failed: it may be one to be tried again. */
static __attribute__((noinline)) int64_t transfer_failed(
        const struct open_file *file, uint32_t operation, uint64_t buffer, uint64_t length, uint64_t position, status_t status)
{
	bool wait = !(file->flags & LINUX_O_NONBLOCK);
	for (uint64_t bytes;;) {
		if (status == ERR_BROKEN_PIPE)
			signal_pipe();
		if (status == ERR_BACKGROUND) {
			int64_t what = job_background(is_store(operation) ? LINUX_SIGTTOU : LINUX_SIGTTIN);
			if (what != JOB_FORCE)
				return what;
			position |= FS_TRANSFER_FORCED;
		} else {
			if (status != ERR_WOULD_BLOCK || !wait)
				return errors_to_linux(status);
			int64_t error = poll_wait(file, is_store(operation) ? FS_READY_WRITE : FS_READY_READ);
			if (error)
				return error;
		}
		status = move(file, operation, buffer, length, position, &bytes);
		if (!status)
			return (int64_t)bytes;
	}
}

static __attribute__((noinline)) int64_t transfer_now(
        const struct open_file *file, uint32_t operation, uint64_t buffer, uint64_t length, uint64_t position)
{
	uint64_t bytes;
	if (!file->server_never_waits && !stream_is_one(file) &&
	        !poll_ready(file, is_store(operation) ? FS_READY_WRITE : FS_READY_READ))
		return -EAGAIN;
	if (operation == FS_read || operation == FS_write)
		position = FS_TRANSFER_NO_WAIT;
	status_t status = move(file, operation, buffer, length, position, &bytes);
	return status ? transfer_failed(file, operation, buffer, length, position, status) : (int64_t)bytes;
}

/*
 * Moves [buffer, buffer + length) to or from the file: the bytes moved, or a negative errno. Every read and write comes by here, so
 * what is rare is elsewhere, and it is made anew for each operation.
 */
static inline __attribute__((always_inline)) int64_t transfer(
        const struct open_file *file, uint32_t operation, uint64_t buffer, uint64_t length, uint64_t position)
{
	if (!length)
		return 0;
	if (!user_range(buffer, length))
		return -EFAULT;
	if (length > LINUX_TRANSFER_MAX)
		length = LINUX_TRANSFER_MAX;
	if (!file->handle)
		return transfer_log(file, operation, buffer, length);
	if (file->flags & LINUX_O_NONBLOCK)
		return transfer_now(file, operation, buffer, length, position);
	uint64_t bytes;
	status_t status = move(file, operation, buffer, length, position, &bytes);
	return status ? transfer_failed(file, operation, buffer, length, position, status) : (int64_t)bytes;
}

static inline int64_t pread_by_frame(const struct open_file *file, uint64_t buffer, uint64_t length, uint64_t position)
{
	if (!length)
		return 0;
	if (!user_range(buffer, length))
		return -EFAULT;
	return content_read(file, buffer, length > LINUX_TRANSFER_MAX ? LINUX_TRANSFER_MAX : length, position);
}

static inline __attribute__((always_inline)) int64_t transfer_fd(
        int fd, uint32_t operation, uint64_t buffer, uint64_t length, uint64_t position)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result = check_mode(file, operation);
	if (!result && operation == FS_pread && file->by_frame == CONTENT_FRAME) {
		result = pread_by_frame(file, buffer, length, position);
	} else if (!result) {
		result = transfer(file, operation, buffer, length, position);
		if (operation == FS_pread && result > 0)
			content_count(file);
	}
	descriptors_drop(file);
	return result;
}

int64_t file_read(int fd, uint64_t buffer, uint64_t length)
{
	return transfer_fd(fd, FS_read, buffer, length, 0);
}

int64_t file_write(int fd, uint64_t buffer, uint64_t length)
{
	return transfer_fd(fd, FS_write, buffer, length, 0);
}

int64_t file_pread64(int fd, uint64_t buffer, uint64_t length, int64_t position)
{
	return position < 0 ? -EINVAL : transfer_fd(fd, FS_pread, buffer, length, (uint64_t)position);
}

int64_t file_pwrite64(int fd, uint64_t buffer, uint64_t length, int64_t position)
{
	return position < 0 ? -EINVAL : transfer_fd(fd, FS_pwrite, buffer, length, (uint64_t)position);
}

/* Checks a vector: the sum of its lengths, or a negative errno. */
static int64_t vector_length(const struct linux_iovec *part, uint64_t count)
{
	uint64_t sum = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (part[i].length > INT64_MAX || sum + part[i].length > INT64_MAX)
			return -EINVAL;
		if (part[i].length && !user_range(part[i].base, part[i].length))
			return -EFAULT;
		sum += part[i].length;
	}
	return (int64_t)sum;
}

/* The whole vector in one call, through a buffer. */
static int64_t transfer_gathered(struct open_file *file, uint32_t operation, const struct linux_iovec *part, uint64_t count,
        uint64_t sum, uint64_t position)
{
	char buffer[GATHER];
	uint64_t at = 0;
	for (uint64_t i = 0; is_store(operation) && i < count; at += part[i++].length)
		memcpy(buffer + at, user_pointer(part[i].base), part[i].length);
	int64_t result = transfer(file, operation, (uintptr_t)buffer, sum, position);
	if (is_store(operation) || result <= 0)
		return result;
	at = 0;
	for (uint64_t i = 0; i < count && at < (uint64_t)result; i++) {
		uint64_t left = (uint64_t)result - at;
		uint64_t length = part[i].length < left ? part[i].length : left;
		memcpy(user_pointer(part[i].base), buffer + at, length);
		at += length;
	}
	return result;
}

/* Part by part. An error after some bytes were moved is not told; the next call meets it again. */
static int64_t transfer_parts(
        struct open_file *file, uint32_t operation, const struct linux_iovec *part, uint64_t count, uint64_t position)
{
	int64_t moved = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (!part[i].length)
			continue;
		if (moved && operation == FS_read && file->handle && !poll_ready(file, FS_READY_READ))
			break;
		int64_t result = transfer(file, operation, part[i].base, part[i].length, position + (uint64_t)moved);
		if (result < 0)
			return moved ? moved : result;
		moved += result;
		if ((uint64_t)result < part[i].length)
			break;
	}
	return moved;
}

static int64_t transfer_vector(int fd, uint32_t operation, uint64_t vector, uint64_t count, uint64_t position)
{
	if (count > LINUX_IOV_MAX)
		return -EINVAL;
	if (count && !user_range(vector, count * sizeof(struct linux_iovec)))
		return -EFAULT;
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	const struct linux_iovec *part = user_pointer(vector);
	int64_t result = check_mode(file, operation);
	int64_t sum = vector_length(part, count);
	if (!result && sum <= 0)
		result = sum;
	else if (!result && file->handle && sum <= GATHER && count > 1)
		result = transfer_gathered(file, operation, part, count, (uint64_t)sum, position);
	else if (!result)
		result = transfer_parts(file, operation, part, count, position);
	descriptors_drop(file);
	return result;
}

int64_t file_readv(int fd, uint64_t vector, uint64_t count)
{
	return transfer_vector(fd, FS_read, vector, count, 0);
}

int64_t file_writev(int fd, uint64_t vector, uint64_t count)
{
	return transfer_vector(fd, FS_write, vector, count, 0);
}

int64_t file_preadv(int fd, uint64_t vector, uint64_t count, int64_t position)
{
	return position < 0 ? -EINVAL : transfer_vector(fd, FS_pread, vector, count, (uint64_t)position);
}

int64_t file_pwritev(int fd, uint64_t vector, uint64_t count, int64_t position)
{
	return position < 0 ? -EINVAL : transfer_vector(fd, FS_pwrite, vector, count, (uint64_t)position);
}

/* Position -1 is the file's own; `high` would be the upper half of it on a machine with 32 bits. None of the flags is known. */
int64_t file_preadv2(int fd, uint64_t vector, uint64_t count, int64_t position, uint64_t high, uint32_t flags)
{
	(void)high;
	if (flags)
		return -EOPNOTSUPP;
	return position == -1 ? file_readv(fd, vector, count) : file_preadv(fd, vector, count, position);
}

int64_t file_pwritev2(int fd, uint64_t vector, uint64_t count, int64_t position, uint64_t high, uint32_t flags)
{
	(void)high;
	if (flags)
		return -EOPNOTSUPP;
	return position == -1 ? file_writev(fd, vector, count) : file_pwritev(fd, vector, count, position);
}

/* Where data or a hole begins: no server tells where its holes are, so a file is data to its end. */
static int64_t find_data(handle_t file, int64_t offset, uint32_t origin, int64_t *out)
{
	struct fs_stat stat;
	status_t status = remote_fstat(file, &stat);
	if (status)
		return errors_to_linux(status);
	if (stat.kind != FS_KIND_FILE)
		return -ESPIPE;
	if (offset < 0 || (uint64_t)offset >= stat.size)
		return -ENXIO;
	*out = origin == LINUX_SEEK_DATA ? offset : (int64_t)stat.size;
	return 0;
}

int64_t file_lseek(int fd, int64_t offset, uint32_t origin)
{
	if (origin > LINUX_SEEK_HOLE)
		return -EINVAL;
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	uint64_t position = 0;
	int64_t result = -ESPIPE;
	if (file->handle && origin >= LINUX_SEEK_DATA) {
		result = find_data(file->handle, offset, origin, &offset);
		origin = FS_SEEK_SET;
	} else if (file->handle) {
		result = 0;
	}
	int64_t place = offset;
	if (file->kind == FS_KIND_DIRECTORY && origin == FS_SEEK_SET)
		offset = directory_seek(file, place);
	if (!result) {
		status_t status = remote_seek(file->handle, offset, origin, &position);
		result = status == ERR_NOT_SUPPORTED || status == ERR_BAD_CALL ? -ESPIPE : errors_to_linux(status);
		if (!status) {
			file->entries_read = position;
			result = offset == place ? (int64_t)position : place;
		}
	}
	descriptors_drop(file);
	return result;
}

/* Writes what is not on a medium yet, which the file's server knows. The log has nothing to be written. */
int64_t file_fsync(int fd)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result = file->handle ? errors_to_linux(remote_plain(file->handle, FS_sync, 0)) : -EINVAL;
	descriptors_drop(file);
	return result;
}

/* There is no file system that would lose what it was given. */
int64_t file_sync(void)
{
	return 0;
}

/* Advice about files is heard and changes nothing. */
int64_t file_fadvise64(int fd, int64_t start, int64_t length, int advice)
{
	enum { NOREUSE = 5 };
	(void)start;
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	bool stream = file->kind == FS_KIND_STREAM;
	descriptors_drop(file);
	if (stream)
		return -ESPIPE;
	return length < 0 || advice < 0 || advice > NOREUSE ? -EINVAL : 0;
}

int64_t file_umask(uint32_t mask)
{
	return __atomic_exchange_n(&process_self()->umask, mask & 0777, __ATOMIC_RELAXED);
}
