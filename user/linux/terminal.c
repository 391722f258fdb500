/* ioctl. A terminal's attributes have Linux's bits in the protocol too, so they pass through as they are. */
#include "user/linux/terminal.h"

#include "user/linux/access.h"
#include "user/linux/clock.h"
#include "user/linux/descriptors.h"
#include "user/linux/errors.h"
#include "user/linux/job.h"
#include "user/linux/remote.h"
#include "user/linux/state.h"

_Static_assert(sizeof(struct tty_attributes) == 36, "Linux's struct termios");

/* What a server that has no terminals says of their operations. */
static int64_t tty_error(status_t status)
{
	return status == ERR_BAD_CALL || status == ERR_NOT_SUPPORTED ? -ENOTTY : errors_to_linux(status);
}

static int64_t set_attributes(handle_t file, uint32_t when, uint64_t address)
{
	if (!user_range(address, sizeof(struct tty_attributes)))
		return -EFAULT;
	status_t status = remote_tty_set(file, when, 0, address);
	if (status == ERR_BACKGROUND) {
		int64_t what = job_background(LINUX_SIGTTOU);
		if (what != JOB_FORCE)
			return what;
		status = remote_tty_set(file, when, TTY_FORCED, address);
	}
	return tty_error(status);
}

/* Waits for what was written, which a server has shown by the time that it answers. */
static int64_t drain(handle_t file)
{
	return tty_error(remote_plain(file, TTY_flush, 0));
}

/* TCIFLUSH, TCOFLUSH, TCIOFLUSH. */
static int64_t flush(handle_t file, uint64_t queue)
{
	static const uint32_t queues[] = {TTY_FLUSH_INPUT, TTY_FLUSH_OUTPUT, TTY_FLUSH_INPUT | TTY_FLUSH_OUTPUT};
	return queue >= sizeof queues / sizeof *queues ? -EINVAL : tty_error(remote_plain(file, TTY_flush, queues[queue]));
}

/* TIOCGPTN, TIOCSPTLCK: the master of a pseudo terminal. */
static int64_t pty(handle_t file, bool lock, uint64_t address)
{
	uint64_t number;
	uint32_t word = 0;
	if (lock && !access_read(&word, address, sizeof word))
		return -EFAULT;
	status_t status = remote_ask(file, TTY_pty, !lock ? TTY_PTY_ASK : word ? TTY_PTY_LOCK : TTY_PTY_UNLOCK, &number);
	if (status || lock)
		return tty_error(status);
	word = (uint32_t)number;
	return access_write(address, &word, sizeof word) ? 0 : -EFAULT;
}

static int64_t get_size(handle_t file, uint64_t address)
{
	if (!user_range(address, sizeof(struct linux_winsize)))
		return -EFAULT;
	uint32_t rows, columns;
	int64_t error = tty_error(remote_tty_get_size(file, &rows, &columns));
	if (!error)
		*(struct linux_winsize *)user_pointer(address) =
		        (struct linux_winsize){(uint16_t)rows, (uint16_t)columns, 0, 0};
	return error;
}

static int64_t set_size(handle_t file, uint64_t address)
{
	if (!user_range(address, sizeof(struct linux_winsize)))
		return -EFAULT;
	struct linux_winsize size = *(const struct linux_winsize *)user_pointer(address);
	return tty_error(remote_tty_set_size(file, size.rows, size.columns));
}

static int64_t command_on_terminal(handle_t file, uint32_t command, uint64_t argument)
{
	bool known;
	int64_t result = job_ioctl(file, command, argument, &known);
	if (known)
		return result == -EOPNOTSUPP || result == -ENOSYS ? -ENOTTY : result;
	switch (command) {
	case LINUX_TCGETS:
		return user_range(argument, sizeof(struct tty_attributes)) ? tty_error(remote_tty_get(file, argument))
		                                                           : -EFAULT;
	case LINUX_TCSETS: return set_attributes(file, TTY_SET_NOW, argument);
	case LINUX_TCSETSW: return set_attributes(file, TTY_SET_DRAIN, argument);
	case LINUX_TCSETSF: return set_attributes(file, TTY_SET_FLUSH, argument);
	case LINUX_TCSBRK: return drain(file);
	case LINUX_TCFLSH: return flush(file, argument);
	case LINUX_TIOCGPTN: return pty(file, false, argument);
	case LINUX_TIOCSPTLCK: return pty(file, true, argument);
	case LINUX_TIOCGWINSZ: return get_size(file, argument);
	case LINUX_TIOCSWINSZ: return set_size(file, argument);
	}
	return clock_ioctl(file, command, argument);
}

/* What can be read now: as the server tells it, or of a regular file, from its offset to its end. */
static int64_t bytes_readable(handle_t file, uint64_t address)
{
	if (!user_range(address, 4))
		return -EFAULT;
	struct fs_stat stat;
	uint64_t position;
	if (!remote_ask(file, FS_available, 0, &position)) {
		*(uint32_t *)user_pointer(address) = position > INT32_MAX ? INT32_MAX : (uint32_t)position;
		return 0;
	}
	if (remote_fstat(file, &stat) || stat.kind != FS_KIND_FILE || remote_seek(file, 0, FS_SEEK_CURRENT, &position))
		return -ENOTTY;
	uint64_t left = stat.size > position ? stat.size - position : 0;
	*(uint32_t *)user_pointer(address) = left > INT32_MAX ? INT32_MAX : (uint32_t)left;
	return 0;
}

static int64_t set_nonblocking(int fd, uint64_t address)
{
	if (!user_range(address, 4))
		return -EFAULT;
	int64_t flags = descriptors_fcntl(fd, LINUX_F_GETFL, 0);
	if (flags < 0)
		return flags;
	bool on = *(const uint32_t *)user_pointer(address) != 0;
	uint64_t now = (uint64_t)flags & ~(uint64_t)LINUX_O_NONBLOCK;
	return descriptors_fcntl(fd, LINUX_F_SETFL, on ? now | LINUX_O_NONBLOCK : now);
}

int64_t terminal_ioctl(int fd, uint32_t command, uint64_t argument)
{
	if (command == LINUX_FIOCLEX || command == LINUX_FIONCLEX)
		return descriptors_fcntl(fd, LINUX_F_SETFD, command == LINUX_FIOCLEX ? LINUX_FD_CLOEXEC : 0);
	if (command == LINUX_FIONBIO)
		return set_nonblocking(fd, argument);
	struct open_file *file = descriptors_hold(fd);
	if (!file)
		return -EBADF;
	int64_t result = -ENOTTY;
	if (file->handle && command == LINUX_FIONREAD)
		result = bytes_readable(file->handle, argument);
	else if (file->handle)
		result = command_on_terminal(file->handle, command, argument);
	descriptors_drop(file);
	return result;
}
