/*
 * Names of sockets. A name of a file system is known by the token that the file system gives for that file: the number of the
 * token's object, which is held as long as the socket is bound, so that it means nothing else meanwhile. Other names are text.
 */
#include <stdio.h>

#include "user/lib/table.h"
#include "user/servers/streamd/socket.h"

struct binding {
	struct binding *next; /* of the same key */
	uint64_t key;
	uint64_t number; /* of the token's object; 0: the text counts */
	handle_t token;
	struct stream_name name;
	struct socket *socket;
};

static struct table bindings; /* key → list; of this life */

const struct stream_name *name_of(const struct socket *socket)
{
	return socket->binding ? &socket->binding->name : &socket->name;
}

status_t name_read(struct request *request, uint64_t offset, struct stream_name *out)
{
	status_t status = request_read(request, offset, out, sizeof *out);
	if (!status && out->length > STREAM_NAME_MAX)
		status = ERR_BAD_ARGUMENT;
	if (!status)
		memset(out->text + out->length, 0, sizeof out->text - out->length);
	return status;
}

/* FNV-1a; who makes names collide on purpose lengthens a list of his own names. */
static uint64_t text_key(const struct stream_name *name)
{
	uint64_t key = 0xcbf29ce484222325;
	for (uint32_t i = 0; i < name->length; i++)
		key = (key ^ (uint8_t)name->text[i]) * 0x100000001b3;
	return key;
}

/* What a name is looked up by. Handle number `token` of the request, or MESSAGE_HANDLES for none. */
static status_t read_key(
        const struct stream_name *name, const struct request *request, uint32_t token, uint64_t *out_key, uint64_t *out_number)
{
	uint32_t type, rights;
	*out_number = 0;
	*out_key = text_key(name);
	if (token >= request->handle_count)
		return name->length && name->text[0] ? ERR_BAD_ARGUMENT : ERR_OK;
	status_t status = sys_handle_info(request->handles[token], &type, &rights, out_number);
	*out_key = *out_number;
	return status;
}

static struct binding *find(uint64_t key, uint64_t number, const struct stream_name *name)
{
	struct binding *binding = table_find(&bindings, key);
	while (binding &&
	        (binding->number != number ||
	                (!number &&
	                        (binding->name.length != name->length ||
	                                memcmp(binding->name.text, name->text, name->length)))))
		binding = binding->next;
	return binding;
}

status_t name_find(const struct stream_name *name, const struct request *request, uint32_t token, struct socket **out)
{
	uint64_t key, number;
	status_t status = read_key(name, request, token, &key, &number);
	if (status)
		return status;
	const struct binding *binding = find(key, number, name);
	if (!binding)
		return ERR_CONNECTION_REFUSED;
	*out = binding->socket;
	return ERR_OK;
}

/* A name that nobody has: a NUL and five hexadecimal digits, as Linux chooses them. */
static void choose(struct stream_name *name)
{
	do {
		name->length = 6;
		snprintf(name->text + 1, 6, "%05x", ++streamd->last_name & 0xfffff);
		name->text[0] = 0;
	} while (find(text_key(name), 0, name));
}

status_t name_bind(struct socket *socket, const struct stream_name *name, struct request *request, uint32_t token)
{
	struct stream_name chosen = *name;
	uint64_t key, number;
	if (!name->length)
		choose(&chosen);
	status_t status = read_key(&chosen, request, token, &key, &number);
	if (status)
		return status;
	if (find(key, number, &chosen))
		return ERR_ADDRESS_IN_USE;
	struct binding *binding = state_alloc(sizeof *binding);
	if (!binding)
		return ERR_NO_MEMORY;
	*binding = (struct binding){table_find(&bindings, key), key, number, HANDLE_NONE, chosen, socket};
	if (!table_put(&bindings, key, binding)) {
		state_free(binding);
		return ERR_NO_MEMORY;
	}
	if (number)
		binding->token = request_take_handle(request, token);
	socket->binding = binding;
	return ERR_OK;
}

/* Puts the rest of its list back, which needs no memory. */
void name_unbind(struct socket *socket)
{
	struct binding *binding = socket->binding;
	if (!binding)
		return;
	struct binding *list = table_find(&bindings, binding->key), **link = &list;
	while (*link && *link != binding)
		link = &(*link)->next;
	if (*link) /* a life without memory for it has not entered it */
		*link = binding->next;
	if (!list)
		table_remove(&bindings, binding->key);
	else if (!table_put(&bindings, binding->key, list))
		return; /* cannot be: the key is there */
	if (binding->token)
		state_close(binding->token);
	state_free(binding);
	socket->binding = NULL;
}

bool name_check(const struct socket *socket)
{
	const struct binding *binding = socket->binding;
	if (!binding)
		return true;
	return state_holds(binding, sizeof *binding) && binding->socket == socket && binding->name.length <= STREAM_NAME_MAX &&
	        (!binding->token || server_has_any_handle(binding->token));
}

void name_begin(void)
{
	table_free(&bindings);
}

bool name_resume(struct socket *socket)
{
	struct binding *binding = socket->binding;
	if (!binding)
		return true;
	binding->next = table_find(&bindings, binding->key);
	return table_put(&bindings, binding->key, binding);
}
