/*
 * Making, naming and connecting sockets; what goes through them is message.c's. A socket's name in a file system is a file there,
 * made by mknod, whose token (FS_token) tells the stream server which socket is meant; nothing is read or written by it.
 */
#include "user/linux/socket.h"

#include <string.h>

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/directory.h"
#include "user/linux/errors.h"
#include "user/linux/remote.h"
#include "user/linux/stream.h"

#define TYPE_FLAGS (LINUX_O_NONBLOCK | LINUX_O_CLOEXEC)

struct open_file *socket_hold(int fd, int64_t *out_error)
{
	struct open_file *file = descriptors_hold(fd);
	*out_error = -EBADF;
	if (!file || file->kind == FS_KIND_SOCKET)
		return file;
	descriptors_drop(file);
	*out_error = -ENOTSOCK;
	return NULL;
}

int64_t socket_error(status_t status)
{
	switch (status) {
	case ERR_NOT_SUPPORTED: return -EOPNOTSUPP;
	case ERR_WRONG_TYPE: return -EPROTOTYPE;
	case ERR_ALREADY: return -EISCONN;
	case ERR_QUOTA: return -ETOOMANYREFS;
	case ERR_FULL:
	case ERR_NO_MEMORY: return -ENOBUFS;
	}
	return errors_to_linux(status);
}

static int64_t check_kind(int family, uint32_t type, int protocol)
{
	uint32_t base = type & ~TYPE_FLAGS;
	if (family != LINUX_AF_UNIX)
		return -EAFNOSUPPORT;
	if (base != STREAM_TYPE_STREAM && base != STREAM_TYPE_DATAGRAM && base != STREAM_TYPE_PACKETS)
		return -ESOCKTNOSUPPORT;
	if (protocol && protocol != LINUX_AF_UNIX)
		return -EPROTONOSUPPORT;
	return process_self()->stream ? 0 : -ENOSYS;
}

static struct open_file new_file(handle_t handle, uint32_t type)
{
	return (struct open_file){.handle = handle, .kind = FS_KIND_SOCKET, .flags = LINUX_O_RDWR | (type & LINUX_O_NONBLOCK)};
}

int64_t socket_socket(int family, uint32_t type, int protocol)
{
	int64_t error = check_kind(family, type, protocol);
	handle_t handle;
	if (error)
		return error;
	status_t status = remote_make(process_self()->stream, STREAM_socket, type & ~TYPE_FLAGS, 0, &handle, 1);
	if (status)
		return stream_make_error(status);
	struct open_file file = new_file(handle, type);
	return descriptors_add(&file, (type & LINUX_O_CLOEXEC) != 0, NULL);
}

int64_t socket_socketpair(int family, uint32_t type, int protocol, uint64_t pair)
{
	int64_t error = check_kind(family, type, protocol);
	handle_t handles[2];
	if (error)
		return error;
	if (!user_range(pair, 2 * sizeof(int32_t)))
		return -EFAULT;
	status_t status = remote_make(process_self()->stream, STREAM_pair, type & ~TYPE_FLAGS, 0, handles, 2);
	if (status)
		return stream_make_error(status);
	const struct open_file files[2] = {new_file(handles[0], type), new_file(handles[1], type)};
	return stream_add_pair(files, (type & LINUX_O_CLOEXEC) != 0, pair);
}

/* The token of the socket that a path leads to; with `make`, of a new one. */
static __attribute__((noinline)) int64_t find_token(const struct stream_name *name, bool make, handle_t *out)
{
	struct process *process = process_self();
	char text[STREAM_NAME_MAX + 1] = {0};
	struct path path;
	handle_t file;
	uint32_t kind;
	memcpy(text, name->text, name->length);
	int64_t error = directory_resolve(LINUX_AT_FDCWD, (uintptr_t)text, &path);
	if (error)
		return error;
	if (make) {
		uint32_t mode = 0777 & ~__atomic_load_n(&process->umask, __ATOMIC_RELAXED);
		status_t made = remote_change(process->vfs, FS_mknod, &path, FS_KIND_SOCKET, mode, 0);
		if (made)
			return made == ERR_EXISTS ? -EADDRINUSE : errors_to_linux(made);
	}
	status_t status = remote_open(process->vfs, &path, OPEN_READ | OPEN_WRITE, 0, &file, &kind);
	if (status)
		return errors_to_linux(status);
	status = kind == FS_KIND_SOCKET ? remote_token(file, out) : ERR_CONNECTION_REFUSED;
	sys_handle_close(file);
	return errors_to_linux(status);
}

