/*
 * What the machine says on COM1: console and log. The bytes go to a file as they are; as lines, without the firmware's terminal
 * escapes, they are searched for what ends a run: the loader's "boot failed:", the kernel's "panic:", a firmware that finds
 * nothing to boot. The last lines are kept to explain a failure.
 *
 * A line means "panic:" only where the kernel's log writes a level or subsystem, at the beginning or after "cpuN ", so that
 * the next boot's reprint of the report ("last panic: ...") and a user who types the word do not count.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SERIAL_LINE 512
#define SERIAL_TAIL 40

enum serial_event {
	SERIAL_NOTHING,
	SERIAL_PANIC,
	SERIAL_BOOT_FAILED,
	SERIAL_NO_BOOT,
	SERIAL_UNTIL, /* the text waited for */
};

struct serial {
	int file;          /* -1: none */
	const char *until; /* what is waited for now; NULL: nothing */
	enum { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_SEQUENCE } escape;
	char line[SERIAL_LINE];
	unsigned length;
	char tail[SERIAL_TAIL][SERIAL_LINE]; /* a ring: line N is at N modulo SERIAL_TAIL */
	unsigned long lines;
	char found[SERIAL_LINE]; /* the line of the last event, from its word on */
};

/* Opens `path` (NULL: no file) or ends the process with a sentence. */
void serial_begin(struct serial *serial, const char *path);

/* Puts bytes into the log's file. */
void serial_record(struct serial *serial, const char *bytes, size_t count);

/* Takes a byte, and tells what has come with it. */
enum serial_event serial_take(struct serial *serial, char byte);

/* Prints the last lines to stderr. */
void serial_print_tail(const struct serial *serial);
