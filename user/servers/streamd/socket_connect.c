/* Names, listeners and connections: see socket.h. */
#include "abi/proto/fs.h"
#include "user/servers/streamd/account.h"
#include "user/servers/streamd/end.h"
#include "user/servers/streamd/ending.h"
#include "user/servers/streamd/socket.h"

status_t handle_bind(struct request *request)
{
	struct socket *socket = socket_of(request->object);
	struct stream_name name;
	if (!socket)
		return ERR_NOT_SUPPORTED;
	if (socket->binding)
		return ERR_BAD_ARGUMENT;
	status_t status = name_read(request, 0, &name);
	return status ? status : name_bind(socket, &name, request, 0);
}

status_t handle_listen(struct request *request)
{
	struct socket *socket = socket_of(request->object);
	if (!socket || socket->type == STREAM_TYPE_DATAGRAM)
		return ERR_NOT_SUPPORTED;
	if (!socket->binding || socket->was_connected)
		return ERR_BAD_ARGUMENT;
	uint64_t most = request->word[0] + 1;
	socket->listening = true;
	socket->backlog_most = most > SOCKET_BACKLOG || !most ? SOCKET_BACKLOG : (uint32_t)most;
	socket->peer_process = request->caller;
	return ERR_OK;
}

/* The listener's side of a new connection, in the backlog. */
static status_t establish(struct socket *client, uint32_t process, struct socket *listener)
{
	if (!account_take(listener->client, sizeof *listener))
		return ERR_QUOTA;
	struct socket *there = socket_make(client->type, listener->client);
	if (!there) {
		account_give_back(listener->client, sizeof *listener);
		return ERR_NO_MEMORY;
	}
	there->name = *name_of(listener);
	socket_set_peer(there, client);
	socket_set_peer(client, there);
	there->peer_process = process;
	client->peer_process = listener->peer_process;
	if (listener->backlog_last)
		listener->backlog_last->next_waiting = there;
	else
		listener->backlog = there;
	listener->backlog_last = there;
	listener->backlog_count++;
	return ERR_OK;
}

struct socket *socket_take_from_backlog(struct socket *listener)
{
	struct socket *there = listener->backlog;
	listener->backlog = there->next_waiting;
	if (!listener->backlog)
		listener->backlog_last = NULL;
	listener->backlog_count--;
	there->next_waiting = NULL;
	account_give_back(there->client, sizeof *there);
	return there;
}

bool socket_resume_backlog(const struct socket *listener)
{
	bool all = true;
	for (const struct socket *there = listener->backlog; there; there = there->next_waiting)
		all &= account_resume(there->client, sizeof *there);
	return all;
}

/* Lets those in who found no room. */
static void admit(struct socket *listener)
{
	while (listener->writers.first && listener->backlog_count < listener->backlog_most) {
		struct wait *wait = listener->writers.first;
		struct socket *client = socket_of(wait->end);
		wait_finish_done(wait, client->peer ? ERR_ALREADY : establish(client, wait->caller, listener));
	}
}

/* The first of the backlog becomes an end of the caller's. Its own death takes the connection with it. */
static status_t give_first(struct request *request, struct socket *listener)
{
	struct socket *there = socket_take_from_backlog(listener);
	status_t status = socket_open_end(request, there);
	if (status)
		ending_socket(there);
	return status;
}

static void serve_accepting(struct socket *listener)
{
	while (listener->readers.first && listener->backlog) {
		struct wait *wait = listener->readers.first;
		struct request request = {.server = &streamd_server, .caller = wait->caller};
		status_t status = give_first(&request, listener);
		wait_finish(wait, status, &request.answer);
	}
	admit(listener);
	watch_changed(&listener->watched);
}

status_t handle_accept(struct request *request)
{
	struct socket *listener = socket_of(request->object);
	if (!listener || listener->type == STREAM_TYPE_DATAGRAM)
		return ERR_NOT_SUPPORTED;
	if (!listener->listening)
		return ERR_BAD_ARGUMENT;
	if (listener->backlog) {
		status_t status = give_first(request, listener);
		serve_accepting(listener);
		return status;
	}
	if (request->word[0] & FS_TRANSFER_NO_WAIT)
		return ERR_WOULD_BLOCK;
	return wait_add_only(&listener->readers, request, 0, 0);
}

static status_t connect_stream(struct request *request, struct socket *socket, struct socket *listener)
{
	if (socket->was_connected)
		return ERR_ALREADY;
	if (socket->listening)
		return ERR_BAD_ARGUMENT;
	if (!listener->listening || listener->type != socket->type)
		return listener->type != socket->type ? ERR_WRONG_TYPE : ERR_CONNECTION_REFUSED;
	if (listener->backlog_count >= listener->backlog_most)
		return request->word[0] & FS_TRANSFER_NO_WAIT ? ERR_WOULD_BLOCK
		                                              : wait_add_only(&listener->writers, request, 0, 0);
	status_t status = establish(socket, request->caller, listener);
	if (!status)
		serve_accepting(listener);
	return status;
}

status_t handle_connect(struct request *request)
{
	struct socket *socket = socket_of(request->object), *target;
	struct stream_name name;
	if (!socket)
		return ERR_NOT_SUPPORTED;
	status_t status = name_read(request, 0, &name);
	if (status)
		return status;
	if (!name.length && socket->type == STREAM_TYPE_DATAGRAM) {
		socket_set_peer(socket, NULL);
		socket->was_connected = false;
		return ERR_OK;
	}
	status = name_find(&name, request, 0, &target);
	if (status)
		return status;
	if (socket->type != STREAM_TYPE_DATAGRAM)
		return connect_stream(request, socket, target);
	if (target->type != STREAM_TYPE_DATAGRAM)
		return ERR_WRONG_TYPE;
	socket_set_peer(socket, target);
	socket->peer_process = target->client;
	watch_changed(&socket->watched);
	return ERR_OK;
}
