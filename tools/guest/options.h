/*
 * What scripts/guest and scripts/run were told. Both take the same options; only `guest` has a command line to run.
 */
#pragma once

#include <stdbool.h>

#define OPTIONS_DISKS 16

enum boot_from { BOOT_VIRTIO, BOOT_AHCI, BOOT_NVME, BOOT_USB };

struct options {
	bool interactive;    /* run: the terminal is the machine's serial line */
	const char *command; /* guest: for sh -c; NULL with --until and --dialogue */
	bool tty;            /* the command is run on a pseudo terminal; run's shell has a terminal anyway */

	unsigned processors;
	const char *memory;  /* as QEMU's -m takes it */
	const char *machine; /* q35 or pc */
	const char *cpu;     /* NULL: the best that the accelerator has */
	enum boot_from boot_from;
	const char *disks[OPTIONS_DISKS];
	unsigned disk_count;

	const char *kernel; /* NULL: as built */
	const char *initfs;
	const char *cmdline; /* added to boot.conf's */
	const char *esp;     /* a folder whose files are taken for the EFI system partition, before kernel and initfs */
	const char *image;   /* boot this disk image instead of a partition made anew */

	bool icount;
	bool reboot;            /* a reset of the machine starts it again */
	bool reset_after_panic; /* the first panic resets the machine, the second ends the run */
	const char *until;      /* instead of a command: end well once this text is on the serial line */
	const char *dialogue;   /* instead of a command: a file with what is waited for and typed (dialogue.h) */
	const char *screenshot; /* file that gets the screen as it is at the end, as PNG, or NULL */
	const char *serial_log; /* file that gets the serial line's bytes, or NULL */
	double timeout;         /* seconds, 0: none */

	char *const *qemu_arguments; /* after --, ended by NULL */
};

/* Reads the program's arguments; ends the process with a sentence and STATUS_USAGE when they make no sense. */
void options_read(struct options *options, int argc, char **argv);
