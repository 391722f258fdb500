/*
 * What only the superuser may on Linux: here it is whoever has the device in his namespace, and who has not is told EPERM.
 *
 * Of syslog(2) reading is there, and nothing that would change the log for others: it can not be cleared, and its lines have no
 * console whose level could be set. The lines are the log's own, without the "<6>" that Linux puts before its.
 */
#include "user/linux/machine.h"

#include <string.h>

#include "abi/proto/log.h"
#include "abi/proto/power.h"
#include "user/linux/access.h"
#include "user/linux/errors.h"
#include "user/linux/remote.h"
#include "user/linux/remote_call.h"
#include "user/linux/state.h"

#define LOG_DEVICE "/dev/kmsg"
#define POWER_DEVICE "/dev/power"
#define LOG_SIZE (256 * 1024) /* what the kernel keeps */

enum { LINUX_SYSLOG_CLOSE, LINUX_SYSLOG_OPEN, LINUX_SYSLOG_READ, LINUX_SYSLOG_READ_ALL };
enum { LINUX_SYSLOG_SIZE_UNREAD = 9, LINUX_SYSLOG_SIZE_BUFFER };

#define LINUX_REBOOT_MAGIC 0xfee1deadu
#define LINUX_REBOOT_RESTART 0x01234567u
#define LINUX_REBOOT_HALT 0xcdef0123u
#define LINUX_REBOOT_POWER_OFF 0x4321fedcu

/* Who can not open the device may not. */
static int64_t open_device(const char *name, uint32_t access, handle_t *out)
{
	struct path path = {.length = (uint32_t)strlen(name)};
	uint32_t kind;
	memcpy(path.text, name, path.length + 1);
	return remote_open(process_self()->vfs, &path, access, 0, out, &kind) ? -EPERM : 0;
}

struct piece {
	uint64_t bytes, next;
};

static status_t read_piece(handle_t log, uint64_t cursor, uint64_t address, uint64_t room, struct piece *out)
{
	struct message message = {LOG_read, 0, {cursor}};
	extras_begin()->writable = (struct message_buffer){address, room};
	status_t status = remote_call(log, &message);
	if (status)
		return status;
	*out = (struct piece){message.word[0], message.word[1]};
	return out->bytes > room ? ERR_BAD_FORMAT : ERR_OK;
}

/* Where the first line begins that lies behind `cursor` as a whole. */
static status_t find_line(handle_t log, uint64_t *cursor)
{
	char lines[LOG_READ_MAX];
	struct piece piece;
	status_t status = read_piece(log, *cursor, (uintptr_t)lines, sizeof lines, &piece);
	if (status)
		return status;
	for (uint64_t i = 0; i < piece.bytes; i++) {
		if (lines[i] != '\n')
			continue;
		*cursor = piece.next - piece.bytes + i + 1;
		break;
	}
	return ERR_OK;
}

/* The last lines that fit. */
static int64_t read_all(handle_t log, uint64_t address, uint64_t length)
{
	struct message message = {LOG_range, 0, {0}};
	struct piece piece;
	uint64_t done = 0;
	extras_begin();
	status_t status = remote_call(log, &message);
	uint64_t cursor = message.word[0], end = message.word[1];
	if (!status && end - cursor > length) {
		cursor = end - length;
		status = find_line(log, &cursor);
	}
	while (!status && cursor < end && done < length) {
		status = read_piece(log, cursor, address + done, length - done, &piece);
		if (status || !piece.bytes)
			break;
		done += piece.bytes;
		cursor = piece.next;
	}
	return status ? errors_to_linux(status) : (int64_t)done;
}

static int64_t read_log(uint64_t address, int length)
{
	handle_t log;
	if (!address || length < 0)
		return -EINVAL;
	if (!length)
		return 0;
	if (!user_range(address, (uint64_t)length))
		return -EFAULT;
	int64_t error = open_device(LOG_DEVICE, OPEN_READ, &log);
	if (error)
		return error;
	int64_t result = read_all(log, address, (uint64_t)length);
	sys_handle_close(log);
	return result;
}

int64_t machine_syslog(int type, uint64_t address, int length)
{
	switch (type) {
	case LINUX_SYSLOG_CLOSE:
	case LINUX_SYSLOG_OPEN: return 0;
	case LINUX_SYSLOG_READ_ALL: return read_log(address, length);
	case LINUX_SYSLOG_SIZE_BUFFER: return LOG_SIZE;
	}
	return type < 0 || type > LINUX_SYSLOG_SIZE_BUFFER ? -EINVAL : -EPERM;
}

static bool is_second_magic(uint32_t magic)
{
	return magic == 672274793 || magic == 85072278 || magic == 369367448 || magic == 537993216;
}

/* On success the machine ends a moment later. Halting is switching off: there is no monitor to halt in. */
int64_t machine_reboot(uint32_t magic, uint32_t magic_2, uint32_t command, uint64_t text)
{
	handle_t power;
	bool off = command == LINUX_REBOOT_POWER_OFF || command == LINUX_REBOOT_HALT;
	(void)text;
	if (magic != LINUX_REBOOT_MAGIC || !is_second_magic(magic_2) || (!off && command != LINUX_REBOOT_RESTART))
		return -EINVAL;
	int64_t error = open_device(POWER_DEVICE, OPEN_WRITE, &power);
	if (error)
		return error;
	status_t status = remote_plain(power, off ? POWER_off : POWER_restart, 0);
	sys_handle_close(power);
	return status == ERR_NOT_SUPPORTED ? -EINVAL : errors_to_linux(status);
}
