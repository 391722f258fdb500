/*
 * Sending and receiving: see socket.h. Bytes are copied into packets and out of them; a packet is gone when all of it has been
 * read, and not when the reader's memory was bad or the reader had ended.
 */
#include "abi/proto/fs.h"
#include "user/servers/streamd/end.h"
#include "user/servers/streamd/socket.h"

bool socket_has_room(const struct socket *receiver)
{
	return receiver->read_shut || receiver->queued < SOCKET_QUEUE / 2;
}

bool socket_at_end(const struct socket *socket)
{
	if (socket->read_shut)
		return true;
	if (socket->type == STREAM_TYPE_DATAGRAM)
		return false;
	return socket->peer ? socket->peer->write_shut : socket->was_connected;
}

/* Sending. */

/* A message as it is on its way; of a stream some of it may be done. */
struct sending {
	struct socket *sender, *receiver;
	handle_t reply;
	uint32_t client;
	uint64_t offset; /* of the bytes in the caller's buffer */
	uint64_t length, done;
	struct cargo *cargo;
};

/* Queues what there is room for. */
static status_t push(struct sending *sending)
{
	struct socket *receiver = sending->receiver;
	bool stream = receiver->type == STREAM_TYPE_STREAM;
	if (sending->sender->write_shut || receiver->read_shut)
		return ERR_BROKEN_PIPE;
	do {
		uint64_t left = sending->length - sending->done;
		uint64_t room = receiver->queued < SOCKET_QUEUE ? SOCKET_QUEUE - receiver->queued : 0;
		room = room > SOCKET_PACKET ? room - SOCKET_PACKET : 0;
		uint64_t part = stream && left > SOCKET_PART ? SOCKET_PART : left;
		if (stream && part > room)
			part = room;
		if (!room || part > room)
			return ERR_WOULD_BLOCK;
		status_t status = packet_queue(sending->sender, receiver, sending->reply, sending->client,
		        sending->offset + sending->done, (uint32_t)part, &sending->cargo);
		if (status)
			return status;
		sending->done += part;
	} while (sending->done < sending->length);
	return ERR_OK;
}

/* Those who wait for room here. */
static void serve_writers(struct socket *receiver)
{
	while (receiver->writers.first && !receiver->listening) {
		struct wait *wait = receiver->writers.first;
		struct sending sending = {socket_of(wait->end), receiver, wait->reply, wait->caller, wait->place, wait->length,
		        wait->done, wait->cargo};
		status_t status = push(&sending);
		wait->done = sending.done;
		wait->cargo = sending.cargo;
		if (status == ERR_WOULD_BLOCK)
			return;
		wait_finish_done(wait, status);
	}
}

/* Receiving. */

struct receiving {
	uint64_t length, done;
	uint32_t flags; /* STREAM_RECEIVE_* */
	uint64_t place; /* of the sender's name in the buffer */
	bool cargo;     /* the caller takes handles */
};

static status_t give_source(handle_t reply, const struct packet *packet, uint64_t place)
{
	static const struct stream_name none;
	return reply_write_bytes(reply, place, packet->source ? packet->source : &none, sizeof none);
}

static void give_cargo(struct request *request, struct packet *packet)
{
	struct cargo *cargo = packet->cargo;
	packet->cargo = NULL;
	if (!cargo_unload(cargo, request))
		request->answer.word[1] |= STREAM_RECEIVED_LOST;
}

/* One whole message, or as much of it as fits. */
static status_t receive_message(struct request *request, struct socket *socket, struct receiving *receiving)
{
	struct packet *packet = socket->first;
	uint64_t part = packet->length < receiving->length ? packet->length : receiving->length;
	status_t status = reply_write_bytes(request->reply, 0, packet->bytes, part);
	if (!status && receiving->flags & STREAM_RECEIVE_SOURCE)
		status = give_source(request->reply, packet, receiving->place);
	if (status)
		return status;
	request->answer.word[0] = receiving->done = part;
	request->answer.word[1] =
	        (part < packet->length ? STREAM_RECEIVED_CUT : 0) | (uint64_t)packet->length << STREAM_RECEIVED_LENGTH_SHIFT;
	if (receiving->flags & STREAM_RECEIVE_PEEK)
		return ERR_OK;
	if (packet->cargo && receiving->cargo)
		give_cargo(request, packet);
	packet_remove_first(socket);
	return ERR_OK;
}

