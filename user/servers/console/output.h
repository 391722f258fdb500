/*
 * Where the terminal's bytes go: the serial line and, mirrored, the screen. Keeps track of whether the cursor stands at the
 * beginning of a line, so that a line of the log never joins a prompt.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/bootinfo.h"
#include "user/lib/server.h"
#include "user/lib/uart.h"
#include "user/servers/console/vt.h"

struct output {
	struct uart *uart;
	struct server *server;
	bool has_screen;
	struct screen screen;
	struct font font;
	struct vt vt;
	struct server_timer send; /* what is queued goes out when it is certain that it was */
	void (*sent)(void);
	struct server_timer draw; /* pixels follow the cells with a short delay, so that a burst is drawn once */
};

/* `framebuffer` is a frame of the device's memory, or HANDLE_NONE; `sent` is called when the serial line has room again. */
void output_init(struct output *output, struct server *server, struct uart *uart, handle_t framebuffer,
        const struct boot_framebuffer *geometry, void (*sent)(void));

/* With the server's next turn, when nothing waits to be committed, what is queued goes out as far as the serial line takes it. */
void output_send_soon(struct output *output);

/* How many bytes output_text takes for sure. */
size_t output_space(const struct output *output);

/* At most output_space bytes; more are lost on the serial line. `post`: newlines become "\r\n". */
void output_text(struct output *output, const char *bytes, size_t length, bool post);

/* Lines that the serial line has had already. */
void output_screen_text(struct output *output, const char *bytes, size_t length);

/* Begins a new line unless one begins here. */
void output_fresh_line(struct output *output);

/* Only to the serial line's terminal: questions to it. */
void output_serial(struct output *output, const char *text);