/* The name alone. */
static int64_t read_address(uint64_t address, uint32_t length, struct stream_name *out)
{
	if (length < sizeof(uint16_t) || length > sizeof(struct linux_sockaddr_un))
		return -EINVAL;
	struct linux_sockaddr_un name = {0};
	if (!access_read(&name, address, length))
		return -EFAULT;
	if (name.family != LINUX_AF_UNIX)
		return name.family ? -EINVAL : -EAFNOSUPPORT;
	*out = (struct stream_name){.length = (uint16_t)(length - sizeof(uint16_t))};
	if (out->length && name.path[0]) {
		uint16_t end = 0;
		while (end < out->length && name.path[end])
			end++;
		out->length = end;
	}
	memcpy(out->text, name.path, out->length);
	return 0;
}

static bool is_path(const struct stream_name *name)
{
	return name->length && name->text[0];
}

int64_t socket_read_name(uint64_t address, uint32_t length, struct stream_name *out, handle_t *out_token)
{
	*out_token = HANDLE_NONE;
	int64_t error = read_address(address, length, out);
	if (error)
		return error;
	if (!out->length)
		return -EINVAL;
	return is_path(out) ? find_token(out, false, out_token) : 0;
}

int64_t socket_write_name(const struct stream_name *name, uint64_t address, uint64_t length)
{
	struct linux_sockaddr_un whole = {.family = LINUX_AF_UNIX};
	if (!address)
		return 0;
	int32_t room;
	if (!access_read(&room, length, sizeof room))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	uint16_t text = name->length < STREAM_NAME_MAX ? name->length : STREAM_NAME_MAX;
	memcpy(whole.path, name->text, text);
	int32_t takes = (int32_t)sizeof(uint16_t) + text + (is_path(name) && text < STREAM_NAME_MAX);
	int32_t part = takes < room ? takes : room;
	if (part && !access_write(address, &whole, (uint64_t)part))
		return -EFAULT;
	return access_write(length, &takes, sizeof takes) ? 0 : -EFAULT;
}

/* Ends with the token closed and the file dropped. */
static int64_t call_by_name(
        struct open_file *file, uint32_t operation, uint64_t flags, const struct stream_name *name, handle_t token)
{
	status_t status = remote_name(file->handle, operation, flags, name, token);
	if (token)
		sys_handle_close(token);
	descriptors_drop(file);
	return socket_error(status);
}

int64_t socket_bind(int fd, uint64_t address, uint32_t length)
{
	struct stream_name name;
	handle_t token = HANDLE_NONE;
	int64_t error;
	struct open_file *file = socket_hold(fd, &error);
	if (!file)
		return error;
	error = read_address(address, length, &name);
	if (!error && is_path(&name))
		error = find_token(&name, true, &token);
	if (!error)
		return call_by_name(file, STREAM_bind, 0, &name, token);
	descriptors_drop(file);
	return error == -EAFNOSUPPORT ? -EINVAL : error;
}

/* An address of the family AF_UNSPEC, of which nothing but its family counts. */
static bool is_unspecified(uint64_t address, uint32_t length)
{
	uint16_t family;
	return length >= sizeof family && access_read(&family, address, sizeof family) && !family;
}

int64_t socket_connect(int fd, uint64_t address, uint32_t length)
{
	struct stream_name name = {0};
	handle_t token = HANDLE_NONE;
	int64_t error;
	struct open_file *file = socket_hold(fd, &error);
	if (!file)
		return error;
	error = is_unspecified(address, length) ? 0 : socket_read_name(address, length, &name, &token);
	if (!error)
		return call_by_name(
		        file, STREAM_connect, file->flags & LINUX_O_NONBLOCK ? FS_TRANSFER_NO_WAIT : 0, &name, token);
	descriptors_drop(file);
	return error;
}

int64_t socket_listen(int fd, int backlog)
{
	int64_t error;
	struct open_file *file = socket_hold(fd, &error);
	if (!file)
		return error;
	status_t status = remote_plain(file->handle, STREAM_listen, backlog < 0 ? 0 : (uint64_t)backlog);
	descriptors_drop(file);
	return socket_error(status);
}

int64_t socket_accept4(int fd, uint64_t address, uint64_t length, uint32_t flags)
{
	struct stream_name name = {0};
	handle_t handle;
	int64_t error;
	if (flags & ~TYPE_FLAGS)
		return -EINVAL;
	struct open_file *file = socket_hold(fd, &error);
	if (!file)
		return error;
	uint64_t no_wait = file->flags & LINUX_O_NONBLOCK ? FS_TRANSFER_NO_WAIT : 0;
	status_t status = remote_make_waiting(file->handle, STREAM_accept, no_wait, 0, &handle, 1);
	descriptors_drop(file);
	if (status == ERR_QUOTA || status == ERR_FULL)
		return -ENFILE;
	if (status)
		return socket_error(status);
	if (address && !remote_get_name(handle, true, &name))
		error = socket_write_name(&name, address, length);
	else
		error = 0;
	if (error) {
		sys_handle_close(handle);
		return error;
	}
	struct open_file accepted = new_file(handle, flags);
	return descriptors_add(&accepted, (flags & LINUX_O_CLOEXEC) != 0, NULL);
}

