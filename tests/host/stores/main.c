/*
 * Whether each store of stores.c is told before it happens: what the log, undone from its end, puts back must be what was there before.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/host/check.h"
#include "tests/host/stores/stores.h"
#include "user/lib/state_area.h"

#define SIZE (STATE_MEMORY + sizeof(union stores_memory))

_Thread_local struct state_area state_area;

void state_keep_words(uintptr_t address, size_t size)
{
	for (uintptr_t word = address & ~7ul; word < address + size; word += 8)
		state_keep_word((void *)word);
}

void state_keep(const void *from, size_t size)
{
	if (state_contains((uintptr_t)from))
		state_keep_words((uintptr_t)from, size);
}

void state_log_is_full(void)
{
	__builtin_trap();
}

static void roll_back(void)
{
	struct state_header *header = state_header();
	while (header->progress.log_words) {
		const struct state_change *change = &state_log()[--header->progress.log_words];
		*(uint64_t *)change->address = change->old;
	}
}

static void try(const struct store *store)
{
	union stores_memory *memory = (union stores_memory *)(state_area.base + STATE_MEMORY), before;
	for (size_t i = 0; i < sizeof before; i++)
		before.byte[i] = (unsigned char)(i * 7 + i / 256 + 1);
	*memory = before;
	store->act(memory);
	bool changed = memcmp(memory, &before, sizeof before) != 0;
	roll_back();
	check_begin(store->name);
	check_that(changed, "something is stored", __LINE__);
	check_that(!memcmp(memory, &before, sizeof before), "the log knows all that was there", __LINE__);
	check_end();
}

int main(void)
{
	state_area.base = (uintptr_t)calloc(1, SIZE);
	state_area.size = SIZE;
	for (const struct store *store = stores; store->name; store++)
		try(store);
	return check_failures != 0;
}
