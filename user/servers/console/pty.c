#include "user/servers/console/pty.h"

#include <string.h>

#include "user/lib/device.h"
#include "user/lib/state.h"
#include "user/servers/console/kept.h"

#define FIRST_FILE 16u
#define WAITING_MAX 64u
#define SLAVE_MAJOR 136u

/* Room for a newline that becomes two bytes. */
static size_t sink_space(struct terminal *terminal)
{
	return (PTY_BUFFER - pty_of(terminal)->length) / 2;
}

/* As runs, because each word of a ring is one of the log. */
static void put_bytes(struct pty *pty, const char *bytes, size_t length)
{
	if (length > PTY_BUFFER - pty->length)
		length = PTY_BUFFER - pty->length;
	uint32_t place = (pty->start + pty->length) % PTY_BUFFER;
	size_t first = length < PTY_BUFFER - place ? length : PTY_BUFFER - place;
	memcpy(pty->buffer + place, bytes, first);
	memcpy(pty->buffer, bytes + first, length - first);
	pty->length += (uint32_t)length;
}

/* `to` is none of the state's: that is what the parentheses say. */
static uint32_t take(struct pty *pty, char *to, uint64_t size)
{
	uint32_t count = size < pty->length ? (uint32_t)size : pty->length;
	uint32_t first = count < PTY_BUFFER - pty->start ? count : PTY_BUFFER - pty->start;

	(memcpy)(to, pty->buffer + pty->start, first);
	(memcpy)(to + first, pty->buffer, count - first);
	pty->start = (pty->start + count) % PTY_BUFFER;
	pty->length -= count;
	return count;
}

uint32_t pty_ready(const struct pty *pty)
{
	uint32_t events = 0;

	if (line_room(&pty->terminal.line) && !writes_wait(&pty->typed))
		events |= FS_READY_WRITE;
	if (pty->length)
		events |= FS_READY_READ;
	if (pty->was_opened && !pty->opens)
		events |= FS_READY_HANGUP | FS_READY_READ;
	return events;
}

static void wake_masters(struct pty *pty)
{
	uint32_t events = pty_ready(pty);

	LIST_EACH(link, &pty->terminal.files)
	{
		struct terminal_file *file = LIST_OF(link, struct terminal_file, link);
		if (!file->master || !file->watcher || !(file->watch_events & events))
			continue;
		(void)!sys_notify_signal(file->watcher, file->watch_bits); /* one that has gone needs no signal */
		terminal_drop_watcher(file);
	}
}

/* What the master reads now; with nothing there and nobody on the other side, that is an error (Linux's EIO). */
static status_t read_now(struct pty *pty, handle_t reply, uint64_t size, uint64_t *out_length)
{
	char bytes[PTY_BUFFER];
	uint32_t length = take(pty, bytes, size);

	*out_length = length;
	return length ? reply_write_bytes(reply, 0, bytes, length) : ERR_IO;
}

static bool master_waits(const struct pty *pty)
{
	return !pty->length && !(pty->was_opened && !pty->opens);
}

static void serve_masters(struct pty *pty)
{
	while (pty->readers.first && !master_waits(pty)) {
		uint64_t length = 0;
		status_t status = read_now(pty, pty->readers.first->reply, pty->readers.first->length, &length);
		waiting_answer(&pty->readers, status, length);
	}
	wake_masters(pty);
}

static void sink_put(struct terminal *terminal, const char *bytes, size_t length, bool post)
{
	struct pty *pty = pty_of(terminal);

	for (size_t start = 0, end; start < length; start = end) {
		const char *newline = post ? memchr(bytes + start, '\n', length - start) : NULL;
		end = newline ? (size_t)(newline - bytes) : length;
		put_bytes(pty, bytes + start, end - start);
		if (newline) {
			put_bytes(pty, "\r\n", 2);
			end++;
		}
	}
	serve_masters(pty);
}

static size_t type_room(void *context)
{
	const struct pty *pty = context;

	return line_room(&pty->terminal.line);
}

