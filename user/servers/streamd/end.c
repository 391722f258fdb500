/* Operations on open ends: see end.h. */
#include "user/servers/streamd/end.h"

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"
#include "user/lib/table.h"
#include "user/servers/streamd/alarm.h"
#include "user/servers/streamd/event.h"
#include "user/servers/streamd/pipe.h"
#include "user/servers/streamd/socket.h"
#include "user/servers/streamd/wait.h"

const struct end_type *const end_types[END_KINDS] = {
        [END_PIPE_READ] = &pipe_reader_type,
        [END_PIPE_WRITE] = &pipe_writer_type,
        [END_FIFO_READ] = &fifo_types[FIFO_READ],
        [END_FIFO_WRITE] = &fifo_types[FIFO_WRITE],
        [END_FIFO_BOTH] = &fifo_types[FIFO_READ | FIFO_WRITE],
        [END_SOCKET] = &socket_type,
        [END_EVENT] = &event_type,
        [END_ALARM] = &alarm_type,
};

static struct table senders; /* number of a sender → its end; of this life */

void end_begin(void)
{
	table_free(&senders);
}

bool end_check(const struct end *end)
{
	if (!state_holds(end, sizeof *end) || !end->kind || end->kind >= END_KINDS)
		return false;
	return thing_is_sound(end->thing, (enum thing_kind)end_type(end)->leads_to);
}

bool end_resume(struct end *end)
{
	end->waits = 0;
	return !end->sender || table_put(&senders, end->sender, end);
}

struct end *end_find(uint64_t sender)
{
	return table_find(&senders, sender);
}

/* The answer's last handle, which server_open() has put there, becomes known as this end's. */
static void register_sender(const struct answer *answer, struct end *end)
{
	uint32_t type, rights;
	uint64_t number;
	if (sys_handle_info(answer->handles[answer->handle_count - 1], &type, &rights, &number))
		return;
	if (table_put(&senders, number, end))
		end->sender = number; /* else it is as good as any, but cannot be passed on */
}

status_t end_give(struct request *request, struct end *end)
{
	status_t status = server_open(request, end);
	if (status)
		return status;
	end->open = true;
	if (end_type(end)->opened)
		end_type(end)->opened(end);
	register_sender(&request->answer, end);
	return ERR_OK;
}

static struct end *make(enum end_kind kind, void *thing)
{
	struct end *end = state_alloc(sizeof *end);
	if (end)
		*end = (struct end){.kind = kind, .thing = thing};
	return end;
}

status_t end_open(struct request *request, enum end_kind kind, void *thing)
{
	struct end *end = make(kind, thing);
	if (!end)
		return ERR_NO_MEMORY;
	status_t status = end_give(request, end);
	if (status)
		state_free(end);
	return status;
}

struct end *end_copy(const struct end *end)
{
	struct end *copy = make(end->kind, end->thing);
	if (copy)
		end_type(copy)->join(copy);
	return copy;
}

void end_drop(struct end *end)
{
	if (end->sender)
		table_remove(&senders, end->sender);
	if (end->waits)
		wait_end_closed(end);
	end_type(end)->close(end);
	state_free(end);
}

void end_close(struct server *server, void *object)
{
	(void)server;
	end_drop(object);
}

status_t end_read(struct request *request)
{
	struct end *end = request->object;
	return end_type(end)->read ? end_type(end)->read(request, end) : ERR_DENIED;
}

status_t end_write(struct request *request)
{
	struct end *end = request->object;
	return end_type(end)->write ? end_type(end)->write(request, end) : ERR_DENIED;
}

status_t end_watch(struct request *request)
{
	struct end *end = request->object;
	status_t status = watch_serve(end_type(end)->watched(end), request);
	if (end_type(end)->watching)
		end_type(end)->watching(end);
	return status;
}

status_t end_fstat(struct request *request)
{
	struct end *end = request->object;
	struct fs_stat stat = {.kind = end_type(end)->kind,
	        .file = ((const struct thing *)end->thing)->number,
	        .mode = end_type(end)->mode,
	        .links = 1,
	        .block_size = STREAM_ATOMIC};
	if (end_type(end)->describe)
		end_type(end)->describe(end, &stat);
	return request_write(request, 0, &stat, sizeof stat);
}

status_t end_available(struct request *request)
{
	struct end *end = request->object;
	if (!end_type(end)->available)
		return ERR_NOT_SUPPORTED;
	request->answer.word[0] = end_type(end)->available(end);
	return ERR_OK;
}

status_t end_not_seekable(struct request *request)
{
	(void)request;
	return ERR_NOT_SEEKABLE;
}

/* Nothing is stored. */
status_t end_sync(struct request *request)
{
	(void)request;
	return ERR_NOT_SUPPORTED;
}

status_t handle_get_capacity(struct request *request)
{
	struct end *end = request->object;
	return end_type(end)->get_capacity ? end_type(end)->get_capacity(request, end) : ERR_NOT_SUPPORTED;
}

status_t handle_set_capacity(struct request *request)
{
	struct end *end = request->object;
	return end_type(end)->set_capacity ? end_type(end)->set_capacity(request, end) : ERR_NOT_SUPPORTED;
}
