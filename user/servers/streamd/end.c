/* Operations on open ends: see end.h. */
#include "user/servers/streamd/end.h"

#include <stdlib.h>

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"
#include "user/lib/table.h"
#include "user/servers/streamd/wait.h"

static struct table senders; /* number of a sender → its end */

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
	if (end->type->opened)
		end->type->opened(end);
	register_sender(&request->answer, end);
	return ERR_OK;
}

status_t end_open(struct request *request, const struct end_type *type, void *thing)
{
	struct end *end = malloc(sizeof *end);
	if (!end)
		return ERR_NO_MEMORY;
	*end = (struct end){.type = type, .thing = thing};
	status_t status = end_give(request, end);
	if (status)
		free(end);
	return status;
}

struct end *end_copy(const struct end *end)
{
	struct end *copy = malloc(sizeof *copy);
	if (!copy)
		return NULL;
	*copy = (struct end){.type = end->type, .thing = end->thing};
	copy->type->join(copy);
	return copy;
}

void end_drop(struct end *end)
{
	if (end->sender)
		table_remove(&senders, end->sender);
	if (end->waits)
		wait_end_closed(end);
	end->type->close(end);
	free(end);
}

void end_close(struct server *server, void *object)
{
	(void)server;
	end_drop(object);
}

uint64_t end_new_number(void)
{
	static uint64_t last;
	return ++last;
}

status_t end_read(struct request *request)
{
	struct end *end = request->object;
	return end->type->read ? end->type->read(request, end) : ERR_DENIED;
}

status_t end_write(struct request *request)
{
	struct end *end = request->object;
	return end->type->write ? end->type->write(request, end) : ERR_DENIED;
}

status_t end_watch(struct request *request)
{
	struct end *end = request->object;
	status_t status = watch_serve(end->type->watched(end), request);
	if (end->type->watching)
		end->type->watching(end);
	return status;
}

status_t end_fstat(struct request *request)
{
	struct end *end = request->object;
	struct fs_stat stat = {.kind = end->type->kind,
	        .file = end->type->number(end),
	        .mode = end->type->mode,
	        .links = 1,
	        .block_size = STREAM_ATOMIC};
	return request_write(request, 0, &stat, sizeof stat);
}

status_t end_available(struct request *request)
{
	struct end *end = request->object;
	if (!end->type->available)
		return ERR_NOT_SUPPORTED;
	request->answer.word[0] = end->type->available(end);
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

status_t end_get_capacity(struct request *request)
{
	struct end *end = request->object;
	return end->type->get_capacity ? end->type->get_capacity(request, end) : ERR_NOT_SUPPORTED;
}

status_t end_set_capacity(struct request *request)
{
	struct end *end = request->object;
	return end->type->set_capacity ? end->type->set_capacity(request, end) : ERR_NOT_SUPPORTED;
}
