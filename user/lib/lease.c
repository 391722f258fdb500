/*
 * Leases: a second sender to what a session or an open directory stands for, which can be taken back.
 *
 * vfs hands out such senders so that its clients need not ask it for every name (user/servers/vfs/leases.c). What comes through a lease is served
 * as if it had come through the sender that was leased, but only operations on names are (SERVER_NAMES): nothing that vfs
 * would not have handed on. Beside the lease its maker gets the *keeper*: FS_end_lease through that ends the lease at once, and so does
 * the closing of the keeper. From then on the lease answers ERR_DEAD, whoever has it. It also ends with what was leased.
 *
 * Each side has a stamp of its own and is counted for the maker as an object is.
 */
#include "abi/proto/fs.h"
#include "user/lib/server_internal.h"

struct lease {
	uint64_t base;     /* the stamp that was leased */
	uint64_t stamp[2]; /* of the two sides; 0: not made */
};

status_t server_lease(struct request *request)
{
	struct lease *lease = server_get_memory(request->server, sizeof *lease);
	if (!lease)
		return ERR_NO_MEMORY;
	*lease = (struct lease){.base = request->stamp};
	status_t status = server_open_kind(request, lease, SERVER_OBJECT_LEASE, &lease->stamp[0]);
	if (status) {
		server_put_memory(request->server, lease, sizeof *lease);
		return status;
	}
	return server_open_kind(
	        request, lease, SERVER_OBJECT_KEEPER, &lease->stamp[1]); /* without it the lease is closed again */
}

status_t lease_enter(struct request *request, const struct server_object *object)
{
	const struct lease *lease = object->state;
	request->object = NULL;
	if (object->kind == SERVER_OBJECT_KEEPER)
		return ERR_OK;
	request->lease = request->stamp;
	request->stamp = lease->base;
	if (lease->base < SERVER_STAMP_FIRST)
		return ERR_OK;
	const struct server_object *base = server_find_object(request->server, lease->base);
	if (!base || base->kind != SERVER_OBJECT_PLAIN)
		return ERR_DEAD;
	request->object = base->state;
	return ERR_OK;
}

status_t server_enter_lease(struct request *request, uint64_t stamp)
{
	const struct server_object *object = server_find_object(request->server, stamp);
	if (!object || object->kind != SERVER_OBJECT_LEASE)
		return ERR_DEAD;
	request->stamp = stamp;
	return lease_enter(request, object);
}

status_t lease_serve_keeper(struct request *request)
{
	if (request->label != FS_end_lease)
		return ERR_NOT_SUPPORTED;
	server_close_stamp(request->server, request->stamp);
	return ERR_OK;
}

void lease_close(struct server *server, void *of)
{
	struct lease *lease = of;
	uint32_t kind;
	for (unsigned i = 0; i < 2; i++)
		if (lease->stamp[i])
			server_remove_object(server, lease->stamp[i], &kind);
	server_put_memory(server, lease, sizeof *lease);
}

bool lease_check(const void *lease)
{
	return state_holds(lease, sizeof(struct lease));
}
