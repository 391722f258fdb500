/* Bytes are copied from the writer when there is room for them, so that a write that waits holds none of the server's memory. */
#include "user/lib/writes.h"

#include "user/lib/state.h"

#define PART 4096u /* copied at a time */

/* Sends as much of a write as there is room for, from `*done` on. */
static status_t send_some(struct writes *writes, uint64_t stamp, handle_t reply, uint64_t length, uint64_t *done)
{
	char bytes[PART];

	while (*done < length) {
		size_t part = length - *done < sizeof bytes ? (size_t)(length - *done) : sizeof bytes;
		size_t room = writes->room(writes->context);
		if (part > room)
			part = room;
		if (part == 0)
			return ERR_OK;
		status_t status = reply_read_bytes(reply, *done, bytes, part);
		if (status)
			return status;
		writes->put(writes->context, stamp, bytes, part);
		state_keep(done, sizeof *done);
		*done += part;
	}
	return ERR_OK;
}

status_t writes_add(struct writes *writes, struct request *request, bool wait)
{
	uint64_t length = request->word[0], done = 0;

	if (length > request->readable)
		return ERR_BAD_ARGUMENT;
	if (!writes_wait(writes)) {
		status_t status = send_some(writes, request->stamp, request->reply, length, &done);
		if (status && done == 0)
			return status;
		request->answer.word[0] = done;
		if (status || done == length)
			return ERR_OK;
	}
	if (!wait)
		return done ? ERR_OK : ERR_WOULD_BLOCK;
	return waiting_add(&writes->waiting, request, length, done);
}

void writes_continue(struct writes *writes)
{
	struct waiting *first;

	while ((first = writes->waiting.first)) {
		status_t status = send_some(writes, first->stamp, first->reply, first->length, &first->done);
		if (!status && first->done < first->length)
			return;
		waiting_answer(&writes->waiting, first->done ? ERR_OK : status, first->done);
	}
}
