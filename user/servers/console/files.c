/* Names, opening and closing, and the operations of open files. */
#include "user/servers/console/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/device.h"
#include "user/lib/server_fs.h"
#include "user/lib/state.h"
#include "user/servers/console/control.h"
#include "user/servers/console/job.h"
#include "user/servers/console/kept.h"

#define FILES_MAX 4096u
#define FILES_CLIENT_MAX 256u
#define TTY_NUMBER DEVICE_NUMBER(5, 0) /* /dev/tty and /dev/ptmx, as Linux numbers them */
#define PTMX_NUMBER DEVICE_NUMBER(5, 2)

/* What a path names. */
struct name {
	uint32_t file;             /* FILE_*, or 0: */
	struct terminal *terminal; /* of /pts/N */
};

static status_t find_pts(const char *digits, struct terminal **out)
{
	char *end;
	unsigned long index = strtoul(digits, &end, 10);
	char canonical[16];
	struct pty *pty = pty_find((uint32_t)index);

	snprintf(canonical, sizeof canonical, "%lu", index);
	if (index >= PTY_MAX || !pty || strcmp(digits, canonical))
		return ERR_NOT_FOUND;
	*out = &pty->terminal;
	return ERR_OK;
}

static status_t find(struct request *request, struct name *out)
{
	char path[FS_PATH_MAX];
	status_t status = request_read_path(request, request->word[0], request->word[1], path);

	*out = (struct name){0};
	if (status)
		return status;
	if (!strncmp(path, "/pts/", 5))
		return find_pts(path + 5, &out->terminal);
	if (!*path)
		out->file = FILE_CONSOLE;
	else if (!strcmp(path, "/tty"))
		out->file = FILE_TTY;
	else if (!strcmp(path, "/ptmx"))
		out->file = FILE_PTMX;
	else if (!strcmp(path, "/pts"))
		out->file = FILE_PTS;
	else
		return ERR_NOT_FOUND;
	return ERR_OK;
}

/* The terminal of the caller's session. */
static struct terminal *own_terminal(uint32_t caller)
{
	uint32_t session = job_session(caller);

	if (!session)
		return NULL;
	if (kept->console.session == session)
		return &kept->console;
	for (uint32_t i = 0; i < PTY_MAX; i++) {
		struct pty *pty = pty_find(i);
		if (pty && pty->terminal.session == session)
			return &pty->terminal;
	}
	return NULL;
}

static bool is_pty(const struct terminal *terminal)
{
	return terminal && terminal != &kept->console;
}

/* A file of a terminal, of the directory /pts (terminal NULL), or of a master. Opening. */

static status_t open_terminal(struct request *request, struct terminal *terminal, struct terminal_file *file)
{
	if (is_pty(terminal) && (pty_of(terminal)->locked || !pty_of(terminal)->has_master))
		return ERR_IO;
	status_t status = server_open(request, file);
	if (status)
		return status;
	terminal_add_file(terminal, file);
	if (is_pty(terminal))
		pty_opened(pty_of(terminal));
	if (terminal->sink->opened)
		terminal->sink->opened(terminal, file->flags & OPEN_READ);
	request->answer.word[0] = FS_KIND_TERMINAL;
	return ERR_OK;
}

static status_t open_master(struct request *request, struct terminal_file *file)
{
	struct pty *pty;
	status_t status = pty_create(request->server, &pty);

	if (status)
		return status;
	file->master = true;
	terminal_add_file(&pty->terminal, file);
	status = server_open(request, file);
	if (status)
		pty_close_master(pty, file);
	request->answer.word[0] = FS_KIND_TERMINAL;
	return status;
}

static status_t open_directory(struct request *request, struct terminal_file *file)
{
	request->answer.word[0] = FS_KIND_DIRECTORY;
	return file->flags & OPEN_WRITE ? ERR_IS_DIRECTORY : server_open(request, file);
}

