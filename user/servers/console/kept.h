/*
 * What outlives the console server (user/lib/state.h): the terminals with their settings, what was typed and not read, what was shown and
 * not sent, who has them open, waits for them and watches them. A shell in a terminal sees nothing of an end.
 *
 * Of each life only are the devices, the picture on the screen, timers, and the functions that terminals call (terminal_bind, pty_bind).
 *
 * Two things are not under the log, because they happen to a device and cannot be taken back: that a byte was sent, which happens only
 * when what had queued it is certain, and that one was received, which is written down at once in `typed`. A byte may go out twice, or
 * one be lost, if the server ends between the device's register and the word behind it.
 */
#pragma once

#include "user/lib/uart.h"
#include "user/servers/console/pty.h"
#include "user/servers/console/window.h"

#define TYPED_MAX 64u

/* The root of the state. */
struct kept {
	bool began;
	bool at_line_start;    /* of the console's output */
	uint32_t typed_length; /* bytes that were received and not yet looked at; one store, not under the log */
	uint8_t typed[TYPED_MAX];
	uint64_t log_cursor; /* what of the log was shown */
	struct terminal console;
	struct pty *ptys[PTY_MAX];
	struct window window;
	struct uart uart;
};
extern struct kept *kept;

/* For server_state.check. */
bool kept_check(struct server *server);

/* At the beginning of each life, behind server_begin(); and in each further one, when the devices are there: who waits goes on. */
void kept_bind(struct server *server, const struct terminal_sink *console_sink);
void kept_resume(void);
