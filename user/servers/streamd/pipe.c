/* Pipes: see pipe.h. */
#include "user/servers/streamd/pipe.h"

#include <stddef.h>

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"
#include "user/lib/table.h"

static struct table fifos; /* number of a token's object → pipe; while somebody has an end of it. Of this life */

uint32_t pipe_ready_to_read(const struct watched *watched)
{
	const struct pipe *pipe = (const struct pipe *)((const char *)watched - offsetof(struct pipe, read_side));
	bool hung_up = pipe->flow.ended && (!pipe->token || pipe->writer_came);
	return (pipe->flow.count ? FS_READY_READ : 0) | (hung_up ? FS_READY_HANGUP : 0);
}

uint32_t pipe_ready_to_write(const struct watched *watched)
{
	const struct pipe *pipe = (const struct pipe *)((const char *)watched - offsetof(struct pipe, write_side));
	if (pipe->flow.broken)
		return FS_READY_WRITE | FS_READY_ERROR;
	return flow_has_room(&pipe->flow, STREAM_ATOMIC) ? FS_READY_WRITE : 0;
}

uint32_t pipe_ready_for_both(const struct watched *watched)
{
	const struct pipe *pipe = (const struct pipe *)((const char *)watched - offsetof(struct pipe, both_sides));
	return pipe_ready_to_read(&pipe->read_side) | pipe_ready_to_write(&pipe->write_side);
}

