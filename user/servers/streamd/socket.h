/*
 * Sockets: what a client calls socket is one of these with a queue of packets that were sent to it. Stream sockets read across
 * packets, the others one at a time.
 *
 *   new          unconnected; a datagram socket may receive and send to names
 *   listening    others connect: each makes a socket here that waits to be accepted
 *   connected    `peer` is where it sends to. Of two that are connected to each other each is the other's; a datagram socket
 *                may have a peer that has another or none. A socket knows by whom it is a peer (`followers`), so that
 *                they are told when it goes, or when its queue has room again.
 *
 * A socket in a backlog is on the account of the listener's client. Bounds: a queue holds SOCKET_QUEUE bytes, with SOCKET_PACKET for each packet on top of its bytes; they are on the account
 * of who sent them, as the handles in cargos are. A writer waits at the queue of the receiver.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/proto/stream.h"
#include "user/lib/server.h"
#include "user/servers/streamd/cargo.h"
#include "user/servers/streamd/streamd.h"
#include "user/servers/streamd/wait.h"
#include "user/servers/streamd/watch.h"

#define SOCKET_QUEUE 212992u
#define SOCKET_PACKET 256u
#define SOCKET_PART 32768u /* most bytes of a packet of a stream */
#define SOCKET_BACKLOG 4096u

struct end;
struct binding;

struct packet {
	struct packet *next;
	struct cargo *cargo;        /* NULL: none */
	struct stream_name *source; /* NULL: the sender has no name */
	uint32_t client;            /* who is charged */
	uint32_t start, length;     /* start: what was read of it */
	uint8_t bytes[];
};

struct socket {
	struct thing thing;
	struct watched watched;
	uint32_t type; /* STREAM_TYPE_* */
	uint32_t client;
	uint32_t peer_process; /* whose number the peer is told to be */
	uint32_t ends, open;   /* all ends; those of them that clients have, not cargos */
	bool listening, was_connected, read_shut, write_shut;

	struct packet *first, *last;
	uint32_t queued;           /* bytes, with SOCKET_PACKET for each packet */
	struct wait_queue readers; /* or who accepts */
	struct wait_queue writers; /* whose bytes do not fit here; or who connects and finds no room in the backlog */

	struct socket *peer, *next_follower, *previous_follower; /* in the peer's list */
	struct socket *followers;
	struct stream_name peer_name;
	struct binding *binding; /* NULL: no name of its own */
	struct stream_name name; /* of an accepted one, its listener's */

	uint32_t backlog_most, backlog_count;
	struct socket *backlog, *backlog_last; /* connected, to be accepted; by */
	struct socket *next_waiting;

	bool reached;                /* socket_collect.c */
	struct socket *next_reached; /* likewise */
	bool is_ending;              /* ending.c */
	struct socket *next_ending;  /* likewise */
};

/* An end's socket; NULL if it is something else. */
struct socket *socket_of(struct end *end);

/* socket.c: making and ending, connections. STREAM_pair, STREAM_socket on a session; the others on an end. */
status_t handle_pair(struct request *request);
status_t handle_socket(struct request *request);
status_t handle_shutdown(struct request *request);
status_t handle_name(struct request *request);
status_t handle_option(struct request *request);
struct socket *socket_make(uint32_t type, uint32_t client);
void socket_leave(struct socket *socket); /* all who wait for it, and its peers */
void socket_set_peer(struct socket *socket, struct socket *peer);
status_t socket_open_end(struct request *request, struct socket *socket);
struct socket *socket_next(const struct socket *socket); /* of all; NULL: the first, or no more */
extern const struct end_type socket_type;
uint32_t socket_ready(const struct watched *watched);

/* socket_connect.c: STREAM_bind, listen, connect, accept. */
status_t handle_bind(struct request *request);
status_t handle_listen(struct request *request);
status_t handle_connect(struct request *request);
status_t handle_accept(struct request *request);
struct socket *socket_take_from_backlog(struct socket *listener);
MUST_CHECK bool socket_resume_backlog(const struct socket *listener);

/* socket_transfer.c: STREAM_send, receive; read and write. */
status_t handle_send(struct request *request);
status_t handle_receive(struct request *request);
status_t socket_read(struct request *request, struct end *end);
status_t socket_write(struct request *request, struct end *end);
bool socket_has_room(const struct socket *receiver);
bool socket_at_end(const struct socket *socket); /* nothing will come any more than what is queued */
void socket_serve(struct socket *socket);        /* those who wait, after a change of the socket's or its peer's state */

/* packet.c. Queues `length` bytes of a caller's buffer from `offset` on; what was taken of *cargo is no more there. */
MUST_CHECK status_t packet_queue(const struct socket *sender, struct socket *receiver, handle_t reply, uint32_t client,
        uint64_t offset, uint32_t length, struct cargo **cargo);
void packet_remove_first(struct socket *socket);
bool packet_check(const struct packet *packet);
MUST_CHECK bool packet_resume(struct packet *packet);

/* socket_collect.c: ends sockets that nobody can reach, some time after this call. */
void socket_collect_soon(void);
void socket_collect_begin(void); /* of a life */

/* names.c: what sockets are bound to. `token` may be HANDLE_NONE and is copied in any case. */
status_t name_bind(struct socket *socket, const struct stream_name *name, struct request *request, uint32_t token);
status_t name_find(const struct stream_name *name, const struct request *request, uint32_t token, struct socket **out);
void name_unbind(struct socket *socket);
const struct stream_name *name_of(const struct socket *socket); /* of length 0 if it has none */
bool name_check(const struct socket *socket);
/* At the beginning of a life: no name leads to a socket; then that of each that was left does. */
void name_begin(void);
MUST_CHECK bool name_resume(struct socket *socket);

/* Reads a struct stream_name of `length` bytes of text at `offset` of the request's buffer. */
status_t name_read(struct request *request, uint64_t offset, struct stream_name *out);
