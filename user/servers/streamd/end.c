/* Operations on open ends: see end.h. */
#include "user/servers/streamd/end.h"

#include <stdlib.h>

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"

status_t end_open(struct request *request, const struct end_type *type, void *thing)
{
	struct end *end = malloc(sizeof *end);
	if (!end)
		return ERR_NO_MEMORY;
	*end = (struct end){type, thing};
	status_t status = server_open(request, end);
	if (status)
		free(end);
	return status;
}

void end_close(struct server *server, void *object)
{
	struct end *end = object;
	(void)server;
	end->type->close(end);
	free(end);
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
