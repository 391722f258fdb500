/* The servers: a vfs over a folder of the host, and its files. */
#include "tests/host/linux/hosted.h"

#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <string.h>

#define HOST_AT_SYMLINK_NOFOLLOW 0x100
#define HOST_AT_EMPTY_PATH 0x1000
#define HOST_TCGETS 0x5401
#define HOST_TCSBRK 0x5409
#define HOST_TCFLSH 0x540b
#define HOST_TIOCGWINSZ 0x5413
#define HOST_POLLIN 1
#define HOST_POLLOUT 4
#define HOST_POLLHUP 16

struct host_stat {
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, reserved;
	uint64_t rdev, size, block_size, blocks, times[6], rest[3];
};

/* A path below ROOT, NUL-ended. "/scheme/initfs" is a scheme that is mounted, and means ROOT again. */
static const char *take_path(const uint64_t word[MESSAGE_WORDS], char out[FS_PATH_MAX])
{
	const struct control_block *block = hosted_thread_self()->control_block;
	struct message_buffer from = block->send.readable;
	if (block->send.word_count) /* what is short travels in the message */
		from = (struct message_buffer){(uint64_t)block->send_words, block->send.word_count * sizeof(uint64_t)};
	if (word[0] > from.length || word[1] > from.length - word[0] || word[1] >= FS_PATH_MAX)
		return NULL;
	memcpy(out, (const char *)from.address + word[0], word[1]);
	out[word[1]] = 0;
	static const char scheme[] = "/scheme/initfs";
	const char *path = out;
	uint32_t i = 0;
	while (i < sizeof scheme - 1 && out[i] == scheme[i])
		i++;
	if (i == sizeof scheme - 1 && (out[i] == '/' || !out[i]))
		path = out + i;
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static uint32_t kind_of(uint32_t mode)
{
	switch (mode & 0170000) {
	case 0040000: return FS_KIND_DIRECTORY;
	case 0120000: return FS_KIND_SYMLINK;
	case 0010000: return FS_KIND_STREAM;
	case 0020000: return FS_KIND_DEVICE;
	}
	return FS_KIND_FILE;
}

static uint32_t open_file(uint64_t word[MESSAGE_WORDS], bool *out_extras)
{
	char buffer[FS_PATH_MAX];
	const char *path = take_path(word, buffer);
	uint64_t flags = word[2];
	uint64_t host = flags & OPEN_READ ? (flags & OPEN_WRITE ? 02 : 00) : (flags & OPEN_WRITE ? 01 : 00);
	host |= (flags & OPEN_CREATE ? 0100u : 0) | (flags & OPEN_EXCLUSIVE ? 0200u : 0) |
	        (flags & OPEN_TRUNCATE ? 01000u : 0) | (flags & OPEN_APPEND ? 02000u : 0) |
	        (flags & OPEN_DIRECTORY ? 0200000u : 0) | (flags & OPEN_NO_FOLLOW ? 0400000u : 0) |
	        (flags & OPEN_NONBLOCK ? 04000u : 0);
	if (!path)
		return ERR_BAD_ARGUMENT;
	int64_t fd = HOST4(__NR_openat, hosted.root, path, host, word[3]);
	struct host_stat stat;
	if (fd < 0 || HOST2(__NR_fstat, fd, &stat))
		return hosted_status(fd);
	word[0] = kind_of(stat.mode);
	word[1] = stat.size;
	struct message_extras *received = &hosted_thread_self()->control_block->received;
	memset(received, 0, sizeof *received);
	received->handle_count = 1;
	received->handles[0] = hosted_add((struct hosted_handle){.type = OBJECT_SENDER,
	        .rights = RIGHT_SEND,
	        .sender = SENDER_FILE,
	        .fd = (int)fd,
	        .directory = kind_of(stat.mode) == FS_KIND_DIRECTORY});
	*out_extras = true;
	return ERR_OK;
}

static uint32_t give_stat(const struct host_stat *from)
{
	const struct message_extras *send = &hosted_thread_self()->control_block->send;
	if (send->writable.length < sizeof(struct fs_stat))
		return ERR_TOO_LARGE;
	*(struct fs_stat *)send->writable.address = (struct fs_stat){
	        .file_system = from->dev,
	        .file = from->ino,
	        .kind = kind_of(from->mode),
	        .mode = from->mode & 07777,
	        .links = (uint32_t)from->nlink,
	        .block_size = (uint32_t)from->block_size,
	        .size = from->size,
	        .blocks = from->blocks,
	        .modify_seconds = (int64_t)from->times[2],
	};
	return ERR_OK;
}

static uint32_t stat_path(const uint64_t word[MESSAGE_WORDS])
{
	char buffer[FS_PATH_MAX];
	const char *path = take_path(word, buffer);
	struct host_stat stat;
	if (!path)
		return ERR_BAD_ARGUMENT;
	int64_t result = HOST4(__NR_newfstatat, hosted.root, path, &stat, word[2] ? 0 : HOST_AT_SYMLINK_NOFOLLOW);
	return result ? hosted_status(result) : give_stat(&stat);
}

static uint32_t read_link(uint64_t word[MESSAGE_WORDS])
{
	char buffer[FS_PATH_MAX];
	const char *path = take_path(word, buffer);
	const struct message_extras *send = &hosted_thread_self()->control_block->send;
	if (!path)
		return ERR_BAD_ARGUMENT;
	int64_t result = HOST4(__NR_readlinkat, hosted.root, path, send->writable.address, send->writable.length);
	if (result == -EINVAL)
		return ERR_NO_LINK;
	word[0] = (uint64_t)result;
	return hosted_status(result);
}

static uint32_t count(int64_t result, uint64_t word[MESSAGE_WORDS])
{
	word[0] = (uint64_t)result;
	return hosted_status(result);
}

/* Linux's directory entries to those of the protocol, which grow by 8 bytes at most: one of 24 can become one of 32. */
static uint32_t read_directory(int fd, uint64_t word[MESSAGE_WORDS])
{
	const struct message_extras *send = &hosted_thread_self()->control_block->send;
	char entries[2048] __attribute__((aligned(8)));
	uint64_t ask = send->writable.length / 32 * 24;
	if (ask > sizeof entries)
		ask = sizeof entries;
	int64_t bytes = HOST3(__NR_getdents64, fd, entries, ask);
	if (bytes < 0)
		return hosted_status(bytes);
	char *to = (char *)send->writable.address;
	for (int64_t at = 0; at < bytes;) {
		const char *entry = entries + at;
		uint16_t size;
		memcpy(&size, entry + 16, 2);
		uint64_t length = strlen(entry + 19);
		struct fs_entry *out = (struct fs_entry *)to;
		memcpy(&out->file, entry, 8);
		memcpy(&out->next, entry + 8, 8);
		out->kind = entry[18] == 4 ? FS_KIND_DIRECTORY : entry[18] == 10 ? FS_KIND_SYMLINK : FS_KIND_FILE;
		out->size = (uint16_t)((sizeof *out + length + 1 + 7) & ~7ull);
		out->name_length = (uint16_t)length;
		memcpy(out->name, entry + 19, length + 1);
		to += out->size;
		at += size;
	}
	word[0] = (uint64_t)(to - (char *)send->writable.address);
	return ERR_OK;
}

static uint32_t give_frame(int fd, uint64_t word[MESSAGE_WORDS], bool *out_extras)
{
	struct host_stat stat;
	if (HOST2(__NR_fstat, fd, &stat) || (stat.mode & 0170000) != 0100000)
		return ERR_NOT_SUPPORTED;
	struct message_extras *received = &hosted_thread_self()->control_block->received;
	memset(received, 0, sizeof *received);
	received->handle_count = 1;
	received->handles[0] = hosted_add((struct hosted_handle){
	        .type = OBJECT_FRAME, .rights = RIGHTS_ALL & ~RIGHT_EXECUTE, .fd = (int)HOST1(__NR_dup, fd)});
	word[0] = 0;
	word[1] = stat.size;
	*out_extras = true;
	return ERR_OK;
}

static uint32_t ready_now(int fd, uint32_t events)
{
	struct {
		int fd;
		int16_t events, revents;
	} item = {fd, (int16_t)((events & FS_READY_READ ? HOST_POLLIN : 0) | (events & FS_READY_WRITE ? HOST_POLLOUT : 0)), 0};
	HOST3(__NR_poll, &item, 1, 0);
	return (item.revents & HOST_POLLIN ? FS_READY_READ : 0) | (item.revents & HOST_POLLOUT ? FS_READY_WRITE : 0) |
	        (item.revents & HOST_POLLHUP ? FS_READY_HANGUP : 0);
}

static uint32_t watch(int fd, uint64_t word[MESSAGE_WORDS])
{
	uint32_t events = (uint32_t)word[0], ready = ready_now(fd, events);
	const struct message_extras *send = &hosted_thread_self()->control_block->send;
	struct hosted_handle *notify = send->handle_count ? hosted_find(send->handles[0], OBJECT_NOTIFY) : NULL;
	for (uint32_t i = 0; notify && !ready && i < WATCHES_MAX; i++) {
		int expected = -1;
		struct hosted_watch *slot = &hosted.watches[i];
		if (!__atomic_compare_exchange_n(&slot->fd, &expected, -2, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			continue;
		slot->events = events;
		slot->notify = notify->notify;
		slot->bits = word[1];
		slot->fd = fd;
		break;
	}
	word[0] = ready;
	return ERR_OK;
}

void hosted_watch_poll(void)
{
	hosted_lock();
	for (uint32_t i = 0; i < WATCHES_MAX; i++) {
		struct hosted_watch *slot = &hosted.watches[i];
		if (slot->fd < 0 || !ready_now(slot->fd, slot->events))
			continue;
		__atomic_fetch_or(&hosted.notify_bits[slot->notify], slot->bits, __ATOMIC_SEQ_CST);
		slot->fd = -1;
	}
	hosted_unlock();
}

/* The hosted process is alone in its session, and in the foreground of every terminal. */
static uint32_t group(int fd, uint32_t label, uint64_t word[MESSAGE_WORDS])
{
	const struct control_block *block = hosted_thread_self()->control_block;
	uint16_t size[4];
	if (label != TTY_get_group && label != TTY_set_group)
		return ERR_BAD_CALL;
	if (HOST3(__NR_ioctl, fd, HOST_TIOCGWINSZ, size))
		return ERR_BAD_CALL;
	if (label == TTY_set_group)
		return word[0] == block->process_number ? ERR_OK : ERR_NO_RIGHT;
	word[0] = word[1] = block->process_number;
	return ERR_OK;
}

static uint32_t tty(int fd, uint32_t label, uint64_t word[MESSAGE_WORDS])
{
	const struct message_extras *send = &hosted_thread_self()->control_block->send;
	uint16_t size[4] = {0};
	int64_t result;
	switch (label) {
	case TTY_get_attributes: return hosted_status(HOST3(__NR_ioctl, fd, HOST_TCGETS, send->writable.address));
	case TTY_set_attributes: return hosted_status(HOST3(__NR_ioctl, fd, HOST_TCGETS + 1 + word[0], send->readable.address));
	case TTY_get_size:
		result = HOST3(__NR_ioctl, fd, HOST_TIOCGWINSZ, size);
		word[0] = size[0];
		word[1] = size[1];
		return hosted_status(result);
	case TTY_set_size:
		size[0] = (uint16_t)word[0];
		size[1] = (uint16_t)word[1];
		return hosted_status(HOST3(__NR_ioctl, fd, HOST_TIOCGWINSZ + 1, size));
	case TTY_flush: /* with TCFLSH's queue one less; 0 drains */
		return hosted_status(HOST3(__NR_ioctl, fd, word[0] ? HOST_TCFLSH : HOST_TCSBRK, word[0] ? word[0] - 1 : 1));
	}
	return group(fd, label, word);
}

static uint32_t on_file(int fd, uint32_t label, uint64_t word[MESSAGE_WORDS], bool *out_extras)
{
	const struct message_extras *send = &hosted_thread_self()->control_block->send;
	const struct message_buffer *from = &send->readable, *to = &send->writable;
	struct host_stat stat;
	switch (label) {
	case FS_read: return count(HOST3(__NR_read, fd, to->address, word[0]), word);
	case FS_pread: return count(HOST4(__NR_pread64, fd, to->address, word[0], word[1]), word);
	case FS_write: return count(HOST3(__NR_write, fd, from->address, word[0]), word);
	case FS_pwrite: return count(HOST4(__NR_pwrite64, fd, from->address, word[0], word[1]), word);
	case FS_seek: return count(HOST3(__NR_lseek, fd, word[0], word[1]), word);
	case FS_fstat: return HOST2(__NR_fstat, fd, &stat) ? ERR_IO : give_stat(&stat);
	case FS_readdir: return read_directory(fd, word);
	case FS_map: return give_frame(fd, word, out_extras);
	case FS_truncate: return hosted_status(HOST2(__NR_ftruncate, fd, word[0]));
	case FS_sync: return hosted_status(HOST1(__NR_fsync, fd));
	case FS_watch: return watch(fd, word);
	}
	return tty(fd, label, word);
}

uint32_t hosted_serve(struct hosted_handle *sender, uint32_t label, uint64_t word[MESSAGE_WORDS], bool *out_extras)
{
	if (sender->directory && (label == FS_read || label == FS_pread))
		return ERR_IS_DIRECTORY;
	if (sender->sender == SENDER_FILE)
		return on_file(sender->fd, label, word, out_extras);
	switch (label) {
	case FS_open: return open_file(word, out_extras);
	case FS_stat: return stat_path(word);
	case FS_readlink: return read_link(word);
	}
	return ERR_BAD_CALL;
}
