/*
 * Pseudo terminals: a terminal whose other side, the *master*, is a program too. What the master writes is typed, and what programs
 * show, the master reads. Opening /dev/ptmx makes one; its number names it in /dev/pts until both sides are closed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/servers/console/terminal.h"

#define PTY_MAX 64u
#define PTY_BUFFER 8192u

/* Of the state, but for type_timer, which is of this life. */
struct pty {
	struct terminal terminal;
	uint32_t index;
	bool locked; /* unlockpt was not called yet */
	bool has_master;
	uint32_t opens; /* of the terminal side */
	bool was_opened;
	char buffer[PTY_BUFFER]; /* ring of what was shown and the master has not read */
	uint32_t start, length;
	struct waiting_list readers; /* masters */
	struct writes typed;         /* of masters, for which the line has no room yet */
	struct server_timer type_timer;
};

/* FULL at PTY_MAX, NO_MEMORY. It has a master from here on; pty_close_master and pty_close end it. */
status_t pty_create(struct server *server, struct pty **out);

/* As those of its terminal (terminal.h). */
void pty_bind(struct pty *pty, struct server *server);
void pty_resume(struct pty *pty);

/* NULL if there is none of that number. */
struct pty *pty_find(uint32_t index);

/* The terminal side was opened, or closed. */
void pty_opened(struct pty *pty);
void pty_closed(struct pty *pty);

/* The pseudo terminal is freed with its last side. */
void pty_close_master(struct pty *pty, struct terminal_file *file);

/* The master's calls. */
status_t pty_read(struct pty *pty, struct terminal_file *file, struct request *request);
status_t pty_write(struct pty *pty, struct terminal_file *file, struct request *request);
uint32_t pty_ready(const struct pty *pty);

static inline struct pty *pty_of(struct terminal *terminal)
{
	return terminal->device;
}
