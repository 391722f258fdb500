/*
 * The terminal as programs see it: protocol fs over the line discipline and the outputs. Reads and writes that cannot be served
 * at once are saved and answered when something was typed or has been sent, in the order in which they came.
 */
#pragma once

#include <stdbool.h>

#include "user/lib/server.h"
#include "user/lib/writes.h"
#include "user/servers/console/line.h"
#include "user/servers/console/output.h"
#include "user/servers/console/window.h"

/* One open of the terminal. */
struct terminal_file {
	uint32_t flags; /* OPEN_* */
	struct terminal_file *next;
	handle_t watcher; /* notify to be signalled, or HANDLE_NONE */
	uint64_t watch_bits;
	uint32_t watch_events;
};

struct terminal {
	struct server server;
	struct uart uart;
	struct output output;
	struct line line;
	struct window window;
	struct server_timer window_timer;
	struct terminal_file *files;
	struct waiting_list readers;
	struct writes writes;
	bool first_read_said;
	void (*first_read)(void); /* called once when a program first waits for input: the system is up */
};

/* Fills the server's table; server_begin is the caller's. */
void terminal_init(struct terminal *terminal);

/* Bytes that were typed. */
void terminal_input(struct terminal *terminal, const uint8_t *bytes, size_t length);

/* The serial line has sent something: writers and watchers get their turn. */
void terminal_drained(struct terminal *terminal);
