/* Operations of protocol fs on the terminal, and the calls that wait. */
#include "user/servers/console/terminal.h"

#include <stdlib.h>

#define WAITING_MAX 128u /* readers, and as many writers */
#define WINDOW_TIMEOUT_NS 2000000000ull
#define TERMINAL_DEVICE 0x0501u /* major 5, minor 1: /dev/console, as Linux numbers it */
#define FILES_MAX 256u

static struct terminal *terminal_of(const struct request *request)
{
	return request->server->context;
}

static void show(void *context, const char *bytes, size_t length)
{
	struct terminal *terminal = context;
	uint32_t output = terminal->line.attributes.output;

	output_text(&terminal->output, bytes, length, (output & (TTY_OPOST | TTY_ONLCR)) == (TTY_OPOST | TTY_ONLCR));
}

static void say_first_read(struct terminal *terminal)
{
	if (!terminal->first_read_said && terminal->first_read)
		terminal->first_read();
	terminal->first_read_said = true;
}

/* Watching. */

static uint32_t ready_events(const struct terminal *terminal)
{
	uint32_t events = 0;

	if (line_readable(&terminal->line))
		events |= FS_READY_READ;
	if (output_space(&terminal->output) > 0 && !writes_wait(&terminal->writes))
		events |= FS_READY_WRITE;
	return events;
}

static void drop_watcher(struct terminal_file *file)
{
	if (file->watcher)
		sys_handle_close(file->watcher);
	file->watcher = HANDLE_NONE;
}

static void wake_watchers(struct terminal *terminal)
{
	uint32_t events = ready_events(terminal);

	for (struct terminal_file *file = terminal->files; file; file = file->next) {
		if (!file->watcher || !(file->watch_events & events))
			continue;
		/* A watcher that cannot be signalled has gone; either way it asked to be told once. */
		(void)!sys_notify_signal(file->watcher, file->watch_bits);
		drop_watcher(file);
	}
}

static status_t handle_watch(struct request *request)
{
	struct terminal *terminal = terminal_of(request);
	struct terminal_file *file = request->object;
	uint32_t wanted = (uint32_t)request->word[0], ready = ready_events(terminal) & wanted;

	drop_watcher(file);
	if (wanted & FS_READY_READ)
		say_first_read(terminal);
	if (!ready && request->handle_count) {
		file->watcher = request_take_handle(request, 0);
		file->watch_bits = request->word[1];
		file->watch_events = wanted;
	}
	request->answer.word[0] = ready;
	return ERR_OK;
}

/* Reading. */

static status_t read_now(struct terminal *terminal, handle_t reply, uint64_t length, uint64_t *out_length)
{
	uint8_t bytes[LINE_EDIT_MAX + 1];
	size_t size = length < sizeof bytes ? length : sizeof bytes;
	size_t got = line_read(&terminal->line, bytes, size);

	*out_length = got;
	return got ? reply_write_bytes(reply, 0, bytes, got) : ERR_OK;
}

/* In raw mode with MIN 0 a read does not wait (POSIX 11.1.7, case D; TIME is not honoured). */
static bool read_waits(const struct terminal *terminal)
{
	const struct tty_attributes *attributes = &terminal->line.attributes;

	return !line_readable(&terminal->line) && (attributes->local & TTY_ICANON || attributes->cc[CC_MIN] > 0);
}

static status_t handle_read(struct request *request)
{
	struct terminal *terminal = terminal_of(request);
	struct terminal_file *file = request->object;
	uint64_t length = request->word[0] < request->writable ? request->word[0] : request->writable;

	if (!(file->flags & OPEN_READ))
		return ERR_DENIED;
	if (length == 0)
		return ERR_OK;
	say_first_read(terminal);
	if (!terminal->readers.first && !read_waits(terminal))
		return read_now(terminal, request->reply, length, &request->answer.word[0]);
	if (file->flags & OPEN_NONBLOCK)
		return ERR_WOULD_BLOCK;
	return waiting_add(&terminal->readers, request, length, 0);
}

