/* Making and ending sockets, and what is told of them: see socket.h. */
#include "user/servers/streamd/socket.h"

#include <stddef.h>

#include "abi/proto/fs.h"
#include "user/servers/streamd/end.h"
#include "user/servers/streamd/ending.h"

struct socket *socket_next(const struct socket *socket)
{
	struct thing *thing = socket ? socket->thing.next : streamd->things;
	while (thing && thing->kind != THING_SOCKET)
		thing = thing->next;
	return (struct socket *)thing;
}

struct socket *socket_of(struct end *end)
{
	return end->kind == END_SOCKET ? end->thing : NULL;
}

static bool is_connected_type(const struct socket *socket)
{
	return socket->type != STREAM_TYPE_DATAGRAM;
}

/* A socket whose peer may be gone; a reader finds the end, a writer a broken pipe. */
uint32_t socket_ready(const struct watched *watched)
{
	const struct socket *socket =
	        (const struct socket *)(const void *)((const char *)watched - offsetof(struct socket, watched));
	uint32_t events = 0;
	if (socket->listening)
		return socket->backlog ? FS_READY_READ : 0;
	if (socket->first || socket_at_end(socket))
		events |= FS_READY_READ;
	if (socket->peer ? socket_has_room(socket->peer) : true)
		events |= FS_READY_WRITE;
	if (is_connected_type(socket) && !socket->peer)
		events |= FS_READY_HANGUP;
	if (socket->read_shut && socket->write_shut)
		events |= FS_READY_HANGUP;
	return events;
}

struct socket *socket_make(uint32_t kind, uint32_t client)
{
	struct socket *socket = state_alloc(sizeof *socket);
	if (!socket)
		return NULL;
	socket->watched.by = WATCHED_SOCKET;
	socket->type = kind;
	socket->client = client;
	thing_begin(&socket->thing, THING_SOCKET);
	return socket;
}

/* Leaves the list of its peer's followers. */
static void leave_peer(struct socket *socket)
{
	if (!socket->peer)
		return;
	if (socket->previous_follower)
		socket->previous_follower->next_follower = socket->next_follower;
	else
		socket->peer->followers = socket->next_follower;
	if (socket->next_follower)
		socket->next_follower->previous_follower = socket->previous_follower;
	socket->next_follower = socket->previous_follower = socket->peer = NULL;
}

void socket_set_peer(struct socket *socket, struct socket *peer)
{
	leave_peer(socket);
	socket->was_connected |= peer != NULL;
	if (!peer)
		return;
	socket->peer = peer;
	socket->next_follower = peer->followers;
	if (peer->followers)
		peer->followers->previous_follower = socket;
	peer->followers = socket;
	socket->peer_name = *name_of(peer);
}

void socket_leave(struct socket *socket)
{
	name_unbind(socket);
	wait_finish_all(&socket->readers, ERR_DEAD);
	wait_finish_all(&socket->writers, socket->listening ? ERR_CONNECTION_REFUSED : ERR_BROKEN_PIPE);
	leave_peer(socket);
	while (socket->followers) {
		struct socket *follower = socket->followers;
		leave_peer(follower);
		socket_serve(follower);
	}
	watch_drop_all(&socket->watched);
}

static void close_end(struct end *end)
{
	struct socket *socket = end->thing;
	socket->open -= end->open;
	if (!--socket->ends)
		ending_socket(socket);
	else if (cargo_ends())
		socket_collect_soon();
}

static void opened(struct end *end)
{
	((struct socket *)end->thing)->open++;
}

static void settle(struct end *end)
{
	struct socket *socket = end->thing;
	if (socket->peer)
		socket_serve(socket->peer);
}

static void join(struct end *end)
{
	((struct socket *)end->thing)->ends++;
}

static struct watched *watched_of(struct end *end)
{
	return &((struct socket *)end->thing)->watched;
}

