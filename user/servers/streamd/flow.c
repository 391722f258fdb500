/*
 * Bytes from writers to readers: see flow.h. Nothing here is put into the log by the compiler: what is changed of a flow is named before.
 */
#include "user/servers/streamd/flow.h"

#include <string.h>

#include "abi/proto/fs.h"
#include "abi/proto/stream.h"
#include "user/lib/state.h"
#include "user/servers/streamd/account.h"
#include "user/servers/streamd/handing.h"

#define FIRST_PAGE 4096u /* not on the client's account: the number of its open ends bounds it */
#define HAND_FIRST 8192u /* from so much on a reader that was waiting goes first */

void flow_init(struct flow *flow, uint32_t client, uint32_t capacity)
{
	*flow = (struct flow){.client = client, .capacity = capacity};
}

static uint64_t charged(uint32_t allotted)
{
	return allotted > FIRST_PAGE ? allotted - FIRST_PAGE : 0;
}

/* Start and count are about to change; the ring's size and place. */
static inline void keep_counts(struct flow *flow)
{
	_Static_assert(
	        offsetof(struct flow, start) % 8 == 0 && offsetof(struct flow, count) == offsetof(struct flow, start) + 4,
	        "one word");
	state_keep(&flow->start, 8);
}

static void keep_ring(struct flow *flow)
{
	state_keep(flow, offsetof(struct flow, readers));
}

void flow_free(struct flow *flow)
{
	state_free(flow->bytes);
	account_give_back(flow->client, charged(flow->allotted));
}

/* The least power of two that is not less; of a size up to STREAM_CAPACITY_MAX. */
static uint32_t round_up(uint64_t size)
{
	uint32_t rounded = FIRST_PAGE;
	while (rounded < size)
		rounded *= 2;
	return rounded;
}

/* A ring of `size` bytes in the place of the one that is there, with the same content. */
static bool resize(struct flow *flow, uint32_t size)
{
	uint64_t before = charged(flow->allotted), after = charged(size);
	if (after > before && !account_take(flow->client, after - before))
		return false;
	uint8_t *bytes = state_alloc_bytes(size);
	if (!bytes) {
		if (after > before)
			account_give_back(flow->client, after - before);
		return false;
	}
	uint32_t first = flow->allotted - flow->start < flow->count ? flow->allotted - flow->start : flow->count;
	if (flow->count) {
		memcpy(bytes, flow->bytes + flow->start, first);
		memcpy(bytes + first, flow->bytes, flow->count - first);
	}
	state_free(flow->bytes);
	if (before > after)
		account_give_back(flow->client, before - after);
	keep_ring(flow);
	flow->bytes = bytes;
	flow->allotted = size;
	flow->start = 0;
	return true;
}

/* Makes room for `more` bytes as far as capacity and account allow: the room that there is then. */
static uint32_t reserve(struct flow *flow, uint64_t more)
{
	uint64_t wanted = flow->count + more;
	if (wanted > flow->capacity)
		wanted = flow->capacity;
	bool scarce = wanted > flow->allotted && !resize(flow, round_up(wanted));
	if (scarce != flow->scarce) {
		keep_ring(flow);
		flow->scarce = scarce;
	}
	if (!flow->allotted)
		resize(flow, FIRST_PAGE);
	return flow->allotted - flow->count;
}

bool flow_has_room(const struct flow *flow, uint32_t atomic)
{
	return (flow->scarce ? flow->allotted : flow->capacity) - flow->count >= atomic;
}

status_t flow_set_capacity(struct flow *flow, uint64_t capacity)
{
	if (capacity > STREAM_CAPACITY_MAX)
		return ERR_NO_RIGHT;
	uint32_t rounded = round_up(capacity);
	if (rounded < flow->count)
		return ERR_BAD_STATE;
	if (flow->allotted > rounded && !resize(flow, rounded))
		return ERR_NO_MEMORY;
	keep_ring(flow);
	flow->capacity = rounded;
	return ERR_OK;
}

/* Who writes: by its reply its buffer is reached. Its bytes may have come with its call as well. */
struct source {
	handle_t reply;
	const uint8_t *bytes; /* all of them, NULL: they are in the buffer only */
};

/* A part of the writer's bytes goes to memory of the server's. */
static status_t take_part(const struct source *from, uint64_t offset, void *to, uint64_t length, uint64_t *out_copied)
{
	if (!from->bytes)
		return sys_reply_read(from->reply, offset, to, length, out_copied);
	memcpy(to, from->bytes + offset, length);
	*out_copied = length;
	return ERR_OK;
}