int64_t socket_accept(int fd, uint64_t address, uint64_t length)
{
	return socket_accept4(fd, address, length, 0);
}

int64_t socket_shutdown(int fd, int how)
{
	static const uint8_t what[] = {STREAM_SHUT_READ, STREAM_SHUT_WRITE, STREAM_SHUT_READ | STREAM_SHUT_WRITE};
	int64_t error;
	if (how < 0 || how > 2)
		return -EINVAL;
	struct open_file *file = socket_hold(fd, &error);
	if (!file)
		return error;
	status_t status = remote_plain(file->handle, STREAM_shutdown, what[how]);
	descriptors_drop(file);
	return socket_error(status);
}

static int64_t tell_name(int fd, bool peer, uint64_t address, uint64_t length)
{
	struct stream_name name;
	int64_t error;
	struct open_file *file = socket_hold(fd, &error);
	if (!file)
		return error;
	status_t status = remote_get_name(file->handle, peer, &name);
	descriptors_drop(file);
	return status ? socket_error(status) : socket_write_name(&name, address, length);
}

int64_t socket_getsockname(int fd, uint64_t address, uint64_t length)
{
	return tell_name(fd, false, address, length);
}

int64_t socket_getpeername(int fd, uint64_t address, uint64_t length)
{
	return tell_name(fd, true, address, length);
}

static int64_t read_option(handle_t handle, int option, struct linux_ucred *out, uint32_t *out_size)
{
	uint64_t word = 0;
	status_t status = ERR_OK;
	*out_size = sizeof(int32_t);
	switch (option) {
	case LINUX_SO_TYPE: status = remote_ask(handle, STREAM_option, STREAM_OPTION_TYPE, &word); break;
	case LINUX_SO_ACCEPTCONN: status = remote_ask(handle, STREAM_option, STREAM_OPTION_LISTENING, &word); break;
	case LINUX_SO_SNDBUF:
	case LINUX_SO_RCVBUF: status = remote_ask(handle, STREAM_option, STREAM_OPTION_BUFFER, &word); break;
	case LINUX_SO_PEERCRED:
		status = remote_ask(handle, STREAM_option, STREAM_OPTION_PEER, &word);
		*out_size = sizeof *out;
		break;
	case LINUX_SO_DOMAIN: word = LINUX_AF_UNIX; break;
	case LINUX_SO_ERROR:
	case LINUX_SO_PROTOCOL:
	case LINUX_SO_PASSCRED:
	case LINUX_SO_REUSEADDR: break;
	default: return -ENOPROTOOPT;
	}
	*out = (struct linux_ucred){(int32_t)word, 0, 0}; /* there are no users: both ids are 0 */
	return socket_error(status);
}

int64_t socket_getsockopt(int fd, int level, int option, uint64_t value, uint64_t length)
{
	struct linux_ucred result;
	uint32_t size;
	int64_t error;
	int32_t room;
	if (!access_read(&room, length, sizeof room))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	struct open_file *file = socket_hold(fd, &error);
	if (!file)
		return error;
	error = level == LINUX_SOL_SOCKET ? read_option(file->handle, option, &result, &size) : -EOPNOTSUPP;
	descriptors_drop(file);
	if (error)
		return error;
	if ((uint32_t)room > size)
		room = (int32_t)size;
	if (room && !access_write(value, &result, (uint64_t)room))
		return -EFAULT;
	return access_write(length, &room, sizeof room) ? 0 : -EFAULT;
}

/* What changes nothing that a program could see is taken: sizes of queues, which are fixed, and what is meant for networks. */
int64_t socket_setsockopt(int fd, int level, int option, uint64_t value, uint32_t length)
{
	int64_t error;
	struct open_file *file = socket_hold(fd, &error);
	if (!file)
		return error;
	descriptors_drop(file);
	if (level != LINUX_SOL_SOCKET)
		return -EOPNOTSUPP;
	if (length < sizeof(int32_t))
		return -EINVAL;
	if (!user_range(value, sizeof(int32_t)))
		return -EFAULT;
	switch (option) {
	case LINUX_SO_SNDBUF:
	case LINUX_SO_RCVBUF:
	case LINUX_SO_REUSEADDR:
	case LINUX_SO_KEEPALIVE: return 0;
	}
	return -ENOPROTOOPT;
}
