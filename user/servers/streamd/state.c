/*
 * What a predecessor left, looked at as if a stranger had sent it, and what follows from it worked out anew. Things are looked at first,
 * each marked with the number of this life; whatever is said to be a thing later must have that mark.
 */
#include "user/lib/state.h"

#include "user/lib/log.h"
#include "user/servers/streamd/account.h"
#include "user/servers/streamd/alarm.h"
#include "user/servers/streamd/ending.h"
#include "user/servers/streamd/event.h"
#include "user/servers/streamd/pipe.h"
#include "user/servers/streamd/socket.h"

#define PACKETS_MAX (SOCKET_QUEUE / SOCKET_PACKET)

static uint32_t life;
static uint32_t waits; /* found so far */

void thing_begin(struct thing *thing, enum thing_kind kind)
{
	thing->kind = kind;
	thing->number = ++streamd->last_number;
	thing->next = streamd->things;
	thing->previous = NULL;
	if (thing->next)
		thing->next->previous = thing;
	streamd->things = thing;
}

void thing_end(struct thing *thing)
{
	if (thing->previous)
		thing->previous->next = thing->next;
	else
		streamd->things = thing->next;
	if (thing->next)
		thing->next->previous = thing->previous;
	state_free(thing);
}

static size_t size_of(uint32_t kind)
{
	switch (kind) {
	case THING_PIPE: return sizeof(struct pipe);
	case THING_SOCKET: return sizeof(struct socket);
	case THING_EVENT: return sizeof(struct event);
	case THING_ALARM: return sizeof(struct alarm);
	}
	return 0;
}

/* The mark is nobody's but this life's, and not under the log. */
STATE_QUIET static bool mark_things(struct streamd *root)
{
	const struct thing *previous = NULL;
	uint32_t count = 0;
	for (struct thing *thing = root->things; thing; previous = thing, thing = thing->next) {
		if (count++ == THINGS_MAX || !state_holds(thing, sizeof *thing) || !size_of(thing->kind) ||
		        !state_holds(thing, size_of(thing->kind)) || thing->previous != previous)
			return false;
		thing->sound = life;
	}
	return true;
}

bool thing_is_sound(const struct thing *thing, enum thing_kind kind)
{
	return state_holds(thing, sizeof *thing) && thing->sound == life && thing->kind == kind;
}

/* A reply that is not there any more was used up by handing_give(). */
static bool check_queue(const struct streamd *root, const struct wait_queue *queue)
{
	for (const struct wait *wait = queue->first; wait; wait = wait->next)
		if (waits++ == WAITS_MAX || !state_holds(wait, sizeof *wait) || !end_check(wait->end) ||
		        (!server_has_handle(wait->reply, OBJECT_REPLY) && wait->reply != root->handing.reply) ||
		        (wait->cargo && !cargo_check(wait->cargo)))
			return false;
	return true;
}

static bool check_waits(const struct streamd *root)
{
	uint32_t count = 0;
	for (const struct wait *wait = root->waits; wait; wait = wait->made)
		if (count++ == WAITS_MAX || !state_holds(wait, sizeof *wait))
			return false;
	return !root->handing.reply || state_holds(root->handing.wait, sizeof(struct wait));
}

static bool check_pipe(const struct streamd *root, const struct pipe *pipe)
{
	return pipe->flow.reading == &pipe->read_side && pipe->flow.writing == &pipe->write_side &&
	        watch_check(&pipe->read_side, WATCHED_PIPE_READ) && watch_check(&pipe->write_side, WATCHED_PIPE_WRITE) &&
	        watch_check(&pipe->both_sides, WATCHED_PIPE_BOTH) && flow_check(&pipe->flow) &&
	        check_queue(root, &pipe->flow.readers) && check_queue(root, &pipe->flow.writers) &&
	        check_queue(root, &pipe->awaiting_readers) && check_queue(root, &pipe->awaiting_writers) &&
	        (!pipe->token || server_has_any_handle(pipe->token));
}

static bool is_socket(const struct socket *socket)
{
	return !socket || thing_is_sound(&socket->thing, THING_SOCKET);
}

static bool check_packets(const struct socket *socket)
{
	uint32_t count = 0;
	const struct packet *last = NULL;
	for (const struct packet *packet = socket->first; packet; last = packet, packet = packet->next)
		if (count++ == PACKETS_MAX || !packet_check(packet))
			return false;
	return socket->last == last || !socket->first;
}

static bool check_backlog(const struct socket *socket)
{
	uint32_t count = 0;
	const struct socket *last = NULL;
	for (const struct socket *there = socket->backlog; there; last = there, there = there->next_waiting)
		if (count++ == SOCKET_BACKLOG || !is_socket(there))
			return false;
	return count == socket->backlog_count && socket->backlog_last == last;
}

static bool check_followers(const struct socket *socket)
{
	uint32_t count = 0;
	const struct socket *previous = NULL;
	for (const struct socket *follower = socket->followers; follower;
	        previous = follower, follower = follower->next_follower)
		if (count++ == THINGS_MAX || !is_socket(follower) || follower->peer != socket ||
		        follower->previous_follower != previous)
			return false;
	return true;
}