static status_t open_name(struct request *request, const struct name *name, struct terminal_file *file)
{
	switch (name->file) {
	case FILE_CONSOLE: return open_terminal(request, &kept->console, file);
	case FILE_PTMX: return open_master(request, file);
	case FILE_PTS: return open_directory(request, file);
	case FILE_TTY: {
		struct terminal *own = own_terminal(request->caller);
		return own ? open_terminal(request, own, file) : ERR_NO_TERMINAL;
	}
	}
	return open_terminal(request, name->terminal, file);
}

static status_t handle_open(struct request *request)
{
	struct name name;
	status_t status = find(request, &name);

	if (status)
		return status;
	if (request->word[2] & OPEN_DIRECTORY && name.file != FILE_PTS)
		return ERR_NOT_DIRECTORY;
	struct terminal_file *file = state_alloc(sizeof *file);
	if (!file)
		return ERR_NO_MEMORY;
	file->flags = (uint32_t)request->word[2];
	status = open_name(request, &name, file);
	if (status)
		state_free(file);
	return status;
}

static void close_file(struct server *server, void *object)
{
	struct terminal_file *file = object;
	struct terminal *terminal = file->terminal;

	(void)server;
	if (file->master) {
		pty_close_master(pty_of(terminal), file);
	} else if (terminal) {
		terminal_remove_file(file);
		if (is_pty(terminal))
			pty_closed(pty_of(terminal));
	}
	state_free(file);
}

/* Looking. */

static status_t give_stat(struct request *request, uint32_t file, uint32_t number)
{
	struct fs_stat stat = {.kind = file == FILE_PTS ? FS_KIND_DIRECTORY : FS_KIND_TERMINAL,
	        .file = file,
	        .mode = file == FILE_PTS                        ? 0755
	                : file == FILE_TTY || file == FILE_PTMX ? 0666
	                                                        : 0620,
	        .links = file == FILE_PTS ? 2 : 1,
	        .block_size = 1024,
	        .device = number};

	return request_write(request, 0, &stat, sizeof stat);
}

static status_t handle_stat(struct request *request)
{
	struct name name;
	status_t status = find(request, &name);

	if (status)
		return status;
	switch (name.file) {
	case FILE_CONSOLE: return give_stat(request, FILE_CONSOLE, kept->console.number);
	case FILE_TTY: return give_stat(request, FILE_TTY, TTY_NUMBER);
	case FILE_PTMX: return give_stat(request, FILE_PTMX, PTMX_NUMBER);
	case FILE_PTS: return give_stat(request, FILE_PTS, 0);
	}
	return give_stat(request, name.terminal->file, name.terminal->number);
}

static status_t handle_fstat(struct request *request)
{
	const struct terminal_file *file = request->object;

	if (!file->terminal)
		return give_stat(request, FILE_PTS, 0);
	return file->master ? give_stat(request, FILE_PTMX, PTMX_NUMBER)
	                    : give_stat(request, file->terminal->file, file->terminal->number);
}

static status_t handle_readlink(struct request *request)
{
	struct name name;
	status_t status = find(request, &name);

	return status ? status : ERR_NO_LINK;
}

/* One entry for each call: the directory is short. */
static status_t handle_readdir(struct request *request)
{
	struct terminal_file *file = request->object;
	_Alignas(8) char bytes[sizeof(struct fs_entry) + 16] = {0};
	struct fs_entry *entry = (struct fs_entry *)bytes;

	if (file->terminal)
		return ERR_NOT_DIRECTORY;
	while (file->position < PTY_MAX && !pty_find(file->position))
		file->position++;
	if (file->position == PTY_MAX)
		return ERR_OK;
	if (request->writable < sizeof bytes)
		return ERR_TOO_LARGE;
	*entry = (struct fs_entry){
	        pty_find(file->position)->terminal.file, FS_KIND_TERMINAL, sizeof bytes, 0, file->position + 1};
	entry->name_length = (uint16_t)snprintf(entry->name, 16, "%u", file->position);
	file->position++;
	request->answer.word[0] = sizeof bytes;
	return request_write(request, 0, bytes, sizeof bytes);
}

