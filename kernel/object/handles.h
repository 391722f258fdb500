/*
 * A process's table of handles: from 32-bit names to objects and rights.
 *
 * The table grows by chunks of one page, each paid for by the process's group, and never shrinks while the process lives. Entries
 * and chunks never move, so that a look-up needs no lock and no count: the object that it finds stays at least until the CPU
 * leaves the kernel (object/reaper.h). A free entry has the name 0, and entry 0 is never used, so that a look-up is one masked
 * index and one comparison. Freed entries wait in a queue, so that a name comes back as late as possible.
 *
 * Changes need the process's lock, which the functions below take no care of unless they say so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"
#include "arch/cpu.h"
#include "lib/address.h"
#include "object/object.h"

#define HANDLES_MAX 65536u
#define HANDLES_PER_CHUNK 256u

struct handle_entry {
	union {
		struct object *object;
		uint64_t next_free; /* index, 0: the last one */
	};
	handle_t handle;     /* its name, 0 while free */
	uint16_t rights;     /* RIGHT_* */
	uint16_t generation; /* of the next name that it gets */
};

_Static_assert(sizeof(struct handle_entry) * HANDLES_PER_CHUNK == PAGE_SIZE, "a chunk is a page");

struct handles {
	struct handle_entry **chunks; /* directory: &first, later a page */
	uint32_t limit;               /* entries that exist */
	uint32_t used;
	uint32_t free_first, free_last; /* queue of free entries by index, 0: none */
	uint32_t ioports;               /* handles to ioports among them */
	uint32_t ioport_changes;        /* how often that set changed */
	struct handle_entry *first;
	struct group *group; /* pays for chunks */
};

/* ERR_OK, ERR_QUOTA or ERR_NO_MEMORY. */
uint32_t handles_init(struct handles *table, struct group *group) __attribute__((warn_unused_result));

/* Makes sure that `count` entries are free: a following handles_add of so many cannot fail. NO_HANDLES, QUOTA, NO_MEMORY. */
uint32_t handles_reserve(struct handles *table, uint32_t count) __attribute__((warn_unused_result));

/* A new handle, which takes over the caller's reference on success. NO_HANDLES, QUOTA, NO_MEMORY. */
uint32_t handles_add(struct handles *table, struct object *object, uint32_t rights, handle_t *out)
	__attribute__((warn_unused_result));

/* The entry of a handle of this table, or 0. Pseudo handles are not found here. */
static inline struct handle_entry *handles_find(const struct handles *table, handle_t handle)
{
	uint64_t index = cpu_mask_index(handle & ((1u << HANDLE_INDEX_BITS) - 1), table->limit);
	struct handle_entry *entry = &table->chunks[index / HANDLES_PER_CHUNK][index % HANDLES_PER_CHUNK];
	return __builtin_expect(entry->handle == handle, 1) ? entry : 0;
}

/* Frees the entry; its reference becomes the caller's. */
struct object *handles_take(struct handles *table, struct handle_entry *entry);

/* Drops the reference of a handle that was taken out. */
void handles_drop(struct object *object);

/* Closes at most `budget` handles, going on where the last step ended; true when none is left. */
bool handles_close_step(struct handles *table, uint32_t *cursor, uint32_t budget);

/* Gives the memory back once all handles are closed. */
void handles_destroy(struct handles *table);
