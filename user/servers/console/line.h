/*
 * The line discipline of a terminal (POSIX.1-2017, chapter 11): what is typed becomes what programs read. Pure: no calls, no
 * allocation; what is to be shown goes to the `show` function.
 *
 * In canonical mode a line is edited until it is ended (newline, EOL, EOF) and read as a whole; erasing takes back a character of
 * UTF-8, not a byte. In the other mode each byte can be read at once. INTR, QUIT and SUSP become signals, told to the `signal`
 * function; STOP and START hold output back, which `held` says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/proto/fs.h"
#include "abi/proto/tty.h"

/* Bits and indices of struct tty_attributes that are honoured; the others are only kept. */
#define TTY_INLCR 0000100u
#define TTY_IGNCR 0000200u
#define TTY_ICRNL 0000400u
#define TTY_IXON 0002000u
#define TTY_IXANY 0004000u
#define TTY_OPOST 0000001u
#define TTY_ONLCR 0000004u
#define TTY_ISIG 0000001u
#define TTY_ICANON 0000002u
#define TTY_ECHO 0000010u
#define TTY_ECHOE 0000020u
#define TTY_ECHOK 0000040u
#define TTY_ECHONL 0000100u
#define TTY_NOFLSH 0000200u
#define TTY_TOSTOP 0000400u
#define TTY_ECHOCTL 0001000u
#define TTY_IEXTEN 0100000u

enum {
	CC_INTR = 0,
	CC_QUIT = 1,
	CC_ERASE = 2,
	CC_KILL = 3,
	CC_EOF = 4,
	CC_TIME = 5,
	CC_MIN = 6,
	CC_START = 8,
	CC_STOP = 9,
	CC_SUSP = 10,
	CC_EOL = 11,
	CC_REPRINT = 12,
	CC_WERASE = 14,
	CC_LNEXT = 15,
	CC_EOL2 = 16,
};

/* Signals that keys send, as Linux numbers them. */
enum { LINE_SIGNAL_INTERRUPT = 2, LINE_SIGNAL_QUIT = 3, LINE_SIGNAL_STOP = 20 };

#define LINE_EDIT_MAX 4095u /* bytes of a line, its end included; what is typed beyond it is refused with a bell */
#define LINE_READY_MAX 8192u

struct line {
	struct tty_attributes attributes;
	void (*show)(void *context, const char *bytes, size_t length);
	void (*signal)(void *context, uint32_t signal);
	void *context;
	bool held; /* output is to wait: STOP was typed, and START not yet */
	uint8_t edit[LINE_EDIT_MAX];
	uint32_t edit_length;
	bool literal;                   /* the next byte is taken as it is */
	uint16_t ready[LINE_READY_MAX]; /* ring of bytes that can be read; LINE_END stands for an end of file */
	uint32_t ready_start, ready_length;
	uint32_t ready_lines; /* newlines, EOLs and ends of file among them, in canonical mode */
};

void line_init(struct line *line, void (*show)(void *context, const char *bytes, size_t length),
        void (*signal)(void *context, uint32_t signal), void *context);

/* Bytes that were typed. */
void line_input(struct line *line, const uint8_t *bytes, size_t length);

/*
 * How many more bytes can be typed of which none is lost for want of readers. Where a line is edited and none is complete there is
 * always room, for nobody could make some: what is typed may be what ends or erases the line.
 */
size_t line_room(const struct line *line);

/* Whether line_read would have something, be it an end of file. */
bool line_readable(const struct line *line);

/* Takes at most `size` bytes, of one line in canonical mode; 0 is an end of file. Only if line_readable. */
size_t line_read(struct line *line, uint8_t *to, size_t size);

/* Bytes that can be read without waiting, of the first line in canonical mode. */
size_t line_available(const struct line *line);

/* Discards what was typed and not read. */
void line_flush(struct line *line);

/* New attributes; `flush` discards what was typed and not read. */
void line_set_attributes(struct line *line, const struct tty_attributes *attributes, bool flush);
