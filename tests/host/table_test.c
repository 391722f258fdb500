/*
 * The table against an array that is indexed by the key: the same puts and removals, in an order made of a fixed sequence of
 * numbers, must give the same finds. Keys are few, so that chains of probing get long, wrap around, and are closed again.
 */
/* sources: user/lib/table.c user/lib/state.c user/lib/state_memory.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread */
#include "user/lib/table.h"

#include "check.h"

#define KEYS 400

static uint64_t state = 1;

static uint64_t next_number(uint64_t below)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % below;
}

/* Keys whose neighbours in the table are one another's: all small, and all a multiple of a large power of two. */
static void compare(unsigned shift)
{
	static int values[KEYS];
	static bool there[KEYS];
	struct table table = {0};
	size_t count = 0;

	for (int i = 0; i < KEYS; i++)
		there[i] = false;
	for (int round = 0; round < 20000; round++) {
		uint64_t i = next_number(KEYS), key = i << shift;
		/* It fills up and empties by turns. */
		if (next_number(100) < (round / 2000 % 2 ? 30u : 70u)) {
			CHECK(table_put(&table, key, &values[i]));
			count += !there[i];
			there[i] = true;
		} else {
			CHECK(table_remove(&table, key) == (there[i] ? &values[i] : NULL));
			count -= there[i];
			there[i] = false;
		}
		CHECK(table.count == count && table.count <= table.capacity);
		i = next_number(KEYS);
		CHECK(table_find(&table, i << shift) == (there[i] ? &values[i] : NULL));
	}
	for (uint64_t i = 0; i < KEYS; i++)
		CHECK(table_find(&table, i << shift) == (there[i] ? &values[i] : NULL));
	table_free(&table);
}

int main(void)
{
	struct table table = {0};
	int one, two;
	check_begin("table: an empty one has nothing");
	CHECK(!table_find(&table, 0) && !table_remove(&table, 0));
	table_free(&table);
	check_begin("table: a key has one value, the last");
	CHECK(table_put(&table, 0, &one) && table_put(&table, 0, &two) && table.count == 1);
	CHECK(table_find(&table, 0) == &two && table_remove(&table, 0) == &two && !table_find(&table, 0) && !table.count);
	table_free(&table);
	check_begin("table: any order of puts and removals keeps every key findable");
	compare(0);
	compare(32);
	compare(55);
	return check_result();
}
