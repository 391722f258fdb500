/* Pipes: see pipe.h. */
#include "user/servers/streamd/pipe.h"

#include <stddef.h>
#include <stdlib.h>

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"
#include "user/servers/streamd/end.h"
#include "user/servers/streamd/flow.h"

struct pipe {
	struct watched read_side, write_side;
	struct flow flow;
	uint32_t readers, writers; /* ends */
	uint64_t number;
};

static uint32_t ready_to_read(const struct watched *watched)
{
	const struct pipe *pipe = (const struct pipe *)((const char *)watched - offsetof(struct pipe, read_side));
	return (pipe->flow.count ? FS_READY_READ : 0) | (pipe->flow.ended ? FS_READY_HANGUP : 0);
}

static uint32_t ready_to_write(const struct watched *watched)
{
	const struct pipe *pipe = (const struct pipe *)((const char *)watched - offsetof(struct pipe, write_side));
	if (pipe->flow.broken)
		return FS_READY_WRITE | FS_READY_ERROR;
	return flow_has_room(&pipe->flow, STREAM_ATOMIC) ? FS_READY_WRITE : 0;
}

static status_t read_pipe(struct request *request, struct end *end)
{
	struct pipe *pipe = end->thing;
	return flow_read(&pipe->flow, request, end_length(request, request->writable), (uint32_t)request->word[1]);
}

static status_t write_pipe(struct request *request, struct end *end)
{
	struct pipe *pipe = end->thing;
	uint64_t length = end_length(request, request->readable);
	return flow_write(&pipe->flow, request, length, STREAM_ATOMIC, (uint32_t)request->word[1]);
}

static uint64_t available(struct end *end)
{
	const struct pipe *pipe = end->thing;
	return pipe->flow.count;
}

static uint64_t number(const struct end *end)
{
	const struct pipe *pipe = end->thing;
	return pipe->number;
}

static status_t get_capacity(struct request *request, struct end *end)
{
	const struct pipe *pipe = end->thing;
	request->answer.word[0] = pipe->flow.capacity;
	return ERR_OK;
}

static status_t set_capacity(struct request *request, struct end *end)
{
	struct pipe *pipe = end->thing;
	status_t status = flow_set_capacity(&pipe->flow, request->word[0]);
	return status ? status : get_capacity(request, end);
}

static struct watched *read_side(struct end *end)
{
	return &((struct pipe *)end->thing)->read_side;
}

static struct watched *write_side(struct end *end)
{
	return &((struct pipe *)end->thing)->write_side;
}

static void free_if_unused(struct pipe *pipe)
{
	if (pipe->readers || pipe->writers)
		return;
	flow_free(&pipe->flow);
	free(pipe);
}

static void close_reader(struct end *end)
{
	struct pipe *pipe = end->thing;
	if (!--pipe->readers) {
		watch_drop_all(&pipe->read_side);
		flow_break(&pipe->flow);
	}
	free_if_unused(pipe);
}

static void close_writer(struct end *end)
{
	struct pipe *pipe = end->thing;
	if (!--pipe->writers) {
		watch_drop_all(&pipe->write_side);
		flow_end(&pipe->flow);
	}
	flow_settle(&pipe->flow); /* those who waited behind a writer that is no more */
	free_if_unused(pipe);
}

static void join_readers(struct end *end)
{
	((struct pipe *)end->thing)->readers++;
}

static void join_writers(struct end *end)
{
	((struct pipe *)end->thing)->writers++;
}

/* A writer that has gone may have stood before others whose bytes fit. */
static void settle(struct end *end)
{
	flow_settle(&((struct pipe *)end->thing)->flow);
}

static const struct end_type reader_type = {
        .kind = FS_KIND_STREAM,
        .mode = 0600,
        .read = read_pipe,
        .watched = read_side,
        .available = available,
        .number = number,
        .join = join_readers,
        .close = close_reader,
        .get_capacity = get_capacity,
        .set_capacity = set_capacity,
};

static const struct end_type writer_type = {
        .kind = FS_KIND_STREAM,
        .mode = 0600,
        .write = write_pipe,
        .watched = write_side,
        .available = available,
        .number = number,
        .settle = settle,
        .join = join_writers,
        .close = close_writer,
        .get_capacity = get_capacity,
        .set_capacity = set_capacity,
};

status_t pipe_open(struct request *request)
{
	struct pipe *pipe = malloc(sizeof *pipe);
	if (!pipe)
		return ERR_NO_MEMORY;
	*pipe = (struct pipe){
	        .read_side = {.ready = ready_to_read}, .write_side = {.ready = ready_to_write}, .number = end_new_number()};
	flow_init(&pipe->flow, request->caller, STREAM_CAPACITY);
	pipe->flow.reading = &pipe->read_side;
	pipe->flow.writing = &pipe->write_side;
	status_t status = end_open(request, &reader_type, pipe);
	if (status) {
		free(pipe);
		return status;
	}
	pipe->readers = 1;
	status = end_open(request, &writer_type, pipe);
	if (!status)
		pipe->writers = 1;
	return status; /* on an error the kit closes the first end, and that the pipe */
}
