/* Events: see event.h. */
#include "user/servers/streamd/event.h"

#include <stddef.h>

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"

uint32_t event_ready(const struct watched *watched)
{
	const struct event *event =
	        (const struct event *)(const void *)((const char *)watched - offsetof(struct event, watched));
	return (event->count ? FS_READY_READ : 0) | (event->count < UINT64_MAX - 1 ? FS_READY_WRITE : 0);
}

static bool fits(const struct event *event, uint64_t value)
{
	return value < UINT64_MAX - event->count;
}

/* What a reader is given; the counter stays as it was until it has it. */
static uint64_t next_value(const struct event *event)
{
	return event->flags & STREAM_EVENT_SEMAPHORE ? 1 : event->count;
}

/* Lets those that wait go on as far as the counter allows. A waiting writer's value is its length. */
static void settle(struct event *event)
{
	bool moved = true;
	while (moved) {
		moved = false;
		if (event->readers.first && event->count) {
			uint64_t value = next_value(event);
			if (!wait_finish_bytes(event->readers.first, &value, sizeof value))
				event->count -= value;
			moved = true;
		}
		if (event->writers.first && fits(event, event->writers.first->length)) {
			event->count += event->writers.first->length;
			event->writers.first->done = sizeof(uint64_t);
			wait_finish_done(event->writers.first, ERR_OK);
			moved = true;
		}
	}
	watch_changed(&event->watched);
}

static status_t read_event(struct request *request, struct end *end)
{
	struct event *event = end->thing;
	if (end_length(request, request->writable) < sizeof(uint64_t))
		return ERR_BAD_ARGUMENT;
	if (!event->count && request->word[1] & FS_TRANSFER_NO_WAIT)
		return ERR_WOULD_BLOCK;
	if (!event->count)
		return wait_add_only(&event->readers, request, sizeof(uint64_t), 0);
	uint64_t value = next_value(event);
	status_t status = request_write(request, 0, &value, sizeof value);
	if (status)
		return status;
	event->count -= value;
	request->answer.word[0] = sizeof(uint64_t);
	settle(event);
	return ERR_OK;
}

static status_t write_event(struct request *request, struct end *end)
{
	struct event *event = end->thing;
	uint64_t value;
	if (end_length(request, request->readable) < sizeof value)
		return ERR_BAD_ARGUMENT;
	status_t status = request_read(request, 0, &value, sizeof value);
	if (status)
		return status;
	if (value == UINT64_MAX)
		return ERR_BAD_ARGUMENT;
	if (event->writers.first || !fits(event, value))
		return request->word[1] & FS_TRANSFER_NO_WAIT ? ERR_WOULD_BLOCK
		                                              : wait_add(&event->writers, request, value, 0, 0);
	event->count += value;
	request->answer.word[0] = sizeof value;
	settle(event);
	return ERR_OK;
}

static struct watched *watched_of(struct end *end)
{
	return &((struct event *)end->thing)->watched;
}

static void close_event(struct end *end)
{
	struct event *event = end->thing;
	if (--event->ends)
		return;
	watch_drop_all(&event->watched);
	thing_end(&event->thing);
}

static void settle_end(struct end *end)
{
	settle(end->thing);
}

static void join(struct end *end)
{
	((struct event *)end->thing)->ends++;
}

const struct end_type event_type = {
        .leads_to = THING_EVENT,
        .kind = FS_KIND_ANONYMOUS,
        .mode = 0600,
        .read = read_event,
        .write = write_event,
        .watched = watched_of,
        .settle = settle_end,
        .join = join,
        .close = close_event,
};

status_t handle_event(struct request *request)
{
	if (request->word[1] & ~(uint64_t)STREAM_EVENT_SEMAPHORE || request->word[0] == UINT64_MAX)
		return ERR_BAD_ARGUMENT;
	struct event *event = state_alloc(sizeof *event);
	if (!event)
		return ERR_NO_MEMORY;
	*event = (struct event){
	        .watched = {.by = WATCHED_EVENT}, .count = request->word[0], .flags = (uint32_t)request->word[1], .ends = 1};
	thing_begin(&event->thing, THING_EVENT);
	status_t status = end_open(request, END_EVENT, event);
	if (status)
		thing_end(&event->thing);
	return status;
}