/* Takes up to `length` bytes of a writer's from `offset` on; what was taken, or the error that kept it from any. */
static status_t fill(struct flow *flow, const struct source *from, uint64_t offset, uint64_t length, uint64_t *out_taken)
{
	uint64_t taken = 0;
	while (taken < length) {
		uint32_t place = (flow->start + flow->count) & (flow->allotted - 1);
		uint64_t part = flow->allotted - place < length - taken ? flow->allotted - place : length - taken;
		uint64_t copied = 0;
		status_t status = take_part(from, offset + taken, flow->bytes + place, part, &copied);
		if (status && !taken)
			return status;
		if (status || !copied)
			break;
		taken += copied;
		keep_counts(flow);
		flow->count += (uint32_t)copied;
	}
	*out_taken = taken;
	return taken ? ERR_OK : ERR_BAD_ADDRESS;
}

/* The other way; nothing is lost of what was not given. */
static status_t drain(struct flow *flow, handle_t reply, uint64_t offset, uint64_t length, uint64_t *out_given)
{
	uint64_t given = 0;
	if (length > flow->count)
		length = flow->count;
	while (given < length) {
		uint64_t part = flow->allotted - flow->start < length - given ? flow->allotted - flow->start : length - given;
		uint64_t copied = 0;
		status_t status = sys_reply_write(reply, offset + given, flow->bytes + flow->start, part, &copied);
		if (status && !given)
			return status;
		if (status || !copied)
			break;
		given += copied;
		keep_counts(flow);
		flow->start = (flow->start + (uint32_t)copied) & (flow->allotted - 1);
		flow->count -= (uint32_t)copied;
	}
	*out_given = given;
	return given ? ERR_OK : ERR_BAD_ADDRESS;
}

/* Whether a copy between two callers failed for the one who reads; else it did for the one who writes. */
static bool reader_failed(handle_t writer, uint64_t offset)
{
	char byte;
	uint64_t copied;
	return sys_reply_read(writer, offset, &byte, 1, &copied) == ERR_OK;
}

/* Gives bytes of a writer to the first waiting reader, which is answered. An error is the writer's. */
static status_t hand_over(struct flow *flow, const struct source *from, uint64_t length, uint64_t *done)
{
	struct wait *reader = flow->readers.first;
	uint64_t copied = 0, part = reader->length < length - *done ? reader->length : length - *done;
	if (from->bytes && part <= MESSAGE_SHORT_MAX) {
		if (!wait_finish_bytes(reader, from->bytes + *done, part))
			*done += part;
		return ERR_OK;
	}
	status_t status = sys_reply_copy(from->reply, reader->reply, *done, 0, part, &copied);
	if (status && !reader_failed(from->reply, *done))
		return status;
	state_keep(&reader->done, sizeof reader->done);
	reader->done = copied;
	wait_finish_done(reader, status);
	*done += copied;
	return ERR_OK;
}

/* Moves what can be moved of a writer's bytes; an error stands beside what was done before it. */
static status_t push(struct flow *flow, const struct source *from, uint64_t length, uint32_t atomic, uint64_t *done)
{
	while (*done < length) {
		if (flow->readers.first) {
			status_t status = hand_over(flow, from, length, done);
			if (status)
				return status;
			continue;
		}
		uint64_t room = reserve(flow, length - *done), taken = 0;
		if (!flow->allotted)
			return ERR_NO_MEMORY;
		if (!room || (!*done && length <= atomic && room < length))
			return ERR_OK;
		uint32_t before = flow->count;
		status_t status = fill(flow, from, *done, room < length - *done ? room : length - *done, &taken);
		if (!status && length <= atomic && *done + taken < length) {
			flow->count = before; /* whole or not at all */
			return ERR_BAD_ADDRESS;
		}
		if (status)
			return status;
		*done += taken;
	}
	return ERR_OK;
}

/* Gives a reader what there is: from the ring, then from writers that wait. */
static status_t pull(struct flow *flow, struct request *request, uint64_t length, uint64_t *done)
{
	uint64_t given = 0;
	handle_t reader = request->reply;
	if (flow->count) {
		status_t status = drain(flow, reader, *done, length - *done, &given);
		if (status)
			return *done ? ERR_OK : status;
		*done += given;
	}
	while (!flow->count && *done < length && flow->writers.first) {
		struct wait *writer = flow->writers.first;
		uint64_t copied = 0, left = writer->length - writer->done;
		uint64_t part = left < length - *done ? left : length - *done;
		status_t status = sys_reply_copy(writer->reply, reader, writer->done, *done, part, &copied);
		if (status && reader_failed(writer->reply, writer->done))
			return *done ? ERR_OK : status;
		state_keep(&writer->done, sizeof writer->done);
		writer->done += copied;
		*done += copied;
		if (status || writer->done == writer->length)
			wait_finish_done(writer, status);
		else if (copied < part)
			break;
	}
	return ERR_OK;
}

