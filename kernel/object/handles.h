/*
 * A process's table of handles: from 32-bit names to objects and rights.
 *
 * The first entries are in the table itself, which is as many as most processes have. It grows by chunks of one page, each paid for
 * by the process's group, and never shrinks while the process lives. Chunks never move, and the first entries stay readable where they
 * were when they move into the first chunk, so that a look-up needs no lock and no count: the object that it finds stays at least
 * until the CPU leaves the kernel (object/reaper.h). A free entry has the name 0, and entry 0 is never used, so that a look-up is one masked
 * index and one comparison. Freed entries wait in a queue, so that a name comes back late.
 *
 * Changes need the table's lock, which the functions below leave to their callers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"
#include "arch/cpu.h"
#include "core/lock.h"
#include "lib/address.h"
#include "object/object.h"

#define HANDLES_MAX 65536u
#define HANDLES_NEAR 48u
#define HANDLES_PER_CHUNK 256u
#define HANDLES_CHUNKS (HANDLES_MAX / HANDLES_PER_CHUNK)
/*
 * So many freed entries wait before one is used again. A stale name leads nowhere until as many times 4,094 handles were made; and a
 * table stays as long as what is open at a time, which matters to all who go through it: fork, execve and the end.
 */
#define HANDLES_FREE_KEPT 16u

#define HANDLE_GENERATION_FIRST 1u
#define HANDLE_GENERATION_LAST ((1u << HANDLE_GENERATION_BITS) - 2) /* the largest belongs to the pseudo handles */
#define HANDLE_MARK 0x8000u                                         /* beside the bits of a generation */

struct handle_entry {
	union {
		struct object *object;
		uint64_t next_free; /* index, 0: the last one */
	};
	handle_t handle; /* its name, 0 while free */
	uint16_t rights; /* RIGHT_* */
	uint16_t
	        generation; /* of its name, or the next one that it gets; 0: it never had one. HANDLE_MARK while it is marked */
};

_Static_assert(sizeof(struct handle_entry) * HANDLES_PER_CHUNK == PAGE_SIZE, "a chunk is a page");

struct handles {
	struct lock lock;
	struct handle_entry **chunks;   /* directory: &first, later a page */
	uint32_t limit;                 /* entries that exist */
	uint32_t used;                  /* entries, allotted ones included */
	uint32_t never_used;            /* entries from here on have never had a name */
	uint32_t free_first, free_last; /* queue of free entries by index, 0: none */
	uint32_t ioports;               /* handles to ioports among them */
	uint32_t ioport_changes;        /* how often that set changed */
	struct handle_entry *first;     /* `near`, later a page */
	struct group *group;            /* pays for chunks */
	struct handle_entry near[HANDLES_NEAR];
};

static inline struct handle_entry *handles_at(const struct handles *table, uint32_t index)
{
	return &table->chunks[index / HANDLES_PER_CHUNK][index % HANDLES_PER_CHUNK];
}

/* The entry that has been free longest, or one that was never used while few are free; there must be one. */
static inline uint32_t handles_pop_free(struct handles *table)
{
	uint32_t freed = table->never_used - 1 - table->used;
	if (freed <= HANDLES_FREE_KEPT && table->never_used < table->limit)
		return table->never_used++;
	uint32_t index = table->free_first;
	table->free_first = (uint32_t)handles_at(table, index)->next_free;
	if (!table->free_first)
		table->free_last = 0;
	return index;
}

/* One of the entries that are free, of which there must be one. */
static inline handle_t handles_allot_entry(struct handles *table)
{
	uint32_t index = handles_pop_free(table);
	struct handle_entry *entry = handles_at(table, index);
	entry->object = 0;
	if (!entry->generation)
		entry->generation = HANDLE_GENERATION_FIRST;
	table->used++;
	return (handle_t)entry->generation << HANDLE_INDEX_BITS | index;
}

/* Gives an entry that was allotted a meaning. */
static inline void handles_fill_entry(struct handles *table, handle_t handle, struct object *object, uint32_t rights)
{
	struct handle_entry *entry = handles_at(table, handle & ((1u << HANDLE_INDEX_BITS) - 1));
	entry->object = object;
	entry->rights = (uint16_t)rights;
	__atomic_store_n(&entry->handle, handle, __ATOMIC_RELEASE);
}

