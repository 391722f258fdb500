/* Packets: what lies in the queue of a socket, on the account of who has sent it. See socket.h. */
#include "user/servers/streamd/account.h"
#include "user/servers/streamd/socket.h"

static uint32_t charge_of(const struct packet *packet)
{
	return packet->length + SOCKET_PACKET;
}

static void free_packet(struct packet *packet)
{
	account_give_back(packet->client, charge_of(packet));
	if (packet->cargo)
		cargo_drop(packet->cargo);
	state_free(packet->source);
	state_free(packet);
}

void packet_remove_first(struct socket *socket)
{
	struct packet *packet = socket->first;
	socket->first = packet->next;
	if (!socket->first)
		socket->last = NULL;
	socket->queued -= charge_of(packet);
	free_packet(packet);
}

static status_t name_packet(struct packet *packet, const struct socket *sender)
{
	const struct stream_name *name = name_of(sender);
	if (!name->length)
		return ERR_OK;
	packet->source = state_alloc(sizeof *name);
	if (!packet->source)
		return ERR_NO_MEMORY;
	*packet->source = *name;
	return ERR_OK;
}

status_t packet_queue(const struct socket *sender, struct socket *receiver, handle_t reply, uint32_t client, uint64_t offset,
        uint32_t length, struct cargo **cargo)
{
	if (!account_take(client, length + SOCKET_PACKET))
		return ERR_NO_MEMORY;
	struct packet *packet = state_alloc_bytes(sizeof *packet + length);
	if (!packet) {
		account_give_back(client, length + SOCKET_PACKET);
		return ERR_NO_MEMORY;
	}
	*packet = (struct packet){.client = client, .length = length};
	status_t status = reply_read_bytes(reply, offset, packet->bytes, length);
	if (!status)
		status = name_packet(packet, sender);
	if (status) {
		free_packet(packet);
		return status;
	}
	packet->cargo = *cargo;
	*cargo = NULL;
	if (receiver->last)
		receiver->last->next = packet;
	else
		receiver->first = packet;
	receiver->last = packet;
	receiver->queued += charge_of(packet);
	return ERR_OK;
}

bool packet_check(const struct packet *packet)
{
	return state_holds(packet, sizeof *packet) && packet->length <= SOCKET_QUEUE && packet->start <= packet->length &&
	        state_holds(packet, sizeof *packet + packet->length) &&
	        (!packet->source || state_holds(packet->source, sizeof *packet->source)) &&
	        (!packet->cargo || cargo_check(packet->cargo));
}

bool packet_resume(struct packet *packet)
{
	return account_resume(packet->client, charge_of(packet)) && (!packet->cargo || cargo_resume(packet->cargo));
}
