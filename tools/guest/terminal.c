#include "tools/guest/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define KEY_ESCAPE 1 /* ^A */

static struct termios before;
static bool changed;

void terminal_begin(struct terminal *terminal)
{
	*terminal = (struct terminal){0};
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return;
	struct termios raw = before;
	cfmakeraw(&raw);
	changed = terminal->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	atexit(terminal_end);
}

void terminal_end(void)
{
	if (!changed)
		return;
	changed = false;
	/* The firmware and the guest may have left colours and a hidden cursor behind. */
	terminal_show("\033[0m\033[?25h\r\n", 12);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

/* The machine takes keys slower than a paste gives them: wait for room, but not for a machine that has stopped reading. */
void terminal_send(int machine, const char *keys, size_t count)
{
	while (count) {
		ssize_t sent = send(machine, keys, count, MSG_NOSIGNAL);
		if (sent > 0) {
			keys += sent;
			count -= (size_t)sent;
		} else if (sent < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = machine, .events = POLLOUT};
			if (poll(&wait, 1, 1000) == 0)
				return;
		} else if (sent < 0 && errno != EINTR) {
			return;
		}
	}
}

bool terminal_read(struct terminal *terminal, int machine)
{
	char typed[1024], keys[2 * sizeof typed];
	size_t count = 0;
	ssize_t got = read(STDIN_FILENO, typed, sizeof typed);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (got <= 0) {
		terminal->at_end = true;
		return terminal->raw;
	}
	for (ssize_t i = 0; i < got; i++) {
		if (!terminal->raw) {
			keys[count++] = typed[i];
		} else if (terminal->escape) {
			terminal->escape = false;
			if (typed[i] == 'x' || typed[i] == 'X')
				return true;
			if (typed[i] != KEY_ESCAPE)
				keys[count++] = KEY_ESCAPE;
			keys[count++] = typed[i];
		} else if (typed[i] == KEY_ESCAPE) {
			terminal->escape = true;
		} else {
			keys[count++] = typed[i];
		}
	}
	terminal_send(machine, keys, count);
	return false;
}

void terminal_show(const char *bytes, size_t count)
{
	while (count) {
		ssize_t written = write(STDOUT_FILENO, bytes, count);
		if (written < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = STDOUT_FILENO, .events = POLLOUT};
			poll(&wait, 1, 1000);
		} else if (written < 0 && errno != EINTR) {
			return;
		} else if (written > 0) {
			bytes += written;
			count -= (size_t)written;
		}
	}
}