/* Bytes of a stream; what comes behind a packet with handles is another call's, as on Linux. */
static status_t receive_bytes(struct request *request, struct socket *socket, struct receiving *receiving)
{
	struct packet *packet = socket->first;
	bool peek = receiving->flags & STREAM_RECEIVE_PEEK, stop = false;
	while (packet && !stop && receiving->done < receiving->length) {
		uint64_t left = packet->length - packet->start, wanted = receiving->length - receiving->done;
		uint64_t part = left < wanted ? left : wanted;
		status_t status = reply_write_bytes(request->reply, receiving->done, packet->bytes + packet->start, part);
		if (status)
			return receiving->done ? ERR_OK : status;
		receiving->done += part;
		if (peek) {
			packet = packet->next;
			continue;
		}
		stop = packet->cargo != NULL;
		if (stop && receiving->cargo)
			give_cargo(request, packet);
		packet->start += (uint32_t)part;
		if (packet->start == packet->length)
			packet_remove_first(socket);
		packet = socket->first;
	}
	request->answer.word[0] = receiving->done;
	request->answer.word[1] |= receiving->done << STREAM_RECEIVED_LENGTH_SHIFT;
	return ERR_OK;
}

static status_t receive_some(struct request *request, struct socket *socket, struct receiving *receiving)
{
	return socket->type == STREAM_TYPE_STREAM ? receive_bytes(request, socket, receiving)
	                                          : receive_message(request, socket, receiving);
}

/* There is room in the queue again. */
static void tell_followers(struct socket *socket)
{
	serve_writers(socket);
	for (struct socket *follower = socket->followers; follower; follower = follower->next_follower)
		watch_changed(&follower->watched);
}

/* A waiting call's cargo flag is kept among its flags. */
#define WAITS_FOR_CARGO 0x80000000u

static bool wants_more(const struct socket *socket, const struct receiving *receiving)
{
	return socket->type == STREAM_TYPE_STREAM && receiving->flags & STREAM_RECEIVE_ALL &&
	        !(receiving->flags & STREAM_RECEIVE_PEEK) && receiving->done < receiving->length;
}

static void serve_readers(struct socket *socket)
{
	while (socket->readers.first && !socket->listening && (socket->first || socket_at_end(socket))) {
		struct wait *wait = socket->readers.first;
		struct request request = {.server = &streamd_server, .caller = wait->caller, .reply = wait->reply};
		struct receiving receiving = {
		        wait->length, wait->done, wait->flags, wait->place, (wait->flags & WAITS_FOR_CARGO) != 0};
		request.answer.word[0] = wait->done;
		status_t status = socket->first ? receive_some(&request, socket, &receiving) : ERR_OK;
		wait->done = receiving.done;
		if (!status && !socket_at_end(socket) && !request.answer.handle_count && wants_more(socket, &receiving))
			return;
		wait_finish(wait, wait->done ? ERR_OK : status, &request.answer);
	}
}

void socket_serve(struct socket *socket)
{
	serve_writers(socket);
	serve_readers(socket);
	tell_followers(socket);
	watch_changed(&socket->watched);
}

/* After something was queued. */
static void arrived(struct socket *receiver)
{
	bool had_readers = receiver->readers.first != NULL;
	serve_readers(receiver);
	if (had_readers)
		tell_followers(receiver);
	watch_changed(&receiver->watched);
}

/* Where a message goes that names nobody. */
static status_t find_peer(const struct socket *socket, struct socket **out)
{
	*out = socket->peer;
	if (socket->write_shut)
		return ERR_BROKEN_PIPE;
	if (socket->peer)
		return ERR_OK;
	if (!socket->was_connected)
		return ERR_NOT_CONNECTED;
	return socket->type == STREAM_TYPE_DATAGRAM ? ERR_CONNECTION_REFUSED : ERR_BROKEN_PIPE;
}

static status_t find_named(struct request *request, const struct socket *socket, uint32_t token, struct socket **out)
{
	struct stream_name name;
	if (socket->type != STREAM_TYPE_DATAGRAM)
		return socket->peer ? ERR_ALREADY : ERR_NOT_SUPPORTED;
	status_t status = name_read(request, 0, &name);
	if (!status)
		status = name_find(&name, request, token, out);
	if (!status && (*out)->type != STREAM_TYPE_DATAGRAM)
		status = ERR_WRONG_TYPE;
	return status;
}

/* Sends now what can be sent now, and lets the rest wait. */
static status_t send_or_wait(struct request *request, struct sending *sending, uint32_t flags)
{
	struct socket *receiver = sending->receiver;
	status_t status = receiver->writers.first ? ERR_WOULD_BLOCK : push(sending);
	if (sending->done || !status)
		arrived(receiver);
	request->answer.word[0] = sending->done;
	if (status != ERR_WOULD_BLOCK)
		return sending->done ? ERR_OK : status;
	if (flags & FS_TRANSFER_NO_WAIT)
		return sending->done ? ERR_OK : status;
	status = wait_add(&receiver->writers, request, sending->length, sending->done, flags);
	if (status)
		return status;
	struct wait *wait = wait_last(&receiver->writers);
	wait->place = sending->offset;
	wait->cargo = sending->cargo;
	sending->cargo = NULL;
	serve_writers(receiver); /* a reader may have made room in between */
	return ERR_OK;
}

