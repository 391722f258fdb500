#include "object/handles.h"

#include "lib/string.h"
#include "mm/pages.h"
#include "object/group.h"
#include "object/ioport.h"

_Static_assert(HANDLES_CHUNKS * sizeof(struct handle_entry *) <= PAGE_SIZE, "the directory is a page");

/* Where the entries end that lie behind this one in its chunk, below `end`. */
static inline uint32_t chunk_end(uint32_t index, uint32_t end)
{
	uint32_t next = (index | (HANDLES_PER_CHUNK - 1)) + 1;
	return next < end ? next : end;
}

static void *paid_page(struct group *group, uint32_t *out_error)
{
	*out_error = group_charge_pages(group, 1);
	if (*out_error)
		return 0;
	void *page = page_alloc(PAGES_ZERO);
	if (!page) {
		group_return_pages(group, 1);
		*out_error = ERR_NO_MEMORY;
	}
	return page;
}

static void return_page(struct group *group, void *page)
{
	page_free(page);
	group_return_pages(group, 1);
}

/* The first entries move into a whole chunk. Who is in the middle of a look-up finds them where they were, and what they led to. */
static uint32_t grow_to_chunk(struct handles *table)
{
	uint32_t error;
	struct handle_entry *chunk = paid_page(table->group, &error);
	if (!chunk)
		return error;
	memcpy(chunk, table->near, sizeof table->near);
	__atomic_store_n(&table->first, chunk, __ATOMIC_RELEASE);
	__atomic_store_n(&table->limit, HANDLES_PER_CHUNK, __ATOMIC_RELEASE);
	return ERR_OK;
}

/* One more chunk, and before the second a page for the directory. */
static uint32_t grow(struct handles *table)
{
	uint32_t error;
	if (table->first == table->near)
		return grow_to_chunk(table);
	uint32_t chunk_count = table->limit / HANDLES_PER_CHUNK;
	if (chunk_count == HANDLES_CHUNKS)
		return ERR_NO_HANDLES;
	if (chunk_count == 1 && table->chunks == &table->first) {
		struct handle_entry **directory = paid_page(table->group, &error);
		if (!directory)
			return error;
		directory[0] = table->first;
		__atomic_store_n(&table->chunks, directory, __ATOMIC_RELEASE);
	}
	struct handle_entry *chunk = paid_page(table->group, &error);
	if (!chunk)
		return error;
	table->chunks[chunk_count] = chunk;
	__atomic_store_n(&table->limit, table->limit + HANDLES_PER_CHUNK, __ATOMIC_RELEASE);
	return ERR_OK;
}

void handles_init(struct handles *table, struct group *group)
{
	table->group = group;
	lock_init(&table->lock, RANK_HANDLES, "handles");
	table->chunks = &table->first;
	table->first = table->near;
	table->limit = HANDLES_NEAR;
	table->never_used = 1;
	table->near[0].handle = 1; /* index 1: no handle whose index is or was masked to 0 equals it */
}

uint32_t handles_allot(struct handles *table, uint32_t count, handle_t *out)
{
	while (table->limit - 1 - table->used < count) {
		uint32_t error = grow(table);
		if (error)
			return error;
	}
	for (uint32_t i = 0; i < count; i++)
		out[i] = handles_allot_entry(table);
	return ERR_OK;
}

static inline uint32_t index_of(handle_t handle)
{
	return handle & ((1u << HANDLE_INDEX_BITS) - 1);
}

void handles_unallot(struct handles *table, uint32_t count, const handle_t *allotted)
{
	for (uint32_t i = 0; i < count; i++)
		handles_free_entry(table, handles_at(table, index_of(allotted[i])), index_of(allotted[i]));
}

void handles_fill(struct handles *table, handle_t handle, struct object *object, uint32_t rights)
{
	handles_fill_entry(table, handle, object, rights);
	if (object->type == OBJECT_IOPORT) {
		table->ioports++;
		table->ioport_changes++;
		ioport_forget(); /* else the refusal of a new port would look like a real one */
	}
}

