/*
 * A terminal: the line discipline between what is typed and the programs that read, and between those that write and where it is
 * shown. It knows neither a serial line nor a screen nor a pseudo terminal: what it shows goes to its `sink`, and what is typed is
 * told to it (terminal_input).
 *
 * Reads and writes that cannot be served at once are saved and answered when something was typed or has been sent, in the order
 * in which they came. A terminal can belong to a session (POSIX.1-2017, 11.1): then it has a foreground group, which the keys'
 * signals go to, and processes of other groups do not read from it (job.h).
 */
#pragma once

#include <stdbool.h>

#include "user/lib/list.h"
#include "user/lib/server.h"
#include "user/lib/waiting.h"
#include "user/lib/writes.h"
#include "user/servers/console/line.h"

struct terminal;

/* Where the terminal's bytes go. */
struct terminal_sink {
	size_t (*space)(struct terminal *terminal); /* how many bytes `put` takes for sure */
	/* At most `space` bytes; `post`: each newline becomes "\r\n", for which there is room too. */
	void (*put)(struct terminal *terminal, const char *bytes, size_t length, bool post);
	void (*opened)(struct terminal *terminal, bool to_read); /* a program has opened it; NULL: no interest */
	void (*read_waits)(struct terminal *terminal);           /* a program waits for input; NULL: no interest */
	void (*taken)(struct terminal *terminal);                /* what was typed was read; NULL: no interest */
};

/* One open of it. */
struct terminal_file {
	struct list_link link;
	struct terminal *terminal;
	bool master;      /* of the other side of a pseudo terminal */
	uint32_t flags;   /* OPEN_* */
	handle_t watcher; /* notify to be signalled, or HANDLE_NONE */
	uint64_t watch_bits;
	uint32_t watch_events;
	uint32_t position; /* in the directory of terminals, which has no terminal */
	uint32_t sound;    /* the life that has looked at it: kept.c */
};

struct terminal {
	struct server *server;            /* of this life, */
	const struct terminal_sink *sink; /* as is this */
	void *device;                     /* the sink's own */
	uint32_t number;                  /* as pm and programs know it: a device number of Linux's */
	uint32_t file;                    /* number of the file */
	struct line line;
	uint32_t rows, columns; /* of the window, 0: unknown */
	uint32_t session;       /* that it controls, 0: none */
	uint32_t group;         /* in the foreground, 0: none */
	bool hung_up;           /* the other side of a pseudo terminal is gone for good */
	struct list files;
	struct waiting_list readers;
	struct server_timer read_timer; /* of the first reader, with TIME; of this life */
	struct writes writes;
};

void terminal_init(struct terminal *terminal);
/* For each life that it sees: which functions it calls. */
void terminal_bind(struct terminal *terminal, struct server *server, const struct terminal_sink *sink, void *device);
/* For each further one: who waits goes on, and who watches looks again. */
void terminal_resume(struct terminal *terminal);
/* Before it goes. */
void terminal_end(struct terminal *terminal);

/* Bytes that were typed. */
void terminal_input(struct terminal *terminal, const uint8_t *bytes, size_t length);

/* The sink has room again: writers and watchers get their turn. */
void terminal_drained(struct terminal *terminal);

/* The other side is gone: readers find the end, writers an error, the session's leader is told. */
void terminal_hang_up(struct terminal *terminal);

/* New attributes, a new size of the window (which its foreground group is told). */
void terminal_set_attributes(struct terminal *terminal, const struct tty_attributes *attributes, bool flush);
void terminal_set_size(struct terminal *terminal, uint32_t rows, uint32_t columns);

/* FS_READY_* that hold for a program on it. */
uint32_t terminal_ready(const struct terminal *terminal);

/* Whom readiness concerns is told, once. */
void terminal_wake_watchers(struct terminal *terminal);
void terminal_drop_watcher(struct terminal_file *file);

/* Whether a read or write may wait: neither its open file nor the call itself (FS_TRANSFER_NO_WAIT) says that it does not. */
bool terminal_call_waits(const struct terminal_file *file, const struct request *request);

/* The calls of an open file, whose caller may do them. */
status_t terminal_read(struct terminal_file *file, struct request *request);
status_t terminal_write(struct terminal_file *file, struct request *request);

/* A file joins and leaves; what waits of it ends with ERR_DEAD when it leaves. */
void terminal_add_file(struct terminal *terminal, struct terminal_file *file);
void terminal_remove_file(struct terminal_file *file);
