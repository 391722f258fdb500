/*
 * Whether each store of stores.c is told before it happens. The log is one of this file's: it keeps what a word was when it was first
 * told, and what is put back from there must be what was there before.
 */
#include <string.h>

#include "tests/host/check.h"
#include "tests/host/stores/stores.h"
#include "user/lib/state_area.h"

static union stores_memory memory, before, logged;
static bool is_logged[STORES_WORDS];

_Thread_local struct state_area state_area;

void state_keep_words(uintptr_t address, size_t size)
{
	for (uintptr_t at = address & ~7ul; at < address + size; at += 8) {
		size_t i = (at - (uintptr_t)&memory) / 8;
		if (i >= STORES_WORDS || is_logged[i])
			continue;
		is_logged[i] = true;
		logged.word[i] = memory.word[i];
	}
}

void state_keep(const void *from, size_t size)
{
	if (state_contains((uintptr_t)from))
		state_keep_words((uintptr_t)from, size);
}

static void try(const struct store *store)
{
	memset(is_logged, 0, sizeof is_logged);
	for (size_t i = 0; i < sizeof memory; i++)
		memory.byte[i] = (unsigned char)(i * 7 + i / 256 + 1);
	before = memory;
	store->act(&memory);
	bool changed = memcmp(&memory, &before, sizeof memory) != 0;
	for (size_t i = 0; i < STORES_WORDS; i++) {
		if (is_logged[i])
			memory.word[i] = logged.word[i];
	}
	check_begin(store->name);
	check_that(changed, "something is stored", __LINE__);
	check_that(!memcmp(&memory, &before, sizeof memory), "the log knows all that was there", __LINE__);
	check_end();
}

int main(void)
{
	state_area.base = (uintptr_t)&memory;
	state_area.size = sizeof memory;
	for (const struct store *store = stores; store->name; store++)
		try(store);
	return check_failures != 0;
}
