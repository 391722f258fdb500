/*
 * Calls that wait: see wait.h. Nothing here is put into the log by the compiler. A wait that is in no queue is nobody's, so filling one
 * needs no log; the word that brings it into its queue, or takes it out, does, or is a change of its own.
 */
#include "user/servers/streamd/wait.h"

#include "user/lib/state_area.h"
#include "user/servers/streamd/cargo.h"
#include "user/servers/streamd/end.h"

#define SWEEP_LEAST 256u
#define BARRIER() __asm__ volatile("" : : : "memory")

static uint32_t all_count, sweep_at; /* waits that are in a queue: those among all that are `queued` */
static struct wait *free_waits;      /* by their next */
static struct wait *finished;        /* likewise; free once it is certain that they are in no queue */
static bool has_lived;               /* this life has committed something, so that the state is not given up */

void wait_begin(void)
{
	free_waits = finished = NULL;
	all_count = 0;
	sweep_at = SWEEP_LEAST;
	has_lived = false;
	for (struct wait *wait = streamd->waits; wait; wait = wait->made)
		wait->queued = false;
}

static void begin_to_wait(struct wait *wait)
{
	wait->queued = true;
	all_count++;
	wait->end->waits++;
}

void wait_resume_queue(struct wait_queue *queue)
{
	struct wait *previous = NULL;
	for (struct wait *wait = queue->first; wait; previous = wait, wait = wait->next) {
		wait->queue = queue;
		wait->previous = previous;
		begin_to_wait(wait);
	}
	queue->last = previous;
}

void wait_resume(void)
{
	for (struct wait *wait = streamd->waits; wait; wait = wait->made) {
		if (wait->queued)
			continue;
		wait->next = free_waits;
		free_waits = wait;
	}
}

/* The first message of a life goes by the log, which tells the kit that it lives. */
bool wait_may_go_alone(void)
{
	if (has_lived)
		return !state_has_changed();
	has_lived = true;
	return false;
}

static struct wait *make(void)
{
	struct wait *wait = state_alloc(sizeof *wait);
	if (!wait)
		return NULL;
	wait->made = streamd->waits;
	state_keep(&streamd->waits, sizeof streamd->waits);
	streamd->waits = wait;
	return wait;
}

/* One that was in a queue before this message is missed there if the message is rolled back. */
static struct wait *get(void)
{
	if (!free_waits && finished && !state_is_changed()) {
		free_waits = finished;
		finished = NULL;
	}
	struct wait *wait = free_waits;
	if (!wait)
		return make();
	free_waits = wait->next;
	return wait;
}

/* Where it stands in its queue. */
static struct wait **place_of(const struct wait *wait)
{
	return wait->previous ? &wait->previous->next : &wait->queue->first;
}

/* It is in its queue no more: the rest of what that means. `next` stays for the one who looks at it in a rollback. */
static void forget(struct wait *wait)
{
	if (wait->next)
		wait->next->previous = wait->previous;
	else
		wait->queue->last = wait->previous;
	all_count--;
	wait->end->waits--;
	wait->queued = false;
}

void wait_remove(struct wait *wait)
{
	struct wait **place = place_of(wait);
	state_keep(place, sizeof *place);
	*place = wait->next;
	forget(wait);
	if (wait->cargo)
		cargo_drop_later(wait->cargo);
	state_keep(&wait->next, sizeof wait->next);
	wait->next = finished;
	finished = wait;
}

void wait_leave(struct wait *wait)
{
	*(struct wait *volatile *)place_of(wait) = wait->next;
	BARRIER();
	forget(wait);
	wait->next = free_waits;
	free_waits = wait;
}

static bool is_dead(const struct wait *wait)
{
	char nothing;
	uint64_t copied;
	return sys_reply_read(wait->reply, 0, &nothing, 0, &copied) == ERR_DEAD;
}

static void sweep(void)
{
	for (struct wait *wait = streamd->waits; wait; wait = wait->made) {
		if (!wait->queued || !is_dead(wait))
			continue;
		state_close(wait->reply);
		wait_remove(wait);
	}
	sweep_at = all_count < SWEEP_LEAST / 2 ? SWEEP_LEAST : all_count * 2;
}

/* Whether one more may wait, when those that are dead have gone. */
static bool has_room(void)
{
	if (all_count >= sweep_at)
		sweep();
	return all_count < WAITS_MAX;
}

/* `alone`: nothing else follows from the call. */
static inline status_t add(
        struct wait_queue *queue, struct request *request, uint64_t length, uint64_t done, uint32_t flags, bool alone)
{
	if (!has_room())
		return ERR_FULL;
	struct wait *wait = get();
	if (!wait)
		return ERR_NO_MEMORY;
	status_t status = request_save(request, &wait->reply);
	if (status) {
		wait->next = free_waits;
		free_waits = wait;
		return status;
	}
	wait->next = NULL;
	wait->end = request->object;
	wait->caller = request->caller;
	wait->takes_words = request->takes_words;
	wait->length = length;
	wait->done = done;
	wait->flags = flags;
	wait->cargo = NULL;
	wait->queue = queue;
	wait->previous = queue->first ? queue->last : NULL;
	struct wait **place = place_of(wait);
	if (!alone || !wait_may_go_alone())
		state_keep(place, sizeof *place);
	BARRIER();
	*(struct wait *volatile *)place = wait;
	BARRIER();
	queue->last = wait;
	begin_to_wait(wait);
	return ERR_OK;
}

status_t wait_add(struct wait_queue *queue, struct request *request, uint64_t length, uint64_t done, uint32_t flags)
{
	return add(queue, request, length, done, flags, false);
}

status_t wait_add_only(struct wait_queue *queue, struct request *request, uint64_t length, uint32_t flags)
{
	return add(queue, request, length, 0, flags, true);
}

void wait_finish(struct wait *wait, status_t status, struct answer *answer)
{
	handle_t reply = wait->reply;
	wait_remove(wait);
	answer_send(reply, status, answer);
}

void wait_finish_done(struct wait *wait, status_t status)
{
	struct answer answer = {.word = {wait->done}};
	wait_finish(wait, wait->done ? ERR_OK : status, &answer);
}

status_t wait_finish_bytes(struct wait *wait, const void *bytes, uint64_t length)
{
	status_t status = reply_write_bytes(wait->reply, 0, bytes, length);
	state_keep(&wait->done, sizeof wait->done);
	wait->done = status ? 0 : length;
	wait_finish_done(wait, status);
	return status;
}

void wait_finish_all(struct wait_queue *queue, status_t status)
{
	while (queue->first)
		wait_finish_done(queue->first, status);
}

/* Looked for among all, which is rare enough, so that a wait costs nothing for it. */
void wait_interrupted(struct server *server, handle_t reply)
{
	struct wait *wait = streamd->waits;
	(void)server;
	while (wait && !(wait->queued && wait->reply == reply))
		wait = wait->made;
	if (!wait)
		return;
	struct end *end = wait->end;
	wait_finish_done(wait, ERR_INTERRUPTED);
	if (end_type(end)->settle)
		end_type(end)->settle(end);
}

void wait_end_closed(struct end *end)
{
	for (struct wait *wait = streamd->waits; wait && end->waits; wait = wait->made)
		if (wait->queued && wait->end == end)
			wait_finish_done(wait, ERR_DEAD);
}
