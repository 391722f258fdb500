/*
 * Ending what nobody can reach: sockets whose ends are all in cargos that lie in the queues of such sockets, as of a socket that
 * was passed through itself. An end that a client has open leads to its socket, a socket to what its queue holds and, if it
 * listens, to its backlog, and a call that waits to what it sends. Sockets that are not reached so are ended.
 *
 * Nothing of the looking is under the log: `reached` and `next_reached` mean nothing outside of it. It is done some time after an end was closed while others were in cargos, so that closing many costs one look.
 */
#include "user/lib/state.h"
#include "user/servers/streamd/end.h"
#include "user/servers/streamd/ending.h"
#include "user/servers/streamd/socket.h"

#define DELAY_NS 50000000ull

static struct server_timer timer;
static struct socket *to_visit;

STATE_QUIET static void reach(struct socket *socket)
{
	if (socket->reached)
		return;
	socket->reached = true;
	socket->next_reached = to_visit;
	to_visit = socket;
}

static void reach_cargo(const struct cargo *cargo)
{
	for (uint32_t i = 0; cargo && i < cargo->count; i++) {
		struct socket *socket = cargo->items[i].end ? socket_of(cargo->items[i].end) : NULL;
		if (socket)
			reach(socket);
	}
}

static void visit_all(void)
{
	while (to_visit) {
		struct socket *socket = to_visit;
		to_visit = socket->next_reached;
		for (const struct packet *packet = socket->first; packet; packet = packet->next)
			reach_cargo(packet->cargo);
		for (struct socket *there = socket->backlog; there; there = there->next_waiting)
			reach(there);
	}
}

STATE_QUIET static void mark(void)
{
	for (struct socket *socket = NULL; (socket = socket_next(socket));)
		socket->reached = false;
	for (struct socket *socket = NULL; (socket = socket_next(socket));) {
		if (socket->open)
			reach(socket);
		for (const struct wait *wait = socket->writers.first; wait; wait = wait->next)
			reach_cargo(wait->cargo);
	}
	visit_all();
}

static void collect(struct server_timer *unused)
{
	(void)unused;
	if (!cargo_ends())
		return;
	mark();
	/* One without any end is in a backlog, or being made. */
	for (struct socket *socket = NULL, *next = socket_next(NULL); (socket = next);) {
		next = socket_next(socket);
		if (!socket->reached && socket->ends && !socket->is_ending)
			ending_socket(socket);
	}
}

void socket_collect_soon(void)
{
	timer.expired = collect;
	if (!timer.set)
		server_timer_set(&streamd_server, &timer, server_timer_now() + DELAY_NS);
}

void socket_collect_begin(void)
{
	timer = (struct server_timer){0};
	to_visit = NULL;
	if (cargo_ends())
		socket_collect_soon();
}
