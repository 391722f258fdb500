/*
 * QEMU's control channel (QMP: docs/interop/qmp-spec.txt of QEMU): starts the stopped machine, resets it, and learns why it
 * ended. Answers are looked at as text: the few that matter are told apart by one word.
 *
 * The ghost: Debian's OVMF polls for a TPM at 0xfed40000 for 1.5 seconds where that address reads 0. Before the machine starts,
 * a page of 0xff, the BAR of an ivshmem device, is placed there by writing its PCI configuration registers through the ports
 * 0xcf8 and 0xcfc; the firmware then sees that there is no TPM and later moves the BAR to where it wants it.
 */
#pragma once

#include <stdbool.h>

#include "tools/guest/qemu.h"

struct control {
	int descriptor; /* -1 once it is closed */
	char line[4096];
	unsigned length;
	bool stopped;    /* it has stopped its CPUs by itself */
	bool answered;   /* the last command of control_screenshot */
	char reason[64]; /* of the machine's end, in QEMU's words: "guest-shutdown", "guest-reset"; empty: none told */
	char error[256]; /* the last error answer, empty: none */
};

/* Adds what QEMU needs for the ghost to its arguments. */
void control_ghost_arguments(struct qemu *qemu);

/* Places the ghost and starts the machine. */
void control_begin(struct control *control, int descriptor);

/* Reads what has come; not blocking. */
void control_read(struct control *control);

void control_reset(struct control *control);

/* Has the screen written to a file as PNG, and waits for it a moment. False, and control->error says why, if that fails. */
bool control_screenshot(struct control *control, const char *path);