static status_t send_bytes(struct request *request, struct sending *sending, uint32_t flags)
{
	if (sending->offset > request->readable || sending->length > request->readable - sending->offset)
		return ERR_BAD_ARGUMENT;
	if (sending->sender->type == STREAM_TYPE_STREAM && !sending->length)
		return ERR_OK;
	if (sending->sender->type != STREAM_TYPE_STREAM && sending->length > SOCKET_QUEUE - SOCKET_PACKET)
		return ERR_MESSAGE_TOO_LONG;
	return send_or_wait(request, sending, flags);
}

status_t handle_send(struct request *request)
{
	struct socket *socket = socket_of(request->object);
	if (!socket)
		return ERR_NOT_SUPPORTED;
	uint32_t flags = (uint32_t)request->word[1], handles = request->handle_count;
	struct sending sending = {
	        .sender = socket, .reply = request->reply, .client = request->caller, .length = request->word[0]};
	status_t status;
	if (flags & STREAM_SEND_TO) {
		/* The token, if there is one, is the last handle: word 2's highest bit says so. */
		bool token = request->word[2] >> 63;
		if (token && !handles)
			return ERR_BAD_ARGUMENT;
		status = find_named(request, socket, token ? --handles : MESSAGE_HANDLES, &sending.receiver);
		sending.offset = sizeof(struct stream_name);
	} else {
		status = find_peer(socket, &sending.receiver);
	}
	if (!status && handles)
		status = cargo_load(request, handles, &request->word[2], &sending.cargo);
	if (status)
		return status;
	status = send_bytes(request, &sending, flags);
	if (sending.cargo)
		cargo_drop(sending.cargo);
	return status;
}

status_t socket_write(struct request *request, struct end *end)
{
	struct sending sending = {.sender = end->thing,
	        .reply = request->reply,
	        .client = request->caller,
	        .length = end_length(request, request->readable)};
	status_t status = find_peer(sending.sender, &sending.receiver);
	return status ? status : send_bytes(request, &sending, (uint32_t)request->word[1]);
}

static status_t receive(struct request *request, struct socket *socket, struct receiving *receiving)
{
	if (socket->listening)
		return ERR_BAD_ARGUMENT;
	if (socket->type != STREAM_TYPE_DATAGRAM && !socket->was_connected)
		return ERR_NOT_CONNECTED;
	if (socket->type == STREAM_TYPE_STREAM && !receiving->length)
		return ERR_OK;
	bool some = socket->first && !socket->readers.first;
	if (some) {
		status_t status = receive_some(request, socket, receiving);
		if (status)
			return status;
		if (!(receiving->flags & STREAM_RECEIVE_PEEK))
			tell_followers(socket);
	}
	if (socket_at_end(socket) || request->answer.handle_count || (some && !wants_more(socket, receiving)))
		return ERR_OK;
	if (receiving->flags & FS_TRANSFER_NO_WAIT)
		return some ? ERR_OK : ERR_WOULD_BLOCK;
	status_t status = wait_add(&socket->readers, request, receiving->length, receiving->done,
	        receiving->flags | (receiving->cargo ? WAITS_FOR_CARGO : 0));
	if (!status)
		wait_last(&socket->readers)->place = receiving->place;
	return status;
}

status_t handle_receive(struct request *request)
{
	struct socket *socket = socket_of(request->object);
	if (!socket)
		return ERR_NOT_SUPPORTED;
	struct receiving receiving = {.length = end_length(request, request->writable),
	        .flags = (uint32_t)request->word[1] & ~WAITS_FOR_CARGO,
	        .place = request->word[2],
	        .cargo = true};
	if (receiving.flags & STREAM_RECEIVE_SOURCE &&
	        (receiving.place > request->writable || request->writable - receiving.place < sizeof(struct stream_name)))
		return ERR_BAD_ARGUMENT;
	return receive(request, socket, &receiving);
}

status_t socket_read(struct request *request, struct end *end)
{
	struct receiving receiving = {
	        .length = end_length(request, request->writable), .flags = (uint32_t)request->word[1] & FS_TRANSFER_NO_WAIT};
	return receive(request, end->thing, &receiving);
}
