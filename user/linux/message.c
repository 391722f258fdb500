/*
 * What goes through sockets. One buffer of the program's is handed to the server as it is; several, or one with a name beside it,
 * go through a buffer of the image's: of its stack, or a mapping for this call.
 *
 * Descriptors that are passed go as the handles of their open files, each with a note of 32 bits: kind in the lowest 8, the flags
 * of the open file above. The highest bit of the second note says that the last handle is no descriptor but the token of
 * the receiver's name.
 */
#include <stddef.h>
#include <string.h>

#include "user/linux/access.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/remote.h"
#include "user/linux/remote_call.h"
#include "user/linux/signal.h"
#include "user/linux/socket.h"
#include "user/linux/stream.h"

#define SMALL 2048u
#define LARGE (256u * 1024) /* more than any message; of a stream the rest is another call's */
#define NOTE_FLAGS_SHIFT 8
#define TOKEN_BIT (1ull << 63)
#define PASSED_RIGHTS (RIGHT_SEND | RIGHT_DUPLICATE | RIGHT_TRANSFER | RIGHT_INHERIT | RIGHT_INSPECT)

/* A place for bytes and, in front of them or behind, a name. */
struct bounce {
	uint64_t address, mapped;
	char small[SMALL];
};

static int64_t bounce_begin(struct bounce *bounce, uint64_t size)
{
	bounce->mapped = 0;
	bounce->address = (uintptr_t)bounce->small;
	if (size <= SMALL)
		return 0;
	bounce->mapped = page_up(size);
	return errors_to_linux(
	        sys_vmem_map(HANDLE_SELF_VMEM, 0, bounce->mapped, MAP_READ | MAP_WRITE, HANDLE_NONE, 0, &bounce->address));
}

static void bounce_end(const struct bounce *bounce)
{
	if (bounce->mapped && sys_vmem_unmap(HANDLE_SELF_VMEM, bounce->address, bounce->mapped))
		return; /* cannot be: it is a mapping of this call's */
}

/* A struct msghdr that has been looked at; a part of it may have been made up for one buffer. */
struct message_parts {
	const struct linux_iovec *part;
	uint64_t count, length;
	uint64_t name, name_length; /* addresses of the program's, or for sending the length itself */
	uint64_t control, control_length;
};

static int64_t measure(struct message_parts *parts)
{
	parts->length = 0;
	if (parts->count > LINUX_IOV_MAX)
		return -EMSGSIZE;
	for (uint64_t i = 0; i < parts->count; i++) {
		const struct linux_iovec *part = &parts->part[i];
		if (part->length && !user_range(part->base, part->length))
			return -EFAULT;
		parts->length += part->length; /* each is below 2^47 and there are at most 1024 */
	}
	return 0;
}

static int64_t read_header(uint64_t address, struct linux_msghdr *header, struct message_parts *out)
{
	if (!access_read(header, address, sizeof *header))
		return -EFAULT;
	if (header->count && !user_range(header->parts, header->count * sizeof(struct linux_iovec)))
		return header->count > LINUX_IOV_MAX ? -EMSGSIZE : -EFAULT;
	if (header->control_length && header->control && !user_range(header->control, header->control_length))
		return -EFAULT;
	*out = (struct message_parts){.part = user_pointer(header->parts),
	        .count = header->count,
	        .name = header->name,
	        .name_length = header->name_length,
	        .control = header->control,
	        .control_length = header->control ? header->control_length : 0};
	return measure(out);
}

/* Descriptors on their way out. */
struct passing {
	uint32_t count;
	struct open_file *files[MESSAGE_HANDLES];
	uint64_t notes[STREAM_NOTES];
};

static void drop_passing(struct passing *passing)
{
	for (uint32_t i = 0; i < passing->count; i++)
		descriptors_drop(passing->files[i]);
}

static int64_t pass_one(struct passing *passing, int fd)
{
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	uint32_t i = passing->count;
	if (i == MESSAGE_HANDLES - 1 || !file->handle ||
	        file->epoll) { /* one place is kept for a token; the log can not be passed */
		descriptors_drop(file);
		return i == MESSAGE_HANDLES - 1 ? -ETOOMANYREFS : -EINVAL;
	}
	uint64_t note = file->kind | (uint64_t)file->flags << NOTE_FLAGS_SHIFT;
	passing->files[i] = file;
	file->lease = 0; /* another process is to have it */
	passing->notes[i / 2] |= (note & 0x7fffffff) << i % 2 * 32;
	passing->count++;
	return 0;
}

