#include "tools/guest/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/guest/outcome.h"

#define TAIL_PRINTED 25

void serial_begin(struct serial *serial, const char *path)
{
	memset(serial, 0, sizeof *serial);
	serial->file = -1;
	if (path) {
		serial->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (serial->file < 0)
			die("cannot write the serial log %s: %s", path, strerror(errno));
	}
}

void serial_record(struct serial *serial, const char *bytes, size_t count)
{
	while (serial->file >= 0 && count) {
		ssize_t written = write(serial->file, bytes, count);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			fprintf(stderr, "guest: cannot write the serial log: %s\n", strerror(errno));
			close(serial->file);
			serial->file = -1;
			return;
		}
		bytes += written;
		count -= (size_t)written;
	}
}

/* The rest of a log line after "[   0.123456] cpu0 " and, if a colon does not end it, one word for who speaks. */
static bool says_panic(const char *line, const char **out_from)
{
	if (*line == '[') {
		line = strchr(line, ']');
		if (!line)
			return false;
		line++;
		line += strspn(line, " ");
	}
	for (int words = 0; words < 3; words++) {
		if (!strncmp(line, "panic: ", 7)) {
			*out_from = line;
			return true;
		}
		size_t word = strcspn(line, " :");
		if (!word || line[word] != ' ' || !strncmp(line, "last ", 5))
			return false;
		line += word + 1;
	}
	return false;
}

static enum serial_event look_at_line(struct serial *serial)
{
	static const char *const no_boot[] = {"BdsDxe: No bootable option or device was found", "UEFI Interactive Shell"};
	const char *from;
	enum serial_event event = SERIAL_NOTHING;
	if ((from = strstr(serial->line, "boot failed:")))
		event = SERIAL_BOOT_FAILED;
	else if (says_panic(serial->line, &from))
		event = SERIAL_PANIC;
	for (unsigned i = 0; !event && i < sizeof no_boot / sizeof *no_boot; i++)
		if ((from = strstr(serial->line, no_boot[i])))
			event = SERIAL_NO_BOOT;
	if (event)
		strcpy(serial->found, from);
	return event;
}

static enum serial_event end_line(struct serial *serial)
{
	serial->line[serial->length] = 0;
	enum serial_event event = look_at_line(serial);
	if (serial->length)
		strcpy(serial->tail[serial->lines++ % SERIAL_TAIL], serial->line);
	serial->length = 0;
	return event;
}

/* True if the byte is text and no part of a terminal's escape sequence (ECMA-48, 5.4). */
static bool is_text(struct serial *serial, char byte)
{
	unsigned char value = (unsigned char)byte;
	if (value == 0x1b) {
		serial->escape = ESCAPE_BEGUN;
		return false;
	}
	if (serial->escape == ESCAPE_BEGUN) {
		serial->escape = value == '[' ? ESCAPE_SEQUENCE : ESCAPE_NONE;
		return false;
	}
	if (serial->escape == ESCAPE_SEQUENCE) {
		if (value >= 0x40 && value <= 0x7e)
			serial->escape = ESCAPE_NONE;
		return false;
	}
	return value >= 0x20 && value != 0x7f;
}

enum serial_event serial_take(struct serial *serial, char byte)
{
	if (byte == '\n')
		return end_line(serial);
	if (!is_text(serial, byte))
		return SERIAL_NOTHING;
	serial->line[serial->length++] = byte;
	serial->line[serial->length] = 0;
	/* The text may be a prompt that no newline follows. */
	size_t wanted = serial->until ? strlen(serial->until) : 0;
	if (wanted && serial->length >= wanted && !strcmp(serial->line + serial->length - wanted, serial->until))
		return SERIAL_UNTIL;
	return serial->length == SERIAL_LINE - 1 ? end_line(serial) : SERIAL_NOTHING;
}

void serial_print_tail(const struct serial *serial)
{
	unsigned long first = serial->lines > TAIL_PRINTED ? serial->lines - TAIL_PRINTED : 0;
	if (!serial->lines && !serial->length)
		return;
	fprintf(stderr, "guest: the last lines of the serial log:\n");
	for (unsigned long i = first; i < serial->lines; i++)
		fprintf(stderr, "  %s\n", serial->tail[i % SERIAL_TAIL]);
	if (serial->length)
		fprintf(stderr, "  %.*s\n", (int)serial->length, serial->line);
}
