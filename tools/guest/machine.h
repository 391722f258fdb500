/*
 * The machine of a run: a QEMU process (qemu.h) with the board, the boot medium and the disks that the options ask for, joined
 * to us by COM1 (console and log), COM2 (the guest link) and its control channel (control.h).
 */
#pragma once

#include "tools/guest/options.h"
#include "tools/guest/qemu.h"

struct machine {
	struct qemu qemu;
	int com1;
	int com2; /* -1: none, when there is no command to run */
	int control;
	char *error_output; /* file with what QEMU printed */
};

/* Makes the boot medium and starts QEMU with the CPU stopped; says on stderr what accelerates it. Ends the process with a
 * sentence if something is missing. */
void machine_start(struct machine *machine, const struct options *options);