static void serve_readers(struct terminal *terminal)
{
	while (terminal->readers.first && !read_waits(terminal)) {
		uint64_t length = 0;
		status_t status = read_now(terminal, terminal->readers.first->reply, terminal->readers.first->length, &length);
		waiting_answer(&terminal->readers, status, length);
	}
}

void terminal_input(struct terminal *terminal, const uint8_t *bytes, size_t length)
{
	uint8_t passed[sizeof terminal->window.held + 1];

	for (size_t i = 0; i < length; i++) {
		size_t count = window_filter(&terminal->window, bytes[i], passed);
		line_input(&terminal->line, passed, count);
	}
	serve_readers(terminal);
	wake_watchers(terminal);
}

/* Writing. */

static size_t room(void *context)
{
	const struct terminal *terminal = context;

	return output_space(&terminal->output);
}

static void put(void *context, uint64_t stamp, const char *bytes, size_t length)
{
	(void)stamp;
	show(context, bytes, length);
}

static status_t handle_write(struct request *request)
{
	struct terminal_file *file = request->object;

	if (!(file->flags & OPEN_WRITE))
		return ERR_DENIED;
	return writes_add(&terminal_of(request)->writes, request, !(file->flags & OPEN_NONBLOCK));
}

void terminal_drained(struct terminal *terminal)
{
	writes_continue(&terminal->writes);
	if (!writes_wait(&terminal->writes))
		wake_watchers(terminal);
}

/* Opening, closing, looking. */

static void ask_window(struct terminal *terminal)
{
	if (terminal->window.asked || !terminal->uart.present)
		return;
	terminal->window.asked = true;
	output_serial(&terminal->output, WINDOW_QUESTION);
	server_timer_set(&terminal->server, &terminal->window_timer, server_timer_now() + WINDOW_TIMEOUT_NS);
}

static void window_expired(struct server_timer *timer)
{
	struct terminal *terminal = timer->context;
	uint8_t typed[sizeof terminal->window.held];
	size_t length = window_give_up(&terminal->window, typed);

	line_input(&terminal->line, typed, length);
	serve_readers(terminal);
	wake_watchers(terminal);
}

static status_t handle_open(struct request *request)
{
	struct terminal *terminal = terminal_of(request);

	if (request->word[1] != 0)
		return ERR_NOT_DIRECTORY;
	if (request->word[2] & OPEN_DIRECTORY)
		return ERR_NOT_DIRECTORY;
	struct terminal_file *file = calloc(1, sizeof *file);
	if (!file)
		return ERR_NO_MEMORY;
	file->flags = (uint32_t)request->word[2];
	status_t status = server_open(request, file);
	if (status) {
		free(file);
		return status;
	}
	file->next = terminal->files;
	terminal->files = file;
	request->answer.word[0] = FS_KIND_TERMINAL;
	request->answer.word[1] = 0;
	if (file->flags & OPEN_READ && !terminal->window.rows)
		ask_window(terminal);
	return ERR_OK;
}

static void close_file(struct server *server, void *object)
{
	struct terminal *terminal = server->context;
	struct terminal_file *file = object, **link = &terminal->files;

	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	waiting_drop(&terminal->readers, file);
	waiting_drop(&terminal->writes.waiting, file);
	drop_watcher(file);
	free(file);
}

static status_t give_stat(struct request *request)
{
	struct fs_stat stat = {
	        .kind = FS_KIND_TERMINAL, .file = 1, .mode = 0620, .links = 1, .block_size = 1024, .device = TERMINAL_DEVICE};

	return request_write(request, 0, &stat, sizeof stat);
}

static status_t handle_stat(struct request *request)
{
	return request->word[1] ? ERR_NOT_DIRECTORY : give_stat(request);
}

static status_t handle_readlink(struct request *request)
{
	return request->word[1] ? ERR_NOT_DIRECTORY : ERR_NO_LINK;
}

static status_t handle_unseekable(struct request *request)
{
	(void)request;
	return ERR_NOT_SEEKABLE;
}

/* All that was queued has been handed to the device's queue by the time a call is served. */
static status_t handle_sync(struct request *request)
{
	(void)request;
	return ERR_OK;
}

static status_t handle_truncate(struct request *request)
{
	(void)request;
	return ERR_OK;
}

