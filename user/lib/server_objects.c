/* What a server opens for its clients, found by the stamps of their senders: see server_open() in server.h. */
#include "user/lib/pool.h"
#include "user/lib/server_internal.h"

/* The kit's own of an object is where the server keeps its. */
void *server_get_memory(const struct server *server, size_t size)
{
	return server->state ? state_alloc(size) : pool_get(size);
}

void server_put_memory(const struct server *server, void *memory, size_t size)
{
	if (server->state)
		state_free(memory);
	else
		pool_put(memory, size);
}

/* Counts of objects per client are kept in place of pointers: a count of 0 is no entry. */
static uint64_t client_count(const struct server *server, uint32_t caller)
{
	return (uintptr_t)table_find(&server->tables->clients, caller);
}

static bool client_set_count(struct server *server, uint32_t caller, uint64_t count)
{
	if (count)
		return table_put(&server->tables->clients, caller, (void *)(uintptr_t)count);
	table_remove(&server->tables->clients, caller);
	return true;
}

struct server_object *server_find_object(const struct server *server, uint64_t stamp)
{
	return table_find(&server->tables->open, stamp);
}

status_t server_open(struct request *request, void *object)
{
	uint64_t stamp;
	return server_open_kind(request, object, SERVER_OBJECT_PLAIN, &stamp);
}

status_t server_open_kind(struct request *request, void *object, enum server_object_kind kind, uint64_t *out_stamp)
{
	struct server *server = request->server;
	uint64_t count = client_count(server, request->caller);
	handle_t sender;

	if (server->tables->open.count >= server->objects)
		return ERR_FULL;
	if (count >= server->client_objects)
		return ERR_QUOTA;
	if (request->answer.handle_count == MESSAGE_HANDLES)
		return ERR_TOO_LARGE;
	struct server_object *entry = server_get_memory(server, sizeof *entry);
	if (!entry)
		return ERR_NO_MEMORY;
	*entry = (struct server_object){object, request->caller, kind};
	uint64_t stamp = server->next_stamp;
	status_t status = ERR_NO_MEMORY;
	if (!table_put(&server->tables->open, stamp, entry))
		goto no_entry;
	if (!client_set_count(server, request->caller, count + 1))
		goto no_count;
	status = sys_channel_mint(server->receiver, stamp, SERVER_SENDER_RIGHTS, &sender);
	if (status)
		goto no_sender;
	server->next_stamp++;
	*out_stamp = stamp;
	answer_add_handle(&request->answer, sender, SERVER_SENDER_RIGHTS);
	return ERR_OK;

no_sender:
	client_set_count(server, request->caller, count); /* lowers or removes: needs no memory */
no_count:
	table_remove(&server->tables->open, stamp);
no_entry:
	server_put_memory(server, entry, sizeof *entry);
	return status;
}

void *server_remove_object(struct server *server, uint64_t stamp, uint32_t *out_kind)
{
	struct server_object *entry = table_remove(&server->tables->open, stamp);
	if (!entry)
		return NULL;
	void *object = entry->state;
	client_set_count(server, entry->caller, client_count(server, entry->caller) - 1);
	*out_kind = entry->kind;
	server_put_memory(server, entry, sizeof *entry);
	return object;
}

void server_close_stamp(struct server *server, uint64_t stamp)
{
	uint32_t kind;
	if (stamp < SERVER_STAMP_FIRST) {
		if (server->close_session)
			server->close_session(server, stamp);
		return;
	}
	void *object = server_remove_object(server, stamp, &kind);
	if (object && kind == SERVER_OBJECT_PLAIN)
		server->close_object(server, object);
	else if (object)
		lease_close(server, object);
}
