/* Requests and answers: see request.h. */
#include "user/lib/request.h"

#include "common/path.h"
#include "user/lib/pool.h"
#include "user/lib/server_internal.h"
#include "user/lib/table.h"

/* What reply_on_interrupt was told of a saved call; the key is its reply. A process's handles are its threads' in common. */
struct interrupt {
	void (*interrupted)(void *context);
	void *context;
};

static struct table interrupts;

void answer_add_handle(struct answer *answer, handle_t handle, uint32_t rights)
{
	if (answer->handle_count == MESSAGE_HANDLES) {
		sys_handle_close(handle);
		return;
	}
	answer->handles[answer->handle_count] = handle;
	answer->rights[answer->handle_count] = rights;
	answer->handle_count++;
}

void answer_drop(struct answer *answer)
{
	if (!answer->handle_count)
		return;
	for (uint32_t i = 0; i < answer->handle_count; i++)
		state_close(answer->handles[i]);
	state_keep(&answer->handle_count, sizeof answer->handle_count);
	answer->handle_count = 0;
}

void reply_on_interrupt(handle_t reply, void (*interrupted)(void *context), void *context)
{
	reply_forget_interrupt(reply);
	struct interrupt *entry = pool_get(sizeof *entry);
	if (!entry)
		return;
	*entry = (struct interrupt){interrupted, context};
	if (!table_put(&interrupts, reply, entry))
		pool_put(entry, sizeof *entry);
}

void reply_forget_interrupt(handle_t reply)
{
	if (interrupts.count)
		pool_put(table_remove(&interrupts, reply), sizeof(struct interrupt));
}

bool reply_interrupted(handle_t reply)
{
	struct interrupt *entry = table_remove(&interrupts, reply);
	if (!entry)
		return false;
	struct interrupt what = *entry;
	pool_put(entry, sizeof *entry);
	what.interrupted(what.context);
	return true;
}

void reply_drop(handle_t reply)
{
	reply_forget_interrupt(reply);
	state_close(reply);
}

/* Ends a call without an answer: the caller hears ERR_DROPPED. The reply of this very call has to be made a handle first. */
static void reply_abandon(handle_t reply)
{
	if (reply == HANDLE_SELF_REPLY && sys_reply_save(&reply))
		return;
	sys_handle_close(reply);
}

/*
 * If the answer can not be given as it is (the caller's handle table is full, a handle is not one), the caller is told so
 * instead, by a label that needs nothing. A caller that has ended meanwhile needs no answer.
 */
void answer_give(handle_t reply, status_t status, struct answer *answer)
{
	struct message message = {.label = status};
	status_t sent;

	reply_forget_interrupt(reply);
	if (answer_keeps_words(status) && answer)
		memcpy(message.word, answer->word, sizeof message.word);
	if (!status && answer && answer->handle_count) {
		struct message_extras *send = extras_begin();
		for (uint32_t i = 0; i < answer->handle_count; i++)
			extras_add_handle(send, answer->handles[i], answer->rights[i], 1);
		sent = sys_reply_send_x(reply, &message);
	} else {
		sent = sys_reply_send(reply, &message);
	}
	if (sent) {
		message = (struct message){.label = sent};
		if (sys_reply_send(reply, &message))
			reply_abandon(reply);
	}
	if (answer && (status || sent))
		answer_drop(answer);
}

handle_t request_take_handle(struct request *request, uint32_t i)
{
	if (i >= request->handle_count)
		return HANDLE_NONE;
	handle_t handle = request->handles[i];
	request->handles[i] = HANDLE_NONE;
	return handle;
}

/* The kernel copies in bounded steps, so a call may come back with a part; one that copies nothing never will copy more. */
status_t reply_read_bytes(handle_t reply, uint64_t offset, void *to, uint64_t length)
{
	for (uint64_t done = 0; done < length;) {
		uint64_t copied = 0;
		status_t status = sys_reply_read(reply, offset + done, (char *)to + done, length - done, &copied);
		if (status)
			return status;
		if (!copied)
			return ERR_BAD_ADDRESS;
		done += copied;
	}
	return ERR_OK;
}

