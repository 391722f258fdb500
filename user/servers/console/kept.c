/* What a predecessor left, looked at as if a stranger had sent it, and what each life adds. */
#include "user/servers/console/kept.h"

#include "user/lib/device.h"
#include "user/lib/state.h"
#include "user/servers/console/files.h"

#define FILES_BELIEVED 8192u
#define CONSOLE_NUMBER DEVICE_NUMBER(5, 1) /* as Linux numbers /dev/console */

struct kept *kept;
static uint32_t life, files_seen;

static bool check_line(const struct line *line)
{
	return line->edit_length <= LINE_EDIT_MAX && line->ready_start < LINE_READY_MAX &&
	        line->ready_length <= LINE_READY_MAX && line->ready_lines <= LINE_READY_MAX;
}

/* The mark is nobody's but this life's, and not under the log. */
STATE_QUIET static void mark(struct terminal_file *file)
{
	file->sound = life;
}

/* A ring of links that leads there and back, and through files of this terminal only. */
static bool check_files(const struct terminal *terminal, uint32_t *out_masters, uint32_t *out_opens)
{
	const struct list_link *ring = &terminal->files.ring, *previous = ring;
	*out_masters = *out_opens = 0;
	for (const struct list_link *link = ring->next; link != ring; previous = link, link = link->next) {
		struct terminal_file *file = LIST_OF(link, struct terminal_file, link);
		if (files_seen++ == FILES_BELIEVED || !state_holds(file, sizeof *file) || link->previous != previous ||
		        file->terminal != terminal || (file->watcher && !server_has_handle(file->watcher, OBJECT_NOTIFY)))
			return false;
		*(file->master ? out_masters : out_opens) += 1;
		mark(file);
	}
	return ring->previous == previous;
}

static bool check_terminal(const struct terminal *terminal, uint32_t *out_masters, uint32_t *out_opens)
{
	return check_line(&terminal->line) && check_files(terminal, out_masters, out_opens) &&
	        waiting_check(&terminal->readers) && waiting_check(&terminal->writes.waiting);
}

static bool check_pty(const struct pty *pty, uint32_t index)
{
	uint32_t masters, opens;
	return state_holds(pty, sizeof *pty) && pty->index == index && pty->start < PTY_BUFFER && pty->length <= PTY_BUFFER &&
	        check_terminal(&pty->terminal, &masters, &opens) && masters == pty->has_master && opens == pty->opens &&
	        waiting_check(&pty->readers) && waiting_check(&pty->typed.waiting);
}

static bool check_object(struct server *server, uint64_t stamp, void *object)
{
	const struct terminal_file *file = object;
	(void)server;
	return stamp >= SERVER_STAMP_FIRST && state_holds(file, sizeof *file) && (!file->terminal || file->sound == life);
}

bool kept_check(struct server *server)
{
	const struct kept *old = server->root;
	uint32_t masters, opens;
	life = (uint32_t)server_timer_now() | 1;
	files_seen = 0;
	if (!old->began)
		return true; /* it ended before it served anybody */
	if (old->typed_length > TYPED_MAX || old->window.held_length >= sizeof old->window.held ||
	        old->uart.queued - old->uart.sent > UART_QUEUE || !check_terminal(&old->console, &masters, &opens) || masters)
		return false;
	for (uint32_t i = 0; i < PTY_MAX; i++)
		if (old->ptys[i] && !check_pty(old->ptys[i], i))
			return false;
	return server_check_objects(server, check_object);
}

void kept_bind(struct server *server, const struct terminal_sink *console_sink)
{
	kept = server->root;
	if (!kept->began) {
		terminal_init(&kept->console);
		kept->console.number = CONSOLE_NUMBER;
		kept->console.file = FILE_CONSOLE;
		kept->at_line_start = true;
		kept->began = true;
	}
	terminal_bind(&kept->console, server, console_sink, NULL);
	for (uint32_t i = 0; i < PTY_MAX; i++)
		if (kept->ptys[i])
			pty_bind(kept->ptys[i], server);
}

void kept_resume(void)
{
	terminal_resume(&kept->console);
	for (uint32_t i = 0; i < PTY_MAX; i++)
		if (kept->ptys[i])
			pty_resume(kept->ptys[i]);
}