static int64_t read_control(const struct message_parts *parts, struct passing *passing)
{
	for (uint64_t at = 0; parts->control_length - at >= sizeof(struct linux_cmsghdr);) {
		struct linux_cmsghdr header;
		if (!access_read(&header, parts->control + at, sizeof header))
			return -EFAULT;
		if (header.length < sizeof header || header.length > parts->control_length - at)
			return -EINVAL;
		if (header.level != LINUX_SOL_SOCKET ||
		        (header.type != LINUX_SCM_RIGHTS && header.type != LINUX_SCM_CREDENTIALS))
			return -EINVAL;
		uint64_t fds = parts->control + at + sizeof header;
		uint64_t count = header.type == LINUX_SCM_RIGHTS ? (header.length - sizeof header) / sizeof(int32_t) : 0;
		for (uint64_t i = 0; i < count; i++) {
			int32_t fd;
			if (!access_read(&fd, fds + i * sizeof fd, sizeof fd))
				return -EFAULT;
			int64_t error = pass_one(passing, fd);
			if (error)
				return error;
		}
		uint64_t step = (header.length + 7) & ~7ull;
		if (step > parts->control_length - at)
			break;
		at += step;
	}
	return 0;
}

/* Copies what the parts hold to `to`, at most `most` bytes. False: EFAULT. */
static bool gather(const struct message_parts *parts, char *to, uint64_t most)
{
	uint64_t done = 0;
	for (uint64_t i = 0; i < parts->count && done < most; i++) {
		uint64_t part = parts->part[i].length < most - done ? parts->part[i].length : most - done;
		if (part && !access_read(to + done, parts->part[i].base, part))
			return false;
		done += part;
	}
	return true;
}

static bool scatter(const struct message_parts *parts, const char *from, uint64_t length)
{
	uint64_t done = 0;
	for (uint64_t i = 0; i < parts->count && done < length; i++) {
		uint64_t part = parts->part[i].length < length - done ? parts->part[i].length : length - done;
		if (part && !access_write(parts->part[i].base, from + done, part))
			return false;
		done += part;
	}
	return true;
}

static uint32_t wait_flag(const struct open_file *file, uint32_t flags)
{
	return file->flags & LINUX_O_NONBLOCK || flags & LINUX_MSG_DONTWAIT ? FS_TRANSFER_NO_WAIT : 0;
}

/* The call itself; [address, address + length) with the name in front, if there is one. */
static int64_t send_buffer(struct open_file *file, uint32_t flags, uint64_t address, uint64_t size, uint64_t length,
        const struct passing *passing, handle_t token)
{
	struct message message = {STREAM_send, 0, {length, flags}};
	struct message_extras *send = extras_begin();
	memcpy(&message.word[2], passing->notes, sizeof passing->notes);
	for (uint32_t i = 0; i < passing->count; i++)
		extras_add_handle(send, passing->files[i]->handle, PASSED_RIGHTS, 0);
	if (token) {
		extras_add_handle(send, token, RIGHT_INSPECT | RIGHT_TRANSFER, 0);
		message.word[2] |= TOKEN_BIT;
	}
	send->readable = (struct message_buffer){address, size};
	status_t status = remote_call_waiting(file->handle, &message);
	if (!status && message.word[0] > length)
		status = ERR_BAD_FORMAT;
	return status ? socket_error(status) : (int64_t)message.word[0];
}

static int64_t send_bounced(struct open_file *file, uint32_t flags, const struct message_parts *parts,
        const struct passing *passing, const struct stream_name *name, handle_t token)
{
	struct bounce bounce;
	uint64_t front = name ? sizeof *name : 0, length = parts->length;
	if (length > LARGE) /* too long for a message, which the server says; a part of a stream */
		length = LARGE;
	int64_t error = bounce_begin(&bounce, front + length);
	if (error)
		return error;
	char *bytes = user_pointer(bounce.address);
	if (name)
		memcpy(bytes, name, sizeof *name);
	int64_t result = -EFAULT;
	if (gather(parts, bytes + front, length))
		result = send_buffer(file, flags, bounce.address, front + length, length, passing, token);
	bounce_end(&bounce);
	return result;
}

