/*
 * A QEMU process: its arguments, the socket pairs that it inherits (so that no name in a file system is shared with anybody),
 * its start in a process group of its own, its end. It dies with this process, whatever ends that.
 */
#pragma once

#include <sys/types.h>

#define QEMU_ARGUMENTS 256
#define QEMU_CHANNELS 4

struct qemu {
	const char *arguments[QEMU_ARGUMENTS + 1];
	unsigned argument_count;
	int far_ends[QEMU_CHANNELS]; /* what it inherits */
	unsigned far_end_count;
	pid_t process; /* 0: not running */
};

/* Begins the argument list with QEMU's name: HEARTH_QEMU's, else Debian's. */
void qemu_begin(struct qemu *qemu);
void qemu_add(struct qemu *qemu, const char *argument);
void qemu_add_pair(struct qemu *qemu, const char *option, const char *value);

/* A character device of that name; returns our end, not blocking. */
int qemu_add_channel(struct qemu *qemu, const char *name);

/* For values of options: two commas stand for one. The caller owns the result. */
char *qemu_escape(const char *value);

/* The firmware's code and the file with variables that is copied for each run: what the environment names, else Debian's. */
const char *qemu_firmware_code(void);
const char *qemu_firmware_variables(void);

/* Starts it; its own output goes to the file. */
void qemu_start(struct qemu *qemu, const char *error_output);

/* Kills and awaits it, if it runs. */
void qemu_end(struct qemu *qemu);