/* Attributes and size. */

static status_t handle_get_attributes(struct request *request)
{
	struct terminal *terminal = terminal_of(request);

	return request_write(request, 0, &terminal->line.attributes, sizeof terminal->line.attributes);
}

static status_t handle_set_attributes(struct request *request)
{
	struct terminal *terminal = terminal_of(request);
	struct tty_attributes attributes;

	if (request->word[0] > TTY_SET_FLUSH)
		return ERR_BAD_ARGUMENT;
	status_t status = request_read(request, 0, &attributes, sizeof attributes);
	if (status)
		return status;
	line_set_attributes(&terminal->line, &attributes, request->word[0] == TTY_SET_FLUSH);
	serve_readers(terminal);
	wake_watchers(terminal);
	return ERR_OK;
}

static status_t handle_get_size(struct request *request)
{
	struct terminal *terminal = terminal_of(request);

	request->answer.word[0] = terminal->window.rows;
	request->answer.word[1] = terminal->window.columns;
	if (!terminal->window.rows && terminal->output.has_screen && !terminal->uart.present) {
		request->answer.word[0] = terminal->output.screen.rows;
		request->answer.word[1] = terminal->output.screen.columns;
	}
	return ERR_OK;
}

static status_t handle_set_size(struct request *request)
{
	struct terminal *terminal = terminal_of(request);

	if (request->word[0] > UINT16_MAX || request->word[1] > UINT16_MAX)
		return ERR_BAD_ARGUMENT;
	terminal->window.rows = (uint32_t)request->word[0];
	terminal->window.columns = (uint32_t)request->word[1];
	return ERR_OK;
}

static const struct server_operation operations[] = {
        {FS_open, "open", handle_open, SERVER_SESSION, 0, 0, 0},
        {FS_stat, "stat", handle_stat, SERVER_SESSION, 0, 0, sizeof(struct fs_stat)},
        {FS_readlink, "readlink", handle_readlink, SERVER_SESSION, 0, 0, 0},
        {FS_read, "read", handle_read, SERVER_OBJECT, 0, 0, 0},
        {FS_pread, "pread", handle_unseekable, SERVER_OBJECT, 0, 0, 0},
        {FS_write, "write", handle_write, SERVER_OBJECT, 0, 0, 0},
        {FS_pwrite, "pwrite", handle_unseekable, SERVER_OBJECT, 0, 0, 0},
        {FS_seek, "seek", handle_unseekable, SERVER_OBJECT, 0, 0, 0},
        {FS_fstat, "fstat", give_stat, SERVER_OBJECT, 0, 0, sizeof(struct fs_stat)},
        {FS_truncate, "truncate", handle_truncate, SERVER_OBJECT, 0, 0, 0},
        {FS_sync, "sync", handle_sync, SERVER_OBJECT, 0, 0, 0},
        {FS_watch, "watch", handle_watch, SERVER_OBJECT, 0, 0, 0},
        {FS_tty_get_attributes, "tty_get_attributes", handle_get_attributes, SERVER_OBJECT, 0, 0,
                sizeof(struct tty_attributes)},
        {FS_tty_set_attributes, "tty_set_attributes", handle_set_attributes, SERVER_OBJECT, 0, sizeof(struct tty_attributes),
                0},
        {FS_tty_get_size, "tty_get_size", handle_get_size, SERVER_OBJECT, 0, 0, 0},
        {FS_tty_set_size, "tty_set_size", handle_set_size, SERVER_OBJECT, 0, 0, 0},
};

void terminal_init(struct terminal *terminal)
{
	terminal->server = (struct server){
	        .name = "console",
	        .operations = operations,
	        .operation_count = sizeof operations / sizeof *operations,
	        .context = terminal,
	        .objects = FILES_MAX,
	        .client_objects = 64,
	        .close_object = close_file,
	};
	terminal->window_timer = (struct server_timer){.expired = window_expired, .context = terminal};
	terminal->readers.most = WAITING_MAX;
	terminal->writes = (struct writes){.room = room, .put = put, .context = terminal, .waiting = {.most = WAITING_MAX}};
	line_init(&terminal->line, show, terminal);
}