static int64_t send_parts(int fd, const struct message_parts *parts, uint32_t flags)
{
	struct passing passing = {0};
	struct stream_name name;
	handle_t token = HANDLE_NONE;
	int64_t result;
	struct open_file *file = socket_hold(fd, &result);
	if (!file)
		return result;
	uint32_t how = wait_flag(file, flags) | (parts->name ? STREAM_SEND_TO : 0);
	result = flags & LINUX_MSG_OOB ? -EOPNOTSUPP : read_control(parts, &passing);
	if (!result && parts->name)
		result = socket_read_name(parts->name, (uint32_t)parts->name_length, &name, &token);
	if (!result && !parts->name && parts->count <= 1) {
		uint64_t base = parts->count ? parts->part[0].base : 0;
		result = send_buffer(file, how, parts->length ? base : 0, parts->length, parts->length, &passing, HANDLE_NONE);
	} else if (!result) {
		result = send_bounced(file, how, parts, &passing, parts->name ? &name : NULL, token);
	}
	if (result == -EPIPE && !(flags & LINUX_MSG_NOSIGNAL))
		signal_pipe();
	if (token)
		sys_handle_close(token);
	drop_passing(&passing);
	descriptors_drop(file);
	return result;
}

int64_t socket_sendto(int fd, uint64_t buffer, uint64_t length, uint32_t flags, uint64_t address, uint32_t address_length)
{
	const struct linux_iovec part = {buffer, length > LINUX_TRANSFER_MAX ? LINUX_TRANSFER_MAX : length};
	struct message_parts parts = {.part = &part, .count = 1, .name = address, .name_length = address_length};
	int64_t error = measure(&parts);
	return error ? error : send_parts(fd, &parts, flags);
}

int64_t socket_sendmsg(int fd, uint64_t message, uint32_t flags)
{
	struct linux_msghdr header;
	struct message_parts parts;
	int64_t error = read_header(message, &header, &parts);
	if (!error && !header.name_length)
		parts.name = 0;
	return error ? error : send_parts(fd, &parts, flags);
}

/* What came in. */
struct incoming {
	uint64_t bytes, length; /* length: of the whole message */
	uint32_t flags;         /* LINUX_MSG_* */
	uint32_t count;
	handle_t handles[MESSAGE_HANDLES];
	uint64_t notes[STREAM_NOTES];
};

static int64_t receive_buffer(
        struct open_file *file, uint32_t flags, uint64_t address, uint64_t size, uint64_t length, struct incoming *out)
{
	struct message message = {STREAM_receive, 0, {length, flags, length}};
	extras_begin()->writable = (struct message_buffer){address, size};
	status_t status = remote_call_waiting(file->handle, &message);
	if (status)
		return socket_error(status);
	*out = (struct incoming){.bytes = message.word[0], .length = message.word[1] >> STREAM_RECEIVED_LENGTH_SHIFT};
	if (message.info & RECEIVED_EXTRAS) {
		const struct message_extras *received = &control_block()->received;
		out->count = received->handle_count < MESSAGE_HANDLES ? received->handle_count : MESSAGE_HANDLES;
		memcpy(out->handles, received->handles, sizeof out->handles);
		memcpy(out->notes, &message.word[2], sizeof out->notes);
	}
	if (message.word[1] & STREAM_RECEIVED_CUT)
		out->flags |= LINUX_MSG_TRUNC;
	if (message.word[1] & STREAM_RECEIVED_LOST)
		out->flags |= LINUX_MSG_CTRUNC;
	return out->bytes > length ? -EIO : 0;
}

/* Through a bounce buffer, with the name behind the bytes. */
static int64_t receive_bounced(struct open_file *file, uint32_t flags, const struct message_parts *parts, struct incoming *out,
        struct stream_name *name)
{
	struct bounce bounce;
	uint64_t length = parts->length > LARGE ? LARGE : parts->length;
	int64_t error = bounce_begin(&bounce, length + sizeof *name);
	if (error)
		return error;
	const char *bytes = user_pointer(bounce.address);
	memset(user_pointer(bounce.address + length), 0, sizeof *name);
	error = receive_buffer(file, flags | STREAM_RECEIVE_SOURCE, bounce.address, length + sizeof *name, length, out);
	if (!error) {
		memcpy(name, bytes + length, sizeof *name);
		if (!scatter(parts, bytes, out->bytes))
			error = -EFAULT;
	}
	bounce_end(&bounce);
	return error;
}