/* Of datagrams it is the next one's length that counts. */
static uint64_t available(struct end *end)
{
	const struct socket *socket = end->thing;
	uint64_t bytes = 0;
	for (const struct packet *packet = socket->first; packet; packet = packet->next) {
		bytes += packet->length - packet->start;
		if (socket->type != STREAM_TYPE_STREAM)
			break;
	}
	return bytes;
}

const struct end_type socket_type = {
        .leads_to = THING_SOCKET,
        .kind = FS_KIND_SOCKET,
        .mode = 0777,
        .read = socket_read,
        .write = socket_write,
        .watched = watched_of,
        .available = available,
        .settle = settle,
        .opened = opened,
        .join = join,
        .close = close_end,
};

status_t socket_open_end(struct request *request, struct socket *socket)
{
	status_t status = end_open(request, END_SOCKET, socket);
	if (!status)
		socket->ends++;
	return status;
}

static bool is_type(uint64_t kind)
{
	return kind == STREAM_TYPE_STREAM || kind == STREAM_TYPE_DATAGRAM || kind == STREAM_TYPE_PACKETS;
}

status_t handle_socket(struct request *request)
{
	if (!is_type(request->word[0]))
		return ERR_BAD_ARGUMENT;
	struct socket *socket = socket_make((uint32_t)request->word[0], request->caller);
	if (!socket)
		return ERR_NO_MEMORY;
	status_t status = socket_open_end(request, socket);
	if (status)
		ending_socket(socket);
	return status;
}

status_t handle_pair(struct request *request)
{
	if (!is_type(request->word[0]))
		return ERR_BAD_ARGUMENT;
	struct socket *one = socket_make((uint32_t)request->word[0], request->caller);
	struct socket *other = one ? socket_make((uint32_t)request->word[0], request->caller) : NULL;
	status_t status = other ? socket_open_end(request, one) : ERR_NO_MEMORY;
	if (status) {
		if (one)
			ending_socket(one);
		if (other)
			ending_socket(other);
		return status;
	}
	socket_set_peer(one, other);
	socket_set_peer(other, one);
	one->peer_process = other->peer_process = request->caller;
	status = socket_open_end(request, other);
	if (status)
		ending_socket(other); /* and the kit closes the first end */
	return status;
}

status_t handle_shutdown(struct request *request)
{
	struct socket *socket = socket_of(request->object);
	uint64_t how = request->word[0];
	if (!socket)
		return ERR_NOT_SUPPORTED;
	if (!how || how & ~(uint64_t)(STREAM_SHUT_READ | STREAM_SHUT_WRITE))
		return ERR_BAD_ARGUMENT;
	if (!socket->peer && !socket->was_connected)
		return ERR_NOT_CONNECTED;
	socket->read_shut |= (how & STREAM_SHUT_READ) != 0;
	socket->write_shut |= (how & STREAM_SHUT_WRITE) != 0;
	struct socket *peer = socket->peer;
	socket_serve(socket);
	if (peer)
		socket_serve(peer);
	return ERR_OK;
}

status_t handle_name(struct request *request)
{
	const struct socket *socket = socket_of(request->object);
	if (!socket)
		return ERR_NOT_SUPPORTED;
	if (request->word[0] && !socket->peer)
		return ERR_NOT_CONNECTED;
	const struct stream_name *name = request->word[0] ? &socket->peer_name : name_of(socket);
	return request_write(request, 0, name, sizeof *name);
}

status_t handle_option(struct request *request)
{
	const struct socket *socket = socket_of(request->object);
	if (!socket)
		return ERR_NOT_SUPPORTED;
	switch (request->word[0]) {
	case STREAM_OPTION_TYPE: request->answer.word[0] = socket->type; return ERR_OK;
	case STREAM_OPTION_LISTENING: request->answer.word[0] = socket->listening; return ERR_OK;
	case STREAM_OPTION_PEER: request->answer.word[0] = socket->peer_process; return ERR_OK;
	case STREAM_OPTION_BUFFER: request->answer.word[0] = SOCKET_QUEUE; return ERR_OK;
	}
	return ERR_BAD_ARGUMENT;
}