status_t reply_write_bytes(handle_t reply, uint64_t offset, const void *from, uint64_t length)
{
	for (uint64_t done = 0; done < length;) {
		uint64_t copied = 0;
		status_t status = sys_reply_write(reply, offset + done, (const char *)from + done, length - done, &copied);
		if (status)
			return status;
		if (!copied)
			return ERR_BAD_ADDRESS;
		done += copied;
	}
	return ERR_OK;
}

const void *request_carried(const struct request *request, uint64_t offset, uint64_t length)
{
	uint64_t carried = request->long_word_count * sizeof(uint64_t);
	if (offset > carried || length > carried - offset)
		return NULL;
	return (const char *)request->long_word + offset;
}

status_t request_read(struct request *request, uint64_t offset, void *to, uint64_t length)
{
	const void *carried = request_carried(request, offset, length);
	if (carried) {
		memcpy(to, carried, length);
		return ERR_OK;
	}
	if (offset > request->readable || length > request->readable - offset)
		return ERR_BAD_ARGUMENT;
	return reply_read_bytes(request->reply, offset, to, length);
}

status_t request_stop_keeping(struct request *request)
{
	uint64_t length = request->result_length;
	request->result_length = 0;
	request->takes_words = false;
	return length ? reply_write_bytes(request->reply, 0, request->result, length) : ERR_OK;
}

/* Whole words go out, so nothing may stand behind the last byte that is not meant for the caller. */
static void keep(struct request *request, uint64_t offset, const void *from, uint64_t length)
{
	uint64_t end = offset + length;
	if (end > request->result_length) {
		if ((end - 1) / 8 >= (request->result_length + 7ull) / 8)
			request->result[(end - 1) / 8] = 0;
		request->result_length = (uint32_t)end;
	}
	memcpy((char *)request->result + offset, from, length);
}

status_t request_write(struct request *request, uint64_t offset, const void *from, uint64_t length)
{
	if (offset > request->writable || length > request->writable - offset)
		return ERR_BAD_ARGUMENT;
	if (request->takes_words) {
		if (offset <= request->result_length && offset + length <= MESSAGE_SHORT_MAX) {
			if (length)
				keep(request, offset, from, length);
			return ERR_OK;
		}
		status_t status = request_stop_keeping(request);
		if (status)
			return status;
	}
	return reply_write_bytes(request->reply, offset, from, length);
}

status_t request_read_path(struct request *request, uint64_t offset, uint64_t length, char *out)
{
	status_t status = ERR_OK;
	if (length >= PATH_SIZE_MAX)
		return ERR_NAME_TOO_LONG;
	const char *carried = request_carried(request, offset, (length + 7) & ~7ull);
	if (carried) /* whole words, which there is room for, are the cheapest to copy */
		for (uint64_t at = 0; at < length; at += 8)
			memcpy(out + at, carried + at, 8);
	else
		status = request_read(request, offset, out, length);
	if (status)
		return status;
	out[length] = 0;
	return path_check(out, length);
}

status_t request_save(struct request *request, handle_t *out_reply)
{
	status_t status = request->result_length ? request_stop_keeping(request) : ERR_OK;
	handle_t place = control_block()->reply_place;
	if (!status && !place)
		status = sys_reply_reserve(&place);
	if (!status)
		*out_reply = request->reply = place;
	return status;
}

status_t request_forward_now(struct request *request)
{
	struct message message = request_forwarded(request);
	status_t status = sys_channel_forward(request->forward_to, &message);
	request->forward_to = HANDLE_NONE;
	request->reply = status ? HANDLE_SELF_REPLY : HANDLE_NONE;
	return status;
}

status_t request_forward(struct request *request, handle_t sender, const uint64_t word[static MESSAGE_WORDS])
{
	memcpy(request->answer.word, word, sizeof request->answer.word);
	request->forward_to = sender;
	request->reply = HANDLE_NONE;
	/* Handles that came with the call go along, so they have to be gone when the rest is closed. */
	return request->handle_count ? request_forward_now(request) : ERR_OK;
}
