/*
 * example: a box of lines, to be read by those who write servers; docs/writing-a-server.md leads through it. It is a file: each write
 * puts what is written behind the others as one line, each read takes the first line out, or waits until there is one.
 *
 * It may end at any moment. No line whose write was answered is lost, and each is read once: tests/guest/mortal/lines.c.
 */
#include "abi/manifest.h"
#include "abi/proto/fs.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/server_fs.h"

HEARTH_MANIFEST("name example\n"
                "import log\n"
                "export example\n"
                "restart always\n"
                "state 32\n");

#define LINE_LONGEST 240u
#define LINES 1000u
#define READERS 100u

struct line {
	struct line *next;
	uint64_t length;
	char text[LINE_LONGEST];
};

/* All that must survive; there are never both lines and readers. */
static struct box {
	struct line *lines; /* the first is the oldest */
	uint64_t line_count, reader_count;
	handle_t readers[READERS]; /* calls that wait */
} * box;

static void answer_reader(uint64_t i, status_t status, uint64_t length)
{
	answer_send(box->readers[i], status, &(struct answer){.word = {length}});
	box->reader_count--;
	memmove(&box->readers[i], &box->readers[i + 1], (box->reader_count - i) * sizeof *box->readers);
}

/* The caller of one that waits is asked to end it. */
static void interrupted(struct server *server, handle_t reply)
{
	(void)server;
	for (uint64_t i = 0; i < box->reader_count; i++)
		if (box->readers[i] == reply)
			answer_reader(i, ERR_INTERRUPTED, 0);
}

static status_t handle_open(struct request *request)
{
	request->answer.word[0] = FS_KIND_DEVICE;
	return server_open(request, box); /* an open file has nothing of its own */
}

static status_t handle_write(struct request *request)
{
	struct line **end = &box->lines, *line;
	uint64_t length = request->word[0];
	char text[LINE_LONGEST];
	if (length > request->readable || !length || length > sizeof text)
		return ERR_BAD_ARGUMENT;
	status_t status = request_read(request, 0, text, length);
	request->answer.word[0] = length;
	while (!status && box->reader_count) {
		status_t given = reply_write_bytes(box->readers[0], 0, text, length);
		answer_reader(0, given, length);
		if (!given)
			return ERR_OK;
	}
	if (status || box->line_count == LINES || !(line = state_alloc(sizeof *line)))
		return status ? status : ERR_DISK_FULL;
	line->length = length;
	memcpy(line->text, text, length);
	while (*end)
		end = &(*end)->next;
	*end = line;
	box->line_count++;
	return ERR_OK;
}

static status_t handle_read(struct request *request)
{
	struct line *line = box->lines;
	handle_t reply;
	if (request->writable < LINE_LONGEST)
		return ERR_BAD_ARGUMENT;
	if (!line) {
		status_t status = box->reader_count < READERS ? request_save(request, &reply) : ERR_FULL;
		if (!status)
			box->readers[box->reader_count++] = reply;
		return status;
	}
	status_t status = request_write(request, 0, line->text, line->length);
	if (status)
		return status;
	request->answer.word[0] = line->length;
	box->lines = line->next;
	box->line_count--;
	state_free(line);
	return ERR_OK;
}

/* The size is the number of lines that wait. */
static status_t handle_stat(struct request *request)
{
	struct fs_stat stat = {.kind = FS_KIND_DEVICE, .file = 1, .mode = 0666, .links = 1, .size = box->line_count};
	return request_write(request, 0, &stat, sizeof stat);
}

static bool check_object(struct server *server, uint64_t stamp, void *object)
{
	return stamp && object == server->root;
}

static bool check(struct server *server)
{
	const struct box *old = server->root;
	uint64_t lines = 0;
	for (const struct line *line = old->lines; line; line = line->next, lines++)
		if (lines == LINES || !state_holds(line, sizeof *line) || line->length > LINE_LONGEST)
			return false;
	for (uint64_t i = 0; i < old->reader_count; i++)
		if (i == READERS || !server_has_handle(old->readers[i], OBJECT_REPLY))
			return false;
	return lines == old->line_count && server_check_objects(server, check_object);
}

static void close_object(struct server *server, void *object)
{
	(void)server, (void)object;
}

static const struct server_operation operations[] = {
        FS_ROW_TO(SERVER_SESSION, open, handle_open),
        FS_ROW_TO(SERVER_ANYBODY, stat, handle_stat),
        FS_ROW_TO(SERVER_ANYBODY, fstat, handle_stat),
        FS_ROW_TO(SERVER_OBJECT, read, handle_read),
        FS_ROW_TO(SERVER_OBJECT, write, handle_write),
};

static const struct server_state state = {.version = 1, .size = sizeof(struct box), .check = check};

int main(void)
{
	static struct server server = {.name = "example",
	        .operations = operations,
	        .operation_count = sizeof operations / sizeof *operations,
	        .objects = 1000,
	        .client_objects = 100,
	        .close_object = close_object,
	        .interrupted = interrupted,
	        .state = &state};
	status_t status = server_begin(&server, grant_find("export.example"));
	box = server.root;
	if (!status)
		status = server_run(&server);
	log_error("cannot receive: %s", error_text(status));
	return 1;
}
