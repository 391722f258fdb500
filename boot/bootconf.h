/* boot.conf: what to load and how. The format is described in docs/boot.md. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BOOTCONF_FOLDER "\\hearth\\" /* where relative names begin */
#define BOOTCONF_PATH BOOTCONF_FOLDER "boot.conf"
#define BOOTCONF_SIZE_MAX 65536u

#define BOOTCONF_PATH_SIZE 128u
#define BOOTCONF_COMMAND_LINE_SIZE 2048u
#define BOOTCONF_TIMEOUT_MAX 600u
#define BOOTCONF_RESOLUTION_MAX 16384u

enum bootconf_problem {
	BOOTCONF_NO_EQUALS,
	BOOTCONF_UNKNOWN_KEY,
	BOOTCONF_REPEATED,
	BOOTCONF_BAD_CHARACTER,
	BOOTCONF_BAD_PATH,
	BOOTCONF_BAD_RESOLUTION,
	BOOTCONF_BAD_TIMEOUT,
	BOOTCONF_TOO_LONG,
};

#define BOOTCONF_NOTES_MAX 8

/* A line that was not taken as it stands. */
struct bootconf_note {
	uint32_t line; /* from 1 */
	enum bootconf_problem problem;
	char word[32]; /* the key, or the line's beginning; printable ASCII */
};

struct bootconf {
	char kernel[BOOTCONF_PATH_SIZE]; /* absolute, with backslashes; "": not given */
	char initfs[BOOTCONF_PATH_SIZE];
	char command_line[BOOTCONF_COMMAND_LINE_SIZE];
	uint32_t command_line_length;
	uint32_t width, height; /* wanted resolution, 0: none */
	uint32_t timeout;       /* seconds for which a failure stays on the screen */
	struct bootconf_note notes[BOOTCONF_NOTES_MAX];
	uint32_t note_count; /* of all that were found; only the first BOOTCONF_NOTES_MAX are kept */
};

/* Reads any bytes; never fails: a line that is not understood becomes a note and is otherwise ignored. */
void bootconf_read(const char *text, uint32_t size, struct bootconf *out);

/* A sentence about the note, to follow the file's name: `line 3: ...`. Cut off at `capacity`. */
void bootconf_note_text(const struct bootconf_note *note, char *out, uint32_t capacity);
