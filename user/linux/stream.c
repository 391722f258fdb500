/* Pipes: see stream.h. A process without the grant has none (ENOSYS). */
#include "user/linux/stream.h"

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/remote.h"

int64_t stream_make_error(status_t status)
{
	return status == ERR_QUOTA || status == ERR_FULL ? -ENFILE : errors_to_linux(status);
}

bool stream_is_one(const struct open_file *file)
{
	return file->kind == FS_KIND_STREAM || file->kind == FS_KIND_SOCKET || file->kind == FS_KIND_ANONYMOUS;
}

int64_t stream_add_pair(const struct open_file files[2], bool close_on_exec, uint64_t pair)
{
	int64_t first = descriptors_add(&files[0], close_on_exec, NULL);
	if (first < 0) {
		sys_handle_close(files[1].handle);
		return first;
	}
	int64_t second = descriptors_add(&files[1], close_on_exec, NULL);
	if (second < 0) {
		descriptors_close((int)first);
		return second;
	}
	const int32_t out[2] = {(int32_t)first, (int32_t)second};
	if (access_write(pair, out, sizeof out))
		return 0;
	descriptors_close((int)first);
	descriptors_close((int)second);
	return -EFAULT;
}

int64_t stream_pipe2(uint64_t pair, uint32_t flags)
{
	struct process *process = process_self();
	handle_t handles[2];
	if (flags & ~(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK))
		return -EINVAL;
	if (!user_range(pair, 2 * sizeof(int32_t)))
		return -EFAULT;
	if (!process->stream)
		return -ENOSYS;
	status_t status = remote_make(process->stream, STREAM_pipe, 0, 0, handles, 2);
	if (status)
		return stream_make_error(status);
	uint32_t nonblock = flags & LINUX_O_NONBLOCK;
	const struct open_file files[2] = {
	        {.handle = handles[0], .kind = FS_KIND_STREAM, .flags = LINUX_O_RDONLY | nonblock},
	        {.handle = handles[1], .kind = FS_KIND_STREAM, .flags = LINUX_O_WRONLY | nonblock},
	};
	return stream_add_pair(files, (flags & LINUX_O_CLOEXEC) != 0, pair);
}

int64_t stream_pipe(uint64_t pair)
{
	return stream_pipe2(pair, 0);
}

static uint32_t sides_of(uint32_t flags)
{
	switch (flags & LINUX_O_ACCMODE) {
	case LINUX_O_RDONLY: return FIFO_READ;
	case LINUX_O_WRONLY: return FIFO_WRITE;
	}
	return FIFO_READ | FIFO_WRITE;
}

int64_t stream_open_fifo(struct open_file *file)
{
	handle_t session = process_self()->stream, token = HANDLE_NONE, end;
	uint64_t words[2];
	struct fs_stat stat;
	status_t status = session ? remote_fstat(file->handle, &stat) : ERR_NOT_CONNECTED;
	if (!status)
		status = remote_token(file->handle, &token);
	sys_handle_close(file->handle);
	if (!status) {
		status = remote_fifo(session, sides_of(file->flags), file->flags & LINUX_O_NONBLOCK ? FS_TRANSFER_NO_WAIT : 0,
		        &stat, token, &end, words);
		sys_handle_close(token);
	}
	if (status)
		return status == ERR_NOT_CONNECTED ? -ENXIO : stream_make_error(status);
	if (words[0])
		status = remote_fifo_await(end, words[1]);
	if (status) {
		sys_handle_close(end);
		return errors_to_linux(status);
	}
	file->handle = end;
	file->kind = FS_KIND_STREAM;
	file->server_never_waits = false;
	return 0;
}

static int64_t capacity(const struct open_file *file, uint32_t operation, uint64_t bytes)
{
	uint64_t now;
	status_t status = file->handle ? remote_ask(file->handle, operation, bytes, &now) : ERR_NOT_SUPPORTED;
	switch (status) {
	case ERR_OK: return (int64_t)now;
	case ERR_NOT_SUPPORTED:
	case ERR_BAD_CALL: return -EBADF; /* no pipe */
	case ERR_NO_RIGHT: return -EPERM;
	case ERR_BAD_STATE: return -EBUSY;
	}
	return errors_to_linux(status);
}

int64_t stream_get_capacity(const struct open_file *file)
{
	return capacity(file, STREAM_get_capacity, 0);
}

int64_t stream_set_capacity(const struct open_file *file, uint64_t bytes)
{
	return capacity(file, STREAM_set_capacity, bytes);
}