struct watched *pipe_both_sides(struct watched *side)
{
	size_t place = side->by == WATCHED_PIPE_READ ? offsetof(struct pipe, read_side) : offsetof(struct pipe, write_side);
	return &((struct pipe *)((char *)side - place))->both_sides;
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

static struct watched *both_sides(struct end *end)
{
	return &((struct pipe *)end->thing)->both_sides;
}

static void free_if_unused(struct pipe *pipe)
{
	if (pipe->readers || pipe->writers)
		return;
	if (pipe->token) {
		table_remove(&fifos, pipe->key);
		state_close(pipe->token);
	}
	watch_drop_all(&pipe->both_sides);
	flow_free(&pipe->flow);
	thing_end(&pipe->thing);
}

static void one_reader_less(struct pipe *pipe)
{
	if (!--pipe->readers) {
		watch_drop_all(&pipe->read_side);
		flow_break(&pipe->flow);
	}
}

static void one_writer_less(struct pipe *pipe)
{
	if (!--pipe->writers) {
		watch_drop_all(&pipe->write_side);
		flow_end(&pipe->flow);
	}
	flow_settle(&pipe->flow); /* those who waited behind a writer that is no more */
}

static void close_reader(struct end *end)
{
	one_reader_less(end->thing);
	free_if_unused(end->thing);
}

static void close_writer(struct end *end)
{
	one_writer_less(end->thing);
	free_if_unused(end->thing);
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

const struct end_type pipe_reader_type = {
        .leads_to = THING_PIPE,
        .kind = FS_KIND_STREAM,
        .mode = 0600,
        .read = read_pipe,
        .watched = read_side,
        .available = available,
        .join = join_readers,
        .close = close_reader,
        .get_capacity = get_capacity,
        .set_capacity = set_capacity,
};

const struct end_type pipe_writer_type = {
        .leads_to = THING_PIPE,
        .kind = FS_KIND_STREAM,
        .mode = 0600,
        .write = write_pipe,
        .watched = write_side,
        .available = available,
        .settle = settle,
        .join = join_writers,
        .close = close_writer,
        .get_capacity = get_capacity,
        .set_capacity = set_capacity,
};

static struct pipe *make_pipe(uint32_t client)
{
	struct pipe *pipe = state_alloc(sizeof *pipe);
	if (!pipe)
		return NULL;
	pipe->read_side.by = WATCHED_PIPE_READ;
	pipe->write_side.by = WATCHED_PIPE_WRITE;
	pipe->both_sides.by = WATCHED_PIPE_BOTH;
	flow_init(&pipe->flow, client, STREAM_CAPACITY);
	pipe->flow.reading = &pipe->read_side;
	pipe->flow.writing = &pipe->write_side;
	thing_begin(&pipe->thing, THING_PIPE);
	return pipe;
}

status_t handle_pipe(struct request *request)
{
	struct pipe *pipe = make_pipe(request->caller);
	if (!pipe)
		return ERR_NO_MEMORY;
	status_t status = end_open(request, END_PIPE_READ, pipe);
	if (status) {
		thing_end(&pipe->thing);
		return status;
	}
	pipe->readers = 1;
	status = end_open(request, END_PIPE_WRITE, pipe);
	if (!status)
		pipe->writers = 1;
	return status; /* on an error the kit closes the first end, and that the pipe */
}

/*
 * FIFOs. An end of one is opened at once, and counts from then on; who must wait for the other side does so in a call of its own on
 * that end, which a signal can take back. It says whom it has seen come already, so that nobody is missed who came and went between.
 */

static void close_both(struct end *end)
{
	one_reader_less(end->thing);
	one_writer_less(end->thing);
	free_if_unused(end->thing);
}

static void join_both(struct end *end)
{
	join_readers(end);
	join_writers(end);
}

static void describe(const struct end *end, struct fs_stat *stat)
{
	const struct pipe *pipe = end->thing;
	stat->file_system = pipe->file_system;
	stat->file = pipe->file;
	stat->mode = pipe->mode;
}

#define FIFO_TYPE \
	.describe = describe, .leads_to = THING_PIPE, .kind = FS_KIND_FIFO, .mode = 0600, .available = available, \
	.get_capacity = get_capacity, .set_capacity = set_capacity

const struct end_type fifo_types[] = {
        [FIFO_READ] = {FIFO_TYPE, .read = read_pipe, .watched = read_side, .join = join_readers, .close = close_reader},
        [FIFO_WRITE] = {FIFO_TYPE, .write = write_pipe, .watched = write_side, .settle = settle, .join = join_writers,
                .close = close_writer},
        [FIFO_READ | FIFO_WRITE] = {FIFO_TYPE, .read = read_pipe, .write = write_pipe, .watched = both_sides, .settle = settle,
                .join = join_both, .close = close_both},
};

static status_t make_fifo(struct request *request, uint64_t key, struct pipe **out)
{
	struct pipe *pipe = make_pipe(request->caller);
	if (!pipe)
		return ERR_NO_MEMORY;
	pipe->key = key;
	pipe->file_system = request->word[2];
	pipe->file = request->word[3];
	pipe->mode = request->word[4] & 07777;
	pipe->flow.ended = pipe->flow.broken = true;
	if (!table_put(&fifos, key, pipe)) {
		thing_end(&pipe->thing);
		return ERR_NO_MEMORY;
	}
	pipe->token = request_take_handle(request, 0);
	*out = pipe;
	return ERR_OK;
}

static void enter(struct pipe *pipe, uint32_t sides)
{
	if (sides & FIFO_READ) {
		pipe->readers++;
		pipe->reader_came++;
		pipe->flow.broken = false;
		wait_finish_all(&pipe->awaiting_readers, ERR_OK);
	}
	if (sides & FIFO_WRITE) {
		pipe->writers++;
		pipe->writer_came++;
		pipe->flow.ended = false;
		wait_finish_all(&pipe->awaiting_writers, ERR_OK);
	}
}

status_t handle_fifo(struct request *request)
{
	uint32_t type, rights, sides = (uint32_t)request->word[0];
	uint64_t key;
	if (!sides || request->word[0] > (FIFO_READ | FIFO_WRITE) || request->word[1] & ~(uint64_t)FS_TRANSFER_NO_WAIT)
		return ERR_BAD_ARGUMENT;
	status_t status = sys_handle_info(request->handles[0], &type, &rights, &key);
	if (status)
		return status;
	struct pipe *pipe = table_find(&fifos, key);
	if (sides == FIFO_WRITE && request->word[1] && !(pipe && pipe->readers))
		return ERR_NOT_CONNECTED;
	if (!pipe)
		status = make_fifo(request, key, &pipe);
	if (!status)
		status = end_open(request, END_FIFO_READ + sides - FIFO_READ, pipe);
	if (status) {
		if (pipe)
			free_if_unused(pipe);
		return status;
	}
	bool alone = sides == FIFO_READ ? !pipe->writers : sides == FIFO_WRITE && !pipe->readers;
	request->answer.word[0] = alone && !request->word[1];
	request->answer.word[1] = sides == FIFO_READ ? pipe->writer_came : pipe->reader_came;
	enter(pipe, sides);
	return ERR_OK;
}

status_t handle_fifo_await(struct request *request)
{
	struct end *end = request->object;
	if (end->kind != END_FIFO_READ && end->kind != END_FIFO_WRITE)
		return ERR_NOT_SUPPORTED;
	struct pipe *pipe = end->thing;
	bool reads = end->kind == END_FIFO_READ;
	if ((reads ? pipe->writer_came : pipe->reader_came) != request->word[0])
		return ERR_OK;
	return wait_add(reads ? &pipe->awaiting_writers : &pipe->awaiting_readers, request, 0, 0, 0);
}

void fifo_begin(void)
{
	table_free(&fifos);
}

bool fifo_resume(struct pipe *pipe)
{
	return !pipe->token || table_put(&fifos, pipe->key, pipe);
}
