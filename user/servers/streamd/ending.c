/* Ending in parts: see ending.h. */
#include "user/servers/streamd/ending.h"

#include "user/servers/streamd/account.h"
#include "user/servers/streamd/socket.h"

#define PARTS 256u /* packets, connections, cargos of one message */

static struct server_timer timer;

/* Its queue is empty. One with ends was held, which is over: they are in cargos, and the last one's end brings it here again. */
static void finish(struct socket *socket)
{
	if (socket->ends && --socket->ends)
		return;
	thing_end(&socket->thing);
}

static void take_apart(struct socket *socket, unsigned *parts)
{
	for (; socket->first && *parts; --*parts)
		packet_remove_first(socket);
	for (; socket->backlog && *parts; --*parts)
		ending_socket(socket_take_from_backlog(socket));
	if (!socket->first && !socket->backlog) {
		finish(socket);
		return;
	}
	socket->next_ending = streamd->ending;
	streamd->ending = socket;
}

static void go_on(struct server_timer *unused)
{
	unsigned parts = PARTS;
	(void)unused;
	while (streamd->dropped && parts) {
		parts--;
		struct cargo *cargo = streamd->dropped;
		streamd->dropped = cargo->next;
		cargo_drop(cargo);
	}
	while (streamd->ending && parts) {
		parts--;
		struct socket *socket = streamd->ending;
		streamd->ending = socket->next_ending;
		take_apart(socket, &parts);
	}
	if (streamd->dropped || streamd->ending)
		ending_soon();
}

void ending_soon(void)
{
	timer.expired = go_on;
	if (!timer.set)
		server_timer_set(&streamd_server, &timer, server_timer_now()); /* behind those that are due */
}

void ending_socket(struct socket *socket)
{
	socket_leave(socket);
	if (!socket->first && !socket->backlog && !socket->ends) {
		thing_end(&socket->thing);
		return;
	}
	socket->ends += socket->ends != 0; /* held, lest it ends within its own queue */
	socket->is_ending = true;
	socket->next_ending = streamd->ending;
	streamd->ending = socket;
	ending_soon();
}

bool ending_check(const struct streamd *root)
{
	uint32_t sockets = 0, cargos = 0;
	for (const struct socket *socket = root->ending; socket; socket = socket->next_ending)
		if (sockets++ == THINGS_MAX || !thing_is_sound(&socket->thing, THING_SOCKET))
			return false;
	for (const struct cargo *cargo = root->dropped; cargo; cargo = cargo->next)
		if (cargos++ == ACCOUNT_HANDLES_ALL || !cargo_check(cargo))
			return false;
	return true;
}

void ending_begin(void)
{
	timer = (struct server_timer){0};
}

bool ending_resume(void)
{
	bool all = true;
	for (struct cargo *cargo = streamd->dropped; cargo; cargo = cargo->next)
		all &= cargo_resume(cargo);
	if (streamd->dropped || streamd->ending)
		ending_soon();
	return all;
}
