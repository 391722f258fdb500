/* Calls that wait: see wait.h. */
#include "user/servers/streamd/wait.h"

#include "user/lib/pool.h"
#include "user/servers/streamd/cargo.h"
#include "user/servers/streamd/end.h"

#define SWEEP_LEAST 256u

static struct wait *all;
static uint32_t all_count, sweep_at = SWEEP_LEAST;

/* Takes it out of its queue and frees it. */
static void remove_wait(struct wait *wait)
{
	if (wait->previous)
		wait->previous->next = wait->next;
	else
		wait->queue->first = wait->next;
	if (wait->next)
		wait->next->previous = wait->previous;
	else
		wait->queue->last = wait->previous;
	if (wait->all_previous)
		wait->all_previous->all_next = wait->all_next;
	else
		all = wait->all_next;
	if (wait->all_next)
		wait->all_next->all_previous = wait->all_previous;
	all_count--;
	wait->end->waits--;
	if (wait->cargo)
		cargo_drop(wait->cargo);
	pool_put(wait, sizeof *wait);
}

static bool is_dead(const struct wait *wait)
{
	char nothing;
	uint64_t copied;
	return sys_reply_read(wait->reply, 0, &nothing, 0, &copied) == ERR_DEAD;
}

static void sweep(void)
{
	for (struct wait *wait = all, *next; wait; wait = next) {
		next = wait->all_next;
		if (!is_dead(wait))
			continue;
		sys_handle_close(wait->reply);
		remove_wait(wait);
	}
	sweep_at = all_count < SWEEP_LEAST / 2 ? SWEEP_LEAST : all_count * 2;
}

status_t wait_add(struct wait_queue *queue, struct request *request, uint64_t length, uint64_t done, uint32_t flags)
{
	if (all_count >= sweep_at)
		sweep();
	if (all_count == WAITS_MAX)
		return ERR_FULL;
	struct wait *wait = pool_get(sizeof *wait);
	if (!wait)
		return ERR_NO_MEMORY;
	*wait = (struct wait){.previous = queue->last,
	        .all_next = all,
	        .queue = queue,
	        .end = request->object,
	        .server = request->server,
	        .caller = request->caller,
	        .flags = flags,
	        .takes_words = request->takes_words,
	        .length = length,
	        .done = done};
	status_t status = request_save(request, &wait->reply);
	if (status) {
		pool_put(wait, sizeof *wait);
		return status;
	}
	if (queue->last)
		queue->last->next = wait;
	else
		queue->first = wait;
	queue->last = wait;
	if (all)
		all->all_previous = wait;
	all = wait;
	all_count++;
	wait->end->waits++;
	return ERR_OK;
}

status_t wait_finish(struct wait *wait, status_t status, struct answer *answer)
{
	handle_t reply = wait->reply;
	remove_wait(wait);
	if (!answer->handle_count) {
		struct message message = {.label = status};
		if (!status)
			memcpy(message.word, answer->word, sizeof message.word);
		return sys_reply_send(reply, &message);
	}
	answer_send(reply, status, answer);
	return ERR_OK;
}

status_t wait_finish_done(struct wait *wait, status_t status)
{
	struct answer answer = {.word = {wait->done}};
	if (wait->done)
		status = ERR_OK;
	return wait_finish(wait, status, &answer);
}

status_t wait_finish_bytes(struct wait *wait, const void *bytes, uint64_t length)
{
	if (!wait->takes_words || length > MESSAGE_SHORT_MAX) {
		status_t status = reply_write_bytes(wait->reply, 0, bytes, length);
		wait->done = status ? 0 : length;
		status_t sent = wait_finish_done(wait, status);
		return status ? status : sent;
	}
	handle_t reply = wait->reply;
	struct message message = {.word = {length}};
	extras_set_words(extras_begin(), bytes, length);
	remove_wait(wait);
	return sys_reply_send_x(reply, &message);
}

void wait_finish_all(struct wait_queue *queue, status_t status)
{
	while (queue->first)
		wait_finish_done(queue->first, status);
}

/* Looked for among all, which is rare enough, so that a wait costs nothing for it. */
void wait_interrupted(struct server *server, handle_t reply)
{
	struct wait *wait = all;
	(void)server;
	while (wait && wait->reply != reply)
		wait = wait->all_next;
	if (!wait)
		return;
	struct end *end = wait->end;
	wait_finish_done(wait, ERR_INTERRUPTED);
	if (end->type->settle)
		end->type->settle(end);
}

void wait_end_closed(struct end *end)
{
	for (struct wait *wait = all, *next; wait && end->waits; wait = next) {
		next = wait->all_next;
		if (wait->end == end)
			wait_finish_done(wait, ERR_DEAD);
	}
}
