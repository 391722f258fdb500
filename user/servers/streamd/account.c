/* Clients' bytes: see account.h. */
#include "user/servers/streamd/account.h"

#include "user/lib/table.h"

/* Process number → bytes, kept in place of a pointer: 0 is no entry. */
static struct table clients;
static uint64_t all;

static uint64_t bytes_of(uint32_t client)
{
	return (uintptr_t)table_find(&clients, client);
}

bool account_take(uint32_t client, uint64_t bytes)
{
	uint64_t now = bytes_of(client);
	if (!bytes)
		return true;
	if (bytes > ACCOUNT_BYTES || now > ACCOUNT_BYTES - bytes || bytes > ACCOUNT_BYTES_ALL ||
	        all > ACCOUNT_BYTES_ALL - bytes)
		return false;
	if (!table_put(&clients, client, (void *)(uintptr_t)(now + bytes)))
		return false;
	all += bytes;
	return true;
}

void account_give_back(uint32_t client, uint64_t bytes)
{
	uint64_t left = bytes_of(client) - bytes;
	if (!bytes)
		return;
	all -= bytes;
	if (!left)
		table_remove(&clients, client);
	else if (!table_put(&clients, client, (void *)(uintptr_t)left))
		return; /* cannot be: the entry is there */
}
