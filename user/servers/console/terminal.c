/* Calls that wait for what is typed and for room to show. */
#include "user/servers/console/terminal.h"

#include "user/lib/state.h"
#include "user/servers/console/job.h"

#define WAITING_MAX 256u
#define TIME_UNIT_NS 100000000ull /* of cc[TIME] */

static void show(void *context, const char *bytes, size_t length)
{
	struct terminal *terminal = context;
	uint32_t output = terminal->line.attributes.output;
	size_t space = terminal->sink->space(terminal);

	terminal->sink->put(terminal, bytes, length < space ? length : space, (output & TTY_OPOST) && (output & TTY_ONLCR));
}

static void send_signal(void *context, uint32_t signal)
{
	job_signal(context, signal);
}

static size_t room(void *context)
{
	struct terminal *terminal = context;

	return terminal->line.held ? 0 : terminal->sink->space(terminal);
}

static void put(void *context, uint64_t stamp, const char *bytes, size_t length)
{
	(void)stamp;
	show(context, bytes, length);
}

static void read_expired(struct server_timer *timer);

void terminal_init(struct terminal *terminal)
{
	terminal->readers.most = WAITING_MAX;
	terminal->writes.waiting.most = WAITING_MAX;
	list_begin(&terminal->files);
	line_init(&terminal->line, show, send_signal, terminal);
}

/* What is of one life is not under the log. */
STATE_QUIET void terminal_bind(struct terminal *terminal, struct server *server, const struct terminal_sink *sink, void *device)
{
	terminal->server = server;
	terminal->sink = sink;
	terminal->device = device;
	terminal->read_timer = (struct server_timer){.expired = read_expired, .context = terminal};
	terminal->writes.room = room;
	terminal->writes.put = put;
	terminal->writes.context = terminal;
	terminal->line.show = show;
	terminal->line.signal = send_signal;
}

void terminal_end(struct terminal *terminal)
{
	server_timer_cancel(terminal->server, &terminal->read_timer);
}

/* Watching. */

uint32_t terminal_ready(const struct terminal *terminal)
{
	uint32_t events = 0;

	if (terminal->hung_up)
		return FS_READY_READ | FS_READY_WRITE | FS_READY_HANGUP;
	if (line_readable(&terminal->line))
		events |= FS_READY_READ;
	if (room((struct terminal *)terminal) > 0 && !writes_wait(&terminal->writes))
		events |= FS_READY_WRITE;
	return events;
}

void terminal_drop_watcher(struct terminal_file *file)
{
	if (file->watcher)
		state_close(file->watcher);
	file->watcher = HANDLE_NONE;
}

void terminal_wake_watchers(struct terminal *terminal)
{
	uint32_t events = terminal_ready(terminal);

	LIST_EACH(link, &terminal->files)
	{
		struct terminal_file *file = LIST_OF(link, struct terminal_file, link);
		if (file->master || !file->watcher || !(file->watch_events & events))
			continue;
		/* A watcher that cannot be signalled has gone; either way it asked to be told once. */
		(void)!sys_notify_signal(file->watcher, file->watch_bits);
		terminal_drop_watcher(file);
	}
}

/* Reading. */

static status_t read_now(struct terminal *terminal, handle_t reply, uint64_t length, uint64_t *out_length)
{
	uint8_t bytes[LINE_EDIT_MAX + 1];
	size_t size = length < sizeof bytes ? length : sizeof bytes;
	size_t got = line_read(&terminal->line, bytes, size);

	*out_length = got;
	if (got && terminal->sink->taken)
		terminal->sink->taken(terminal);
	return got ? reply_write_bytes(reply, 0, bytes, got) : ERR_OK;
}

static bool is_raw(const struct terminal *terminal)
{
	return !(terminal->line.attributes.local & TTY_ICANON);
}

/* POSIX 11.1.7: with MIN and TIME 0 a read never waits. */
static bool read_waits(const struct terminal *terminal)
{
	const uint8_t *cc = terminal->line.attributes.cc;

	if (terminal->hung_up || line_readable(&terminal->line))
		return false;
	return !is_raw(terminal) || cc[CC_MIN] || cc[CC_TIME];
}

static void serve_readers(struct terminal *terminal)
{
	while (terminal->readers.first && !read_waits(terminal)) {
		uint64_t length = 0;
		status_t status = read_now(terminal, terminal->readers.first->reply, terminal->readers.first->length, &length);
		waiting_answer(&terminal->readers, status, length);
		server_timer_cancel(terminal->server, &terminal->read_timer);
	}
}