static inline void handles_push_free(struct handles *table, struct handle_entry *entry, uint32_t index)
{
	uint32_t last = table->free_last;
	entry->next_free = 0;
	if (__builtin_expect(last != 0, 1))
		handles_at(table, last)->next_free = index;
	else
		table->free_first = index;
	table->free_last = index;
}

static inline uint16_t handles_next_generation(const struct handle_entry *entry)
{
	uint32_t generation = entry->generation & ~HANDLE_MARK;
	return (uint16_t)(generation == HANDLE_GENERATION_LAST ? HANDLE_GENERATION_FIRST : generation + 1u);
}

/* The entry is free, and what it held is the caller's. */
static inline void handles_free_entry(struct handles *table, struct handle_entry *entry, uint32_t index)
{
	entry->handle = 0;
	entry->generation = handles_next_generation(entry);
	handles_push_free(table, entry, index);
	table->used--;
}

/* Of a table that is all zeros. */
void handles_init(struct handles *table, struct group *group);

/*
 * Takes `count` entries out of the free ones: all or none. Their names lead nowhere until handles_fill gives them an object, whose
 * reference goes over to the table, or handles_unallot gives them back. NO_HANDLES, QUOTA, NO_MEMORY.
 */
uint32_t handles_allot(struct handles *table, uint32_t count, handle_t *out) __attribute__((warn_unused_result));
void handles_fill(struct handles *table, handle_t handle, struct object *object, uint32_t rights);
void handles_unallot(struct handles *table, uint32_t count, const handle_t *allotted);

/* The entry of a handle of this table, or 0. Pseudo handles are not found here. */
static inline struct handle_entry *handles_find(const struct handles *table, handle_t handle)
{
	uint64_t index = cpu_mask_index(handle & ((1u << HANDLE_INDEX_BITS) - 1), table->limit);
	struct handle_entry *entry = &table->chunks[index / HANDLES_PER_CHUNK][index % HANDLES_PER_CHUNK];
	return __builtin_expect(entry->handle == handle, 1) ? entry : 0;
}

/* By index, which is below limit and masked against speculation. */
static inline struct handle_entry *handles_entry(const struct handles *table, uint64_t index)
{
	index = cpu_mask_index(index, table->limit);
	return &table->chunks[index / HANDLES_PER_CHUNK][index % HANDLES_PER_CHUNK];
}

/* Frees the entry; its reference becomes the caller's. */
struct object *handles_take(struct handles *table, struct handle_entry *entry);

/* Looks at `budget` entries from *cursor on and takes the first that is used out; 0: none was. True in *out_end at the end. */
struct object *handles_take_next(struct handles *table, uint32_t *cursor, uint32_t budget, bool *out_end);

/*
 * Marks: which handles stay when a process is replaced. A name that is freed loses its mark. False from handles_mark: there is no
 * handle of that name. handles_unmark takes all marks away, and handles_take_unmarked is handles_take_next for those without;
 * both look at `budget` entries from *cursor on.
 */
bool handles_mark(struct handles *table, handle_t handle);
bool handles_unmark(struct handles *table, uint32_t *cursor, uint32_t budget);
struct object *handles_take_unmarked(struct handles *table, uint32_t *cursor, uint32_t budget, bool *out_end);

/*
 * For a clone of a process, step by step: `to`, which nobody else uses yet, gets the entries from *cursor on, at most `budget` of
 * them, that have RIGHT_INHERIT, under the same names; the names of others lead nowhere there, and do not come back soon. True in
 * *out_end at the end. QUOTA, NO_MEMORY. `from` is locked.
 */
uint32_t handles_clone_step(struct handles *from, struct handles *to, uint32_t *cursor, uint32_t budget, bool *out_end)
        __attribute__((warn_unused_result));

/* Gives the memory back, at most `budget` pages, when nobody looks anything up any more; true when all is. */
bool handles_destroy_step(struct handles *table, uint32_t budget);
