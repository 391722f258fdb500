/* The table: see table.h. */
#include "user/lib/table.h"

#include <stdlib.h>

#include "user/lib/state_area.h"

#define CAPACITY_FIRST 16

/* A multiplication by an odd number and the upper bits of the product: neighbouring numbers go far apart. */
static size_t home(const struct table *table, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15ull) >> 32) & (table->capacity - 1);
}

static size_t after(const struct table *table, size_t place)
{
	return (place + 1) & (table->capacity - 1);
}

/* The place of `key`, or the free one where it would go. There is always a free one. */
static size_t place_of(const struct table *table, uint64_t key)
{
	size_t place = home(table, key);
	while (table->slots[place].value && table->slots[place].key != key)
		place = after(table, place);
	return place;
}

void *table_find(const struct table *table, uint64_t key)
{
	return table->capacity ? table->slots[place_of(table, key)].value : NULL;
}

/* A slot is about to change. What is its key, if it is free, nobody misses. */
static inline void keep_slot(const struct table *table, struct table_slot *slot, bool with_key)
{
	if (!table->durable)
		return;
	if (with_key)
		state_keep_word(&slot->key);
	state_keep_word(&slot->value);
}

static inline void add_to_count(struct table *table, size_t more)
{
	if (table->durable)
		state_keep_word(&table->count);
	table->count += more;
}

static bool grow(struct table *table)
{
	struct table larger = *table;
	larger.capacity = table->capacity ? table->capacity * 2 : CAPACITY_FIRST;
	size_t size = larger.capacity * sizeof *larger.slots;
	larger.slots = table->durable ? state_alloc(size) : calloc(1, size);
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < table->capacity; i++)
		if (table->slots[i].value)
			larger.slots[place_of(&larger, table->slots[i].key)] = table->slots[i];
	table_free(table);
	*table = larger;
	return true;
}

bool table_put(struct table *table, uint64_t key, void *value)
{
	if ((table->count + 1) * 4 > table->capacity * 3 && !grow(table))
		return false;
	struct table_slot *slot = &table->slots[place_of(table, key)];
	keep_slot(table, slot, false);
	if (!slot->value)
		add_to_count(table, 1);
	*slot = (struct table_slot){key, value};
	return true;
}

void *table_remove(struct table *table, uint64_t key)
{
	if (!table->capacity)
		return NULL;
	size_t hole = place_of(table, key);
	void *value = table->slots[hole].value;
	if (!value)
		return NULL;
	keep_slot(table, &table->slots[hole], true);
	add_to_count(table, (size_t)-1);
	/* An entry behind the hole may move into it if its home is not between the two. */
	for (size_t place = after(table, hole); table->slots[place].value; place = after(table, place)) {
		size_t from_home = (place - home(table, table->slots[place].key)) & (table->capacity - 1);
		size_t from_hole = (place - hole) & (table->capacity - 1);
		if (from_home >= from_hole) {
			table->slots[hole] = table->slots[place];
			hole = place;
			keep_slot(table, &table->slots[hole], true);
		}
	}
	table->slots[hole].value = NULL;
	return value;
}

void table_free(struct table *table)
{
	if (table->durable) {
		state_keep(table, sizeof *table);
		state_free(table->slots);
	} else {
		free(table->slots);
	}
	*table = (struct table){.durable = table->durable};
}
