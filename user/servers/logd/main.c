/*
 * logd: lets programs read the machine's log and follow it, and do nothing else with it. It has the right to read the log; those who
 * have /dev/kmsg in their namespace have what it gives (protocol log). Each open file has its own place in the log.
 */
#include "abi/manifest.h"
#include "abi/proto/log.h"
#include "user/lib/device.h"
#include "user/lib/grants.h"
#include "user/lib/log.h"
#include "user/lib/waiting.h"
#include "user/servers/logd/record.h"

HEARTH_MANIFEST("name logd\n"
                "import log\n"
                "import log.read\n"
                "export log\n"
                "restart always\n");

#define READERS_MAX 256u
#define WATCHERS_MAX 64u

struct watcher {
	handle_t notify; /* HANDLE_NONE: none */
	uint64_t bits;
	const void *object;
};

static handle_t reader;
static uint64_t end; /* cursor behind all lines that were told of */
static struct waiting_list readers = {.most = READERS_MAX};
static struct watcher watchers[WATCHERS_MAX];
static unsigned next_watcher;

/* The line at *cursor, which moves behind it, as a record. *out_size 0: there is none yet. */
static status_t next_record(uint64_t *cursor, char out[static RECORD_MAX], uint64_t *out_size)
{
	char lines[LOG_READ_MAX];
	uint64_t bytes, next, lost;
	status_t status = sys_log_read(reader, *cursor, lines, sizeof lines, &bytes, &next, &lost);
	*out_size = 0;
	if (status || !bytes)
		return status;
	const char *newline = memchr(lines, '\n', bytes);
	uint64_t length = newline ? (uint64_t)(newline - lines) : bytes, start = next - bytes;
	*out_size = record_make(lines, length, start, out);
	*cursor = start + length + (newline != NULL);
	return ERR_OK;
}

static status_t read_record(struct request *request, uint64_t length)
{
	struct device_open *open = request->object;
	char record[RECORD_MAX];
	uint64_t size, cursor = open->position;
	status_t status = next_record(&cursor, record, &size);
	if (status)
		return status;
	if (!size && (request->word[1] & FS_TRANSFER_NO_WAIT || open->access & OPEN_NONBLOCK))
		return ERR_WOULD_BLOCK;
	if (!size)
		return waiting_add(&readers, request, length, 0);
	if (size > length)
		return ERR_BAD_ARGUMENT; /* as Linux has it: a record is never cut */
	status = request_write(request, 0, record, size);
	if (status)
		return status;
	open->position = cursor;
	request->answer.word[0] = size;
	return ERR_OK;
}

/* The first of those who wait at the end, if there is a line for it. */
static bool answer_reader(void)
{
	struct device_open *open = readers.first->object;
	char record[RECORD_MAX];
	uint64_t size, cursor = open->position;
	status_t status = next_record(&cursor, record, &size);
	if (!status && !size)
		return false;
	if (!status && size > readers.first->length)
		status = ERR_BAD_ARGUMENT;
	if (!status)
		status = reply_write_bytes(readers.first->reply, 0, record, size);
	if (!status)
		open->position = cursor;
	waiting_answer(&readers, status, size);
	return true;
}

static void tell(struct watcher *watcher)
{
	if (!watcher->notify)
		return;
	status_t status = sys_notify_signal(watcher->notify, watcher->bits);
	(void)status; /* who watches may have ended */
	sys_handle_close(watcher->notify);
	*watcher = (struct watcher){0};
}

/* What logd itself would write here would come by here again, and so it writes nothing. */
static void lines_came(void *unused)
{
	char lines[LOG_READ_MAX];
	uint64_t bytes, lost;
	(void)unused;
	while (!sys_log_read(reader, end, lines, sizeof lines, &bytes, &end, &lost) && bytes)
		;
	while (readers.first && answer_reader())
		;
	for (unsigned i = 0; i < WATCHERS_MAX; i++)
		tell(&watchers[i]);
}

/* Where there are too many, the oldest is told although nothing has happened. */
static void add_watcher(struct request *request)
{
	struct watcher *watcher = &watchers[next_watcher++ % WATCHERS_MAX];
	tell(watcher);
	*watcher = (struct watcher){request_take_handle(request, 0), request->word[1], request->object};
}

static status_t watch(struct request *request)
{
	const struct device_open *open = request->object;
	bool ready = request->word[0] & FS_READY_READ && open->position < end;
	request->answer.word[0] = ready ? FS_READY_READ : 0;
	if ((!ready || request->word[0] & FS_WATCH_NEXT) && request->handle_count)
		add_watcher(request);
	return ERR_OK;
}

static void close_file(struct server *unused, void *object)
{
	waiting_drop(&readers, object);
	for (unsigned i = 0; i < WATCHERS_MAX; i++)
		if (watchers[i].object == object)
			tell(&watchers[i]);
	device_close(unused, object);
}

static bool may_read(const struct request *request)
{
	const struct device_open *open = request->object;
	return open->access & OPEN_READ;
}

static status_t handle_read(struct request *request)
{
	char lines[LOG_READ_MAX];
	uint64_t *word = request->answer.word;
	uint64_t room = request->writable < sizeof lines ? request->writable : sizeof lines;
	if (!may_read(request))
		return ERR_NO_RIGHT;
	status_t status = sys_log_read(reader, request->word[0], lines, room, &word[0], &word[1], &word[2]);
	return status ? status : request_write(request, 0, lines, word[0]);
}

static status_t handle_range(struct request *request)
{
	char lines[LOG_READ_MAX];
	uint64_t bytes, next, lost;
	if (!may_read(request))
		return ERR_NO_RIGHT;
	status_t status = sys_log_read(reader, 0, lines, sizeof lines, &bytes, &next, &lost);
	if (status)
		return status;
	request->answer.word[0] = next - bytes;
	request->answer.word[1] = end > next ? end : next;
	return ERR_OK;
}

static const struct device devices[] = {
        {.name = "", .mode = 0400, .number = DEVICE_NUMBER(1, 11), .read = read_record, .watch = watch}};

static const struct server_operation operations[] = {
#define LOG_OP SERVER_ROW
#include "abi/proto/log.def"
#undef LOG_OP
        DEVICE_ROWS,
};

static struct server server = {
        .name = "log",
        .operations = operations,
        .operation_count = sizeof operations / sizeof *operations,
        .objects = 1024,
        .client_objects = 64,
        .close_object = close_file,
};

static status_t follow(void)
{
	handle_t notify;
	uint64_t bits;
	status_t status = server_add_bit(&server, lines_came, NULL, &notify, &bits);
	if (!status)
		status = sys_log_watch(reader, notify, bits);
	if (!status)
		lines_came(NULL);
	return status;
}

int main(void)
{
	reader = grant_find("log.read");
	device_begin(devices, sizeof devices / sizeof *devices);
	status_t status = server_begin(&server, grant_find("export.log"));
	if (!status)
		status = follow();
	if (!status)
		status = server_run(&server);
	log_error("cannot serve: %s", error_text(status));
	return 1;
}