static status_t handle_watch(struct request *request)
{
	struct terminal_file *file = request->object;
	struct terminal *terminal = file->terminal;
	uint32_t wanted = (uint32_t)request->word[0];

	if (!terminal)
		return ERR_NOT_SUPPORTED;
	uint32_t ready = (file->master ? pty_ready(pty_of(terminal)) : terminal_ready(terminal)) & wanted;
	terminal_drop_watcher(file);
	if (wanted & FS_READY_READ && !file->master && terminal->sink->read_waits)
		terminal->sink->read_waits(terminal);
	if (!ready && request->handle_count) {
		file->watcher = request_take_handle(request, 0);
		file->watch_bits = request->word[1];
		file->watch_events = wanted;
	}
	request->answer.word[0] = ready;
	return ERR_OK;
}

static status_t handle_available(struct request *request)
{
	struct terminal_file *file = request->object;

	if (!file->terminal)
		return ERR_NOT_SUPPORTED;
	request->answer.word[0] = file->master ? pty_of(file->terminal)->length : line_available(&file->terminal->line);
	return ERR_OK;
}

/* Reading and writing. */

static status_t handle_read(struct request *request)
{
	struct terminal_file *file = request->object;

	if (!file->terminal)
		return ERR_IS_DIRECTORY;
	if (!(file->flags & OPEN_READ))
		return ERR_DENIED;
	if (file->master)
		return pty_read(pty_of(file->terminal), file, request);
	status_t status = job_check_foreground(file->terminal, request->caller);
	return status ? status : terminal_read(file, request);
}

static status_t handle_write(struct request *request)
{
	struct terminal_file *file = request->object;
	status_t status = ERR_OK;

	if (!file->terminal || !(file->flags & OPEN_WRITE))
		return ERR_DENIED;
	if (file->master)
		return pty_write(pty_of(file->terminal), file, request);
	if (file->terminal->line.attributes.local & TTY_TOSTOP && !(request->word[1] & FS_TRANSFER_FORCED))
		status = job_check_foreground(file->terminal, request->caller);
	return status ? status : terminal_write(file, request);
}

static status_t handle_unseekable(struct request *request)
{
	struct terminal_file *file = request->object;

	if (file->terminal)
		return ERR_NOT_SEEKABLE;
	file->position = request->word[0] < PTY_MAX ? (uint32_t)request->word[0] : PTY_MAX;
	return request->word[1] == FS_SEEK_SET ? ERR_OK : ERR_NOT_SEEKABLE;
}

/* All that was queued has been handed to the device's queue by the time a call is served; opening truncates nothing. */
static status_t handle_nothing(struct request *request)
{
	(void)request;
	return ERR_OK;
}

#define HAS(name, handle) FS_ROW(SERVER_SESSION, name, handle)
#define BARE(name, handle) FS_ROW_BARE(SERVER_SESSION, name, handle)

static const struct server_operation file_operations[] = {
        HAS(open, handle_open),
        HAS(stat, handle_stat),
        BARE(readlink, handle_readlink),
        HAS(read, handle_read),
        HAS(pread, handle_unseekable),
        HAS(write, handle_write),
        HAS(pwrite, handle_unseekable),
        HAS(seek, handle_unseekable),
        HAS(fstat, handle_fstat),
        HAS(readdir, handle_readdir),
        HAS(truncate, handle_nothing),
        HAS(sync, handle_nothing),
        HAS(watch, handle_watch),
        HAS(available, handle_available),
};

#define FILE_OPERATIONS (sizeof file_operations / sizeof *file_operations)

void files_begin(struct server *server, const struct server_state *state)
{
	static struct server_operation operations[FILE_OPERATIONS + CONTROL_OPERATIONS];

	memcpy(operations, file_operations, sizeof file_operations);
	memcpy(operations + FILE_OPERATIONS, control_operations, sizeof control_operations);
	*server = (struct server){
	        .name = "console",
	        .operations = operations,
	        .operation_count = sizeof operations / sizeof *operations,
	        .objects = FILES_MAX,
	        .client_objects = FILES_CLIENT_MAX,
	        .close_object = close_file,
	        .state = state,
	};
}