/* What readers have made room for. */
static void serve_writers(struct flow *flow)
{
	while (flow->writers.first) {
		struct wait *writer = flow->writers.first;
		const struct source from = {writer->reply, NULL};
		state_keep(&writer->done, sizeof writer->done);
		status_t status = push(flow, &from, writer->length, writer->flags, &writer->done);
		if (!status && writer->done < writer->length)
			return;
		wait_finish_done(writer, status);
	}
}

static void changed(struct watched *watched)
{
	if (watched)
		watch_changed(watched);
}

/* Of which there is something, in the ring or with a writer that waits. */
static status_t read_what_is_there(struct flow *flow, struct request *request, uint64_t length)
{
	uint64_t done = 0;
	status_t status = pull(flow, request, length, &done);
	if (status)
		return status;
	request->answer.word[0] = done;
	if (flow->writers.first) {
		request_commit(request); /* what the reader has had may be written over from here on */
		serve_writers(flow);
	}
	changed(flow->writing);
	return ERR_OK;
}

status_t flow_read(struct flow *flow, struct request *request, uint64_t length, uint32_t flags)
{
	if (!length)
		return ERR_OK;
	if (flow->count || flow->writers.first)
		return read_what_is_there(flow, request, length);
	if (flow->ended)
		return ERR_OK;
	if (flags & FS_TRANSFER_NO_WAIT)
		return ERR_WOULD_BLOCK;
	return wait_add_only(&flow->readers, request, length, 0);
}

/*
 * Answers a writer only after the reader that it has served: so the reader runs first, comes back for more, and is waiting again
 * when the writer comes, and what is large is copied once and not twice.
 */
static status_t answer_behind_reader(struct request *request, uint64_t done)
{
	handle_t reply;
	struct answer answer = {.word = {done}};
	if (!request_save(request, &reply))
		answer_send(reply, ERR_OK, &answer);
	else
		request->answer.word[0] = done;
	return ERR_OK;
}

/* All that a writer has goes to a reader that waits for no less, and nobody else has a part in it. */
static inline bool hand_all(struct flow *flow, const struct request *request, uint64_t length)
{
	struct wait *reader = flow->readers.first;
	return reader && reader->takes_words && length <= reader->length &&
	        length <= request->long_word_count * sizeof(uint64_t) && !flow->reading->first && !flow->writers.first &&
	        handing_give(reader, request, length);
}

static status_t write_in_part(struct flow *flow, struct request *request, uint64_t length, uint32_t atomic, uint32_t flags)
{
	uint64_t done = 0;
	status_t status = ERR_OK;
	bool was_waited_for = flow->readers.first != NULL;
	const struct source from = {request->reply, request_carried(request, 0, length)};
	if (!flow->writers.first)
		status = push(flow, &from, length, atomic, &done);
	if (status && !done)
		return status;
	if (done)
		changed(flow->reading);
	if (done == length && was_waited_for && length >= HAND_FIRST && !flow->count)
		return answer_behind_reader(request, done);
	request->answer.word[0] = done;
	if (status || done == length || (done && (flags & FS_TRANSFER_NO_WAIT)))
		return ERR_OK;
	if (flags & FS_TRANSFER_NO_WAIT)
		return ERR_WOULD_BLOCK;
	return wait_add(&flow->writers, request, length, done, atomic);
}

status_t flow_write(struct flow *flow, struct request *request, uint64_t length, uint32_t atomic, uint32_t flags)
{
	if (flow->broken)
		return ERR_BROKEN_PIPE;
	if (!length)
		return ERR_OK;
	if (!hand_all(flow, request, length))
		return write_in_part(flow, request, length, atomic, flags);
	request->answer.word[0] = length;
	return ERR_OK;
}

void flow_settle(struct flow *flow)
{
	if (!flow->broken)
		serve_writers(flow);
}

void flow_end(struct flow *flow)
{
	keep_ring(flow);
	flow->ended = true;
	if (!flow->count)
		wait_finish_all(&flow->readers, ERR_OK);
	changed(flow->reading);
}

void flow_break(struct flow *flow)
{
	keep_ring(flow);
	flow->broken = true;
	wait_finish_all(&flow->writers, ERR_BROKEN_PIPE);
	changed(flow->writing);
}

bool flow_check(const struct flow *flow)
{
	uint32_t allotted = flow->allotted, capacity = flow->capacity;
	if (allotted & (allotted - 1) || capacity & (capacity - 1) || !capacity || capacity > STREAM_CAPACITY_MAX ||
	        allotted > capacity || flow->count > allotted || flow->start >= (allotted ? allotted : 1))
		return false;
	return !allotted || state_holds(flow->bytes, allotted);
}

bool flow_resume(const struct flow *flow)
{
	return account_resume(flow->client, charged(flow->allotted));
}