static bool check_socket(const struct streamd *root, const struct socket *socket)
{
	return watch_check(&socket->watched, WATCHED_SOCKET) && is_socket(socket->peer) && check_packets(socket) &&
	        check_backlog(socket) && check_followers(socket) && check_queue(root, &socket->readers) &&
	        check_queue(root, &socket->writers) && name_check(socket) && socket->name.length <= STREAM_NAME_MAX &&
	        socket->peer_name.length <= STREAM_NAME_MAX;
}

static bool check_thing(const struct streamd *root, const struct thing *thing)
{
	const struct event *event = (const void *)thing;
	const struct alarm *alarm = (const void *)thing;
	switch (thing->kind) {
	case THING_PIPE: return check_pipe(root, (const void *)thing);
	case THING_SOCKET: return check_socket(root, (const void *)thing);
	case THING_EVENT:
		return watch_check(&event->watched, WATCHED_EVENT) && check_queue(root, &event->readers) &&
		        check_queue(root, &event->writers);
	}
	return watch_check(&alarm->watched, WATCHED_ALARM) && check_queue(root, &alarm->readers);
}

static bool check_object(struct server *server, uint64_t stamp, void *object)
{
	(void)server;
	return stamp >= SERVER_STAMP_FIRST && end_check(object);
}

bool state_check(struct server *server)
{
	struct streamd *root = server->root;
	life = (uint32_t)server_timer_now() | 1;
	waits = 0;
	if (!mark_things(root) || !check_waits(root))
		return false;
	for (const struct thing *thing = root->things; thing; thing = thing->next)
		if (!check_thing(root, thing))
			return false;
	return ending_check(root) && server_check_objects(server, check_object);
}

void state_begin(void)
{
	end_begin();
	fifo_begin();
	name_begin();
	account_begin();
	cargo_begin();
	wait_begin();
	socket_collect_begin();
	ending_begin();
	handing_begin();
}

static bool resume_socket(struct socket *socket)
{
	bool all = name_resume(socket);
	all &= socket_resume_backlog(socket);
	for (struct packet *packet = socket->first; packet; packet = packet->next)
		all &= packet_resume(packet);
	wait_resume_queue(&socket->readers);
	wait_resume_queue(&socket->writers);
	for (const struct wait *wait = socket->writers.first; wait; wait = wait->next)
		if (wait->cargo)
			all &= cargo_resume(wait->cargo);
	return all;
}

static bool resume_pipe(struct pipe *pipe)
{
	wait_resume_queue(&pipe->flow.readers);
	wait_resume_queue(&pipe->flow.writers);
	wait_resume_queue(&pipe->awaiting_readers);
	wait_resume_queue(&pipe->awaiting_writers);
	bool flow = flow_resume(&pipe->flow), fifo = fifo_resume(pipe); /* both, whatever the other says */
	return flow && fifo;
}

static bool resume_thing(struct thing *thing)
{
	struct event *event = (void *)thing;
	switch (thing->kind) {
	case THING_PIPE: return resume_pipe((void *)thing);
	case THING_SOCKET: return resume_socket((void *)thing);
	case THING_EVENT:
		wait_resume_queue(&event->readers);
		wait_resume_queue(&event->writers);
		return true;
	case THING_ALARM: wait_resume_queue(&((struct alarm *)(void *)thing)->readers);
	}
	return true;
}

/* A reader may have made room in the predecessor's last message, and a writer not heard of it. */
static void settle(struct thing *thing)
{
	struct pipe *pipe = (void *)thing;
	if (thing->kind == THING_PIPE)
		flow_settle(&pipe->flow);
}

/* Who watches is woken: what there was to be told may be lost. Waits are known by now. */
static void wake(struct thing *thing)
{
	struct alarm *alarm = (void *)thing;
	switch (thing->kind) {
	case THING_PIPE:
		watch_resume(&((const struct pipe *)(const void *)thing)->read_side);
		watch_resume(&((const struct pipe *)(const void *)thing)->write_side);
		watch_resume(&((const struct pipe *)(const void *)thing)->both_sides);
		break;
	case THING_SOCKET: watch_resume(&((const struct socket *)(const void *)thing)->watched); break;
	case THING_EVENT: watch_resume(&((const struct event *)(const void *)thing)->watched); break;
	case THING_ALARM: watch_resume(&alarm->watched); alarm_resume(alarm);
	}
}

static bool resume_object(struct server *server, uint64_t stamp, void *object)
{
	(void)server;
	(void)stamp;
	return end_resume(object);
}

void state_resume(struct server *server)
{
	bool all = server_check_objects(server, resume_object);
	for (struct thing *thing = streamd->things; thing; thing = thing->next)
		all &= resume_thing(thing);
	all &= ending_resume();
	if (!all)
		log_error("streamd has no memory for all that it knew; some names and passed ends are lost");
	wait_resume();
	handing_resume();
	socket_collect_begin();
	for (struct thing *thing = streamd->things; thing; thing = thing->next) {
		settle(thing);
		wake(thing);
	}
}
