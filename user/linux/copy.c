/*
 * sendfile and copy_file_range. What was read and could not be written is not lost: a position that the caller gave is set to
 * what was written, and the file's own is set back.
 */
#include "user/linux/copy.h"

#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/file.h"
#include "user/linux/native.h"
#include "user/linux/state.h"

#define BUFFER_SIZE (128 * 1024ull)

/* One side: a descriptor, and a position in the program's memory or NULL for the file's own. */
struct side {
	int fd;
	int64_t *position;
};

static int64_t read_some(const struct side *in, uint64_t buffer, uint64_t length)
{
	return in->position ? file_pread64(in->fd, buffer, length, *in->position) : file_read(in->fd, buffer, length);
}

static int64_t write_some(const struct side *out, uint64_t buffer, uint64_t length)
{
	return out->position ? file_pwrite64(out->fd, buffer, length, *out->position) : file_write(out->fd, buffer, length);
}

/* Writes all of a buffer unless an error comes: the bytes written, or the error if none were. */
static int64_t write_all(const struct side *out, uint64_t buffer, uint64_t length)
{
	uint64_t done = 0;
	while (done < length) {
		int64_t written = write_some(out, buffer + done, length - done);
		if (written <= 0)
			return done ? (int64_t)done : written;
		done += (uint64_t)written;
		if (out->position)
			*out->position += written;
	}
	return (int64_t)done;
}

/* What was read and not written is to be read again. */
static void give_back(const struct side *in, int64_t bytes)
{
	if (!in->position && bytes)
		file_lseek(in->fd, -bytes, FS_SEEK_CURRENT);
}

static int64_t copy_through(const struct side *in, const struct side *out, uint64_t buffer, uint64_t length)
{
	int64_t done = 0;
	while ((uint64_t)done < length) {
		uint64_t part = length - (uint64_t)done < BUFFER_SIZE ? length - (uint64_t)done : BUFFER_SIZE;
		int64_t bytes = read_some(in, buffer, part);
		if (bytes <= 0)
			return done ? done : bytes;
		int64_t written = write_all(out, buffer, (uint64_t)bytes);
		int64_t moved = written > 0 ? written : 0;
		if (in->position)
			*in->position += moved;
		give_back(in, bytes - moved);
		done += moved;
		if (moved < bytes)
			return done ? done : written;
	}
	return done;
}

static int64_t copy(const struct side *in, const struct side *out, uint64_t length)
{
	uint64_t buffer;
	if (length > LINUX_TRANSFER_MAX)
		length = LINUX_TRANSFER_MAX;
	status_t status =
	        sys_vmem_map(HANDLE_SELF_VMEM, 0, BUFFER_SIZE, MAP_READ | MAP_WRITE | MAP_NO_INHERIT, HANDLE_NONE, 0, &buffer);
	if (status)
		return errors_to_linux(status);
	int64_t result = copy_through(in, out, buffer, length);
	status = sys_vmem_unmap(HANDLE_SELF_VMEM, buffer, BUFFER_SIZE);
	return status ? errors_to_linux(status) : result;
}

/* The position at an address that may be 0. */
static int64_t position_at(uint64_t address, int64_t **out)
{
	*out = address ? user_pointer(address) : NULL;
	if (address && !user_range(address, sizeof **out))
		return -EFAULT;
	return address && **out < 0 ? -EINVAL : 0;
}

/* Whether a descriptor is of an ordinary file; what it is if it is none. */
static int64_t check_file(int fd)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	uint32_t kind = file->kind;
	descriptors_drop(file);
	return kind == FS_KIND_FILE ? 0 : kind == FS_KIND_DIRECTORY ? -EISDIR : -EINVAL;
}

/* From anything else it would take what it can not give back, and pass over the end of a terminal's input. */
int64_t copy_sendfile(int out, int in, uint64_t position, uint64_t length)
{
	struct side from = {in, NULL}, to = {out, NULL};
	int64_t error = position_at(position, &from.position);
	if (!error)
		error = check_file(in);
	if (error)
		return error == -EISDIR ? -EINVAL : error;
	return copy(&from, &to, length);
}

int64_t copy_file_range(int in, uint64_t in_position, int out, uint64_t out_position, uint64_t length, uint32_t flags)
{
	struct side from = {in, NULL}, to = {out, NULL};
	if (flags)
		return -EINVAL;
	int64_t error = position_at(in_position, &from.position);
	if (!error)
		error = position_at(out_position, &to.position);
	if (!error)
		error = check_file(in);
	if (!error)
		error = check_file(out);
	return error ? error : copy(&from, &to, length);
}
