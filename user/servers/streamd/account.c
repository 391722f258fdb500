/* What is kept for clients: see account.h. */
#include "user/servers/streamd/account.h"

#include "user/lib/table.h"

/* Process number → how much, kept in place of a pointer: 0 is no entry. Of this life: what a life keeps is counted at its beginning. */
struct book {
	struct table clients;
	uint64_t all;
	const uint64_t most, most_all;
};

static struct book bytes = {.most = ACCOUNT_BYTES, .most_all = ACCOUNT_BYTES_ALL};
static struct book handles = {.most = ACCOUNT_HANDLES, .most_all = ACCOUNT_HANDLES_ALL};

static uint64_t has(const struct book *book, uint32_t client)
{
	return (uintptr_t)table_find(&book->clients, client);
}

static bool add(struct book *book, uint32_t client, uint64_t count)
{
	if (!count)
		return true;
	if (!table_put(&book->clients, client, (void *)(uintptr_t)(has(book, client) + count)))
		return false;
	book->all += count;
	return true;
}

static bool take(struct book *book, uint32_t client, uint64_t count)
{
	uint64_t now = has(book, client);
	if (!count)
		return true;
	if (now >= book->most || count > book->most - now || book->all >= book->most_all || count > book->most_all - book->all)
		return false;
	return add(book, client, count);
}

static void give_back(struct book *book, uint32_t client, uint64_t count)
{
	uint64_t had = has(book, client);
	count = count < had ? count : had; /* a life without memory for the book has not entered all */
	uint64_t left = had - count;
	if (!count)
		return;
	book->all -= count;
	if (!left)
		table_remove(&book->clients, client);
	else if (!table_put(&book->clients, client, (void *)(uintptr_t)left))
		return; /* cannot be: the entry is there */
}

bool account_take(uint32_t client, uint64_t count)
{
	return take(&bytes, client, count);
}

void account_give_back(uint32_t client, uint64_t count)
{
	give_back(&bytes, client, count);
}

bool account_take_handles(uint32_t client, uint32_t count)
{
	return take(&handles, client, count);
}

void account_give_back_handles(uint32_t client, uint32_t count)
{
	give_back(&handles, client, count);
}

void account_begin(void)
{
	table_free(&bytes.clients);
	table_free(&handles.clients);
	bytes.all = handles.all = 0;
}

bool account_resume(uint32_t client, uint64_t count)
{
	return add(&bytes, client, count);
}

bool account_resume_handles(uint32_t client, uint32_t count)
{
	return add(&handles, client, count);
}