static int64_t receive_parts(
        int fd, const struct message_parts *parts, uint32_t flags, bool named, struct incoming *out, struct stream_name *name)
{
	int64_t result;
	name->length = 0;
	struct open_file *file = socket_hold(fd, &result);
	if (!file)
		return result;
	uint32_t how = wait_flag(file, flags) | (flags & LINUX_MSG_PEEK ? STREAM_RECEIVE_PEEK : 0) |
	        (flags & LINUX_MSG_WAITALL ? STREAM_RECEIVE_ALL : 0);
	if (flags & LINUX_MSG_OOB)
		result = -EOPNOTSUPP;
	else if (named || parts->count > 1)
		result = receive_bounced(file, how, parts, out, name);
	else
		result = receive_buffer(file, how, parts->length ? parts->part[0].base : 0, parts->length, parts->length, out);
	descriptors_drop(file);
	return result;
}

static int64_t add_received(const struct incoming *incoming, uint32_t i, bool close_on_exec)
{
	uint32_t note = (uint32_t)(incoming->notes[i / 2] >> i % 2 * 32) & 0x7fffffff;
	struct open_file file = {
	        .handle = incoming->handles[i], .kind = note & 0xff, .flags = note >> NOTE_FLAGS_SHIFT & ~LINUX_O_CLOEXEC};
	return descriptors_add(&file, close_on_exec, NULL);
}

/* Gives the handles that came as descriptors in a control message, as many as there is room for: the length of that. */
static uint64_t write_control(const struct message_parts *parts, uint32_t flags, struct incoming *incoming)
{
	uint64_t room = 0, given = 0;
	if (parts->control_length >= sizeof(struct linux_cmsghdr))
		room = (parts->control_length - sizeof(struct linux_cmsghdr)) / sizeof(int32_t);
	int32_t fds[MESSAGE_HANDLES];
	for (uint32_t i = 0; i < incoming->count; i++) {
		int64_t fd = -EMFILE;
		if (given == i && i < room)
			fd = add_received(incoming, i, (flags & LINUX_MSG_CMSG_CLOEXEC) != 0);
		else
			sys_handle_close(incoming->handles[i]);
		if (fd >= 0)
			fds[given++] = (int32_t)fd;
		else
			incoming->flags |= LINUX_MSG_CTRUNC;
	}
	if (!given)
		return 0;
	uint64_t length = sizeof(struct linux_cmsghdr) + given * sizeof(int32_t);
	const struct linux_cmsghdr header = {length, LINUX_SOL_SOCKET, LINUX_SCM_RIGHTS};
	if (!access_write(parts->control, &header, sizeof header) ||
	        !access_write(parts->control + sizeof header, fds, given * sizeof(int32_t)))
		incoming->flags |= LINUX_MSG_CTRUNC; /* the descriptors are there, and their numbers are lost, as on Linux */
	uint64_t padded = (length + 7) & ~7ull;
	return padded < parts->control_length ? padded : parts->control_length;
}

/* A sender without a name is no address at all. */
static int64_t write_source(const struct stream_name *name, uint64_t address, uint64_t length)
{
	if (name->length)
		return socket_write_name(name, address, length);
	const int32_t none = 0;
	return access_write(length, &none, sizeof none) ? 0 : -EFAULT;
}

int64_t socket_recvfrom(int fd, uint64_t buffer, uint64_t length, uint32_t flags, uint64_t address, uint64_t address_length)
{
	const struct linux_iovec part = {buffer, length > LINUX_TRANSFER_MAX ? LINUX_TRANSFER_MAX : length};
	struct message_parts parts = {.part = &part, .count = 1};
	struct incoming incoming;
	struct stream_name name;
	int64_t error = measure(&parts);
	if (!error)
		error = receive_parts(fd, &parts, flags, address != 0, &incoming, &name);
	if (error)
		return error;
	write_control(&parts, 0, &incoming); /* there is room for none: they are closed */
	if (address)
		error = write_source(&name, address, address_length);
	return error ? error : (int64_t)(flags & LINUX_MSG_TRUNC ? incoming.length : incoming.bytes);
}

int64_t socket_recvmsg(int fd, uint64_t message, uint32_t flags)
{
	struct linux_msghdr header;
	struct message_parts parts;
	struct incoming incoming;
	struct stream_name name;
	int64_t error = read_header(message, &header, &parts);
	if (!error)
		error = receive_parts(fd, &parts, flags, header.name != 0, &incoming, &name);
	if (error)
		return error;
	header.control_length = write_control(&parts, flags, &incoming);
	header.flags = incoming.flags;
	if (!access_write(message, &header, sizeof header))
		return -EFAULT;
	if (header.name)
		error = write_source(&name, header.name, message + offsetof(struct linux_msghdr, name_length));
	return error ? error : (int64_t)(flags & LINUX_MSG_TRUNC ? incoming.length : incoming.bytes);
}