/* The first reader's time runs from the call on without MIN, else between bytes (cases C and A of 11.1.7). */
static void set_read_timer(struct terminal *terminal)
{
	const uint8_t *cc = terminal->line.attributes.cc;

	if (!terminal->readers.first || !is_raw(terminal) || !cc[CC_TIME] || (cc[CC_MIN] && !terminal->line.ready_length))
		return;
	if (cc[CC_MIN] || !terminal->read_timer.set)
		server_timer_set(terminal->server, &terminal->read_timer, server_timer_now() + cc[CC_TIME] * TIME_UNIT_NS);
}

static void read_expired(struct server_timer *timer)
{
	struct terminal *terminal = timer->context;
	uint64_t length = 0;

	if (!terminal->readers.first)
		return;
	status_t status = read_now(terminal, terminal->readers.first->reply, terminal->readers.first->length, &length);
	waiting_answer(&terminal->readers, status, length);
	set_read_timer(terminal);
}

bool terminal_call_waits(const struct terminal_file *file, const struct request *request)
{
	return !(file->flags & OPEN_NONBLOCK) && !(request->word[1] & FS_TRANSFER_NO_WAIT);
}

status_t terminal_read(struct terminal_file *file, struct request *request)
{
	struct terminal *terminal = file->terminal;
	uint64_t length = request->word[0] < request->writable ? request->word[0] : request->writable;

	if (length == 0)
		return ERR_OK;
	if (terminal->sink->read_waits)
		terminal->sink->read_waits(terminal);
	if (!terminal->readers.first && !read_waits(terminal))
		return read_now(terminal, request->reply, length, &request->answer.word[0]);
	if (!terminal_call_waits(file, request))
		return ERR_WOULD_BLOCK;
	status_t status = waiting_add(&terminal->readers, request, length, 0);
	if (!status)
		set_read_timer(terminal);
	return status;
}

void terminal_input(struct terminal *terminal, const uint8_t *bytes, size_t length)
{
	bool was_held = terminal->line.held;

	line_input(&terminal->line, bytes, length);
	serve_readers(terminal);
	set_read_timer(terminal);
	if (was_held && !terminal->line.held)
		terminal_drained(terminal);
	else
		terminal_wake_watchers(terminal);
}

/* Writing. */

status_t terminal_write(struct terminal_file *file, struct request *request)
{
	if (file->terminal->hung_up)
		return ERR_IO;
	return writes_add(&file->terminal->writes, request, terminal_call_waits(file, request));
}

void terminal_drained(struct terminal *terminal)
{
	writes_continue(&terminal->writes);
	if (!writes_wait(&terminal->writes))
		terminal_wake_watchers(terminal);
}

void terminal_resume(struct terminal *terminal)
{
	waiting_resume(&terminal->readers);
	waiting_resume(&terminal->writes.waiting);
	serve_readers(terminal);
	set_read_timer(terminal);
	writes_continue(&terminal->writes);
	LIST_EACH(link, &terminal->files)
	{
		const struct terminal_file *file = LIST_OF(link, struct terminal_file, link);
		if (file->watcher) /* what it was to be told may be lost; it goes on watching */
			(void)!sys_notify_signal(file->watcher, file->watch_bits);
	}
}

/* Files, and what changes the terminal. */

void terminal_add_file(struct terminal *terminal, struct terminal_file *file)
{
	file->terminal = terminal;
	list_append(&terminal->files, &file->link);
}

void terminal_remove_file(struct terminal_file *file)
{
	waiting_drop(&file->terminal->readers, file);
	waiting_drop(&file->terminal->writes.waiting, file);
	terminal_drop_watcher(file);
	list_remove(&file->link);
}

void terminal_hang_up(struct terminal *terminal)
{
	terminal->hung_up = true;
	serve_readers(terminal);
	while (terminal->writes.waiting.first)
		waiting_answer(&terminal->writes.waiting, ERR_IO, 0);
	terminal_wake_watchers(terminal);
	job_hang_up(terminal);
}

void terminal_set_attributes(struct terminal *terminal, const struct tty_attributes *attributes, bool flush)
{
	line_set_attributes(&terminal->line, attributes, flush);
	serve_readers(terminal);
	set_read_timer(terminal);
	terminal_drained(terminal);
}

void terminal_set_size(struct terminal *terminal, uint32_t rows, uint32_t columns)
{
	if (rows == terminal->rows && columns == terminal->columns)
		return;
	terminal->rows = rows;
	terminal->columns = columns;
	job_signal(terminal, JOB_SIGNAL_WINDOW);
}