struct object *handles_take(struct handles *table, struct handle_entry *entry)
{
	struct object *object = entry->object;
	if (object->type == OBJECT_IOPORT) {
		table->ioports--;
		table->ioport_changes++;
		ioport_forget();
	}
	handles_free_entry(table, entry, index_of(entry->handle));
	return object;
}

/* The next that is used and has none of the marks in `without`. */
static struct object *take_next(struct handles *table, uint32_t *cursor, uint32_t budget, uint32_t without, bool *out_end)
{
	uint32_t index = *cursor ? *cursor : 1, end = table->never_used;
	struct object *object = 0;
	end = index + budget < end ? index + budget : end;
	while (index < end && !object) {
		struct handle_entry *entry = handles_at(table, index);
		uint32_t stop = chunk_end(index, end);
		while (index < stop && (!entry->handle || entry->generation & without))
			entry++, index++;
		if (index < stop) {
			object = handles_take(table, entry);
			index++;
		}
	}
	*cursor = index;
	*out_end = index >= table->never_used;
	return object;
}

struct object *handles_take_next(struct handles *table, uint32_t *cursor, uint32_t budget, bool *out_end)
{
	return take_next(table, cursor, budget, 0, out_end);
}

struct object *handles_take_unmarked(struct handles *table, uint32_t *cursor, uint32_t budget, bool *out_end)
{
	return take_next(table, cursor, budget, HANDLE_MARK, out_end);
}

bool handles_mark(struct handles *table, handle_t handle)
{
	struct handle_entry *entry = handles_find(table, handle);
	if (!entry)
		return false;
	entry->generation |= HANDLE_MARK;
	return true;
}

bool handles_unmark(struct handles *table, uint32_t *cursor, uint32_t budget)
{
	uint32_t index = *cursor ? *cursor : 1;
	uint32_t end = index + budget < table->never_used ? index + budget : table->never_used;
	while (index < end) {
		struct handle_entry *entry = handles_at(table, index);
		for (uint32_t stop = chunk_end(index, end); index < stop; index++, entry++)
			entry->generation &= (uint16_t)~HANDLE_MARK;
	}
	*cursor = index;
	return index >= table->never_used;
}

/* An entry of a clone's table, the first that was never used there. */
static void clone_entry(const struct handle_entry *from, struct handles *to)
{
	uint32_t index = to->never_used++;
	struct handle_entry *entry = handles_at(to, index);
	if (from->handle && from->rights & RIGHT_INHERIT) {
		entry->generation = from->generation & (uint16_t)~HANDLE_MARK;
		object_reference(from->object);
		to->used++;
		handles_fill(to, from->handle, from->object, from->rights);
	} else {
		entry->generation = handles_next_generation(from);
		handles_push_free(to, entry, index);
	}
}

uint32_t handles_clone_step(struct handles *from, struct handles *to, uint32_t *cursor, uint32_t budget, bool *out_end)
{
	uint32_t index = *cursor ? *cursor : 1, end = from->never_used;
	uint32_t error = ERR_OK;
	for (; budget && index < end && !error; budget--) {
		if (index >= to->limit)
			error = grow(to);
		else
			clone_entry(handles_at(from, index++), to);
	}
	*cursor = index;
	*out_end = index >= end;
	return error;
}

bool handles_destroy_step(struct handles *table, uint32_t budget)
{
	while (table->limit && table->first != table->near) {
		if (!budget--)
			return false;
		uint32_t last = table->limit / HANDLES_PER_CHUNK - 1;
		return_page(table->group, table->chunks[last]);
		table->limit -= HANDLES_PER_CHUNK;
	}
	if (table->chunks != &table->first)
		return_page(table->group, table->chunks);
	table->chunks = &table->first;
	table->first = table->near;
	table->limit = 0;
	return true;
}