static void type(void *context, uint64_t stamp, const char *bytes, size_t length)
{
	struct pty *pty = context;

	(void)stamp;
	terminal_input(&pty->terminal, (const uint8_t *)bytes, length);
}

/* Masters that wait to type go on later than the read that made room, which has not ended yet. */
static void sink_taken(struct terminal *terminal)
{
	struct pty *pty = pty_of(terminal);

	server_timer_set(terminal->server, &pty->type_timer, server_timer_now());
}

static void type_on(struct server_timer *timer)
{
	struct pty *pty = timer->context;

	writes_continue(&pty->typed);
	wake_masters(pty);
}

static const struct terminal_sink sink = {.space = sink_space, .put = sink_put, .taken = sink_taken};

/* What is of one life is not under the log. */
STATE_QUIET void pty_bind(struct pty *pty, struct server *server)
{
	terminal_bind(&pty->terminal, server, &sink, pty);
	pty->typed.room = type_room;
	pty->typed.put = type;
	pty->typed.context = pty;
	pty->type_timer = (struct server_timer){.expired = type_on, .context = pty};
}

void pty_resume(struct pty *pty)
{
	terminal_resume(&pty->terminal);
	waiting_resume(&pty->readers);
	waiting_resume(&pty->typed.waiting);
	serve_masters(pty);
	sink_taken(&pty->terminal);
}

status_t pty_create(struct server *server, struct pty **out)
{
	uint32_t index = 0;

	while (index < PTY_MAX && kept->ptys[index])
		index++;
	if (index == PTY_MAX)
		return ERR_FULL;
	struct pty *pty = state_alloc(sizeof *pty);
	if (!pty)
		return ERR_NO_MEMORY;
	terminal_init(&pty->terminal);
	pty->readers.most = WAITING_MAX;
	pty->typed.waiting.most = WAITING_MAX;
	pty_bind(pty, server);
	pty->index = index;
	pty->locked = true;
	pty->has_master = true;
	pty->terminal.number = DEVICE_NUMBER(SLAVE_MAJOR, index);
	pty->terminal.file = FIRST_FILE + index;
	kept->ptys[index] = pty;
	*out = pty;
	return ERR_OK;
}

struct pty *pty_find(uint32_t index)
{
	return index < PTY_MAX ? kept->ptys[index] : NULL;
}

static void free_if_unused(struct pty *pty)
{
	if (pty->has_master || pty->opens)
		return;
	server_timer_cancel(pty->terminal.server, &pty->type_timer);
	terminal_end(&pty->terminal);
	kept->ptys[pty->index] = NULL;
	state_free(pty);
}

void pty_opened(struct pty *pty)
{
	pty->opens++;
	pty->was_opened = true;
}

void pty_closed(struct pty *pty)
{
	if (--pty->opens == 0)
		serve_masters(pty);
	free_if_unused(pty);
}

void pty_close_master(struct pty *pty, struct terminal_file *file)
{
	waiting_drop(&pty->readers, file);
	waiting_drop(&pty->typed.waiting, file);
	terminal_remove_file(file);
	pty->has_master = false;
	terminal_hang_up(&pty->terminal);
	free_if_unused(pty);
}

status_t pty_read(struct pty *pty, struct terminal_file *file, struct request *request)
{
	uint64_t length = request->word[0] < request->writable ? request->word[0] : request->writable;

	if (length == 0)
		return ERR_OK;
	if (!pty->readers.first && !master_waits(pty)) {
		status_t status = read_now(pty, request->reply, length, &request->answer.word[0]);
		terminal_drained(&pty->terminal);
		return status;
	}
	return terminal_call_waits(file, request) ? waiting_add(&pty->readers, request, length, 0) : ERR_WOULD_BLOCK;
}

status_t pty_write(struct pty *pty, struct terminal_file *file, struct request *request)
{
	return writes_add(&pty->typed, request, terminal_call_waits(file, request));
}
