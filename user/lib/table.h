/*
 * A table from 64-bit keys to pointers: what a server keeps about stamps and processes. Open addressing with linear probing;
 * it doubles when three quarters are in use, and removal moves later entries back, so that no marks of the dead pile up. The
 * place of a key is a mix of its bits: keys are numbers that a kernel or the server itself counted up, not a client's choice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

/* All zero is an empty table. */
struct table {
	struct table_slot *slots;
	size_t capacity; /* 0 or a power of two */
	size_t count;
	bool durable; /* it lies in a server's state (state.h), and so do its slots */
};

/* The value of `key`, or NULL. */
void *table_find(const struct table *table, uint64_t key);

/* Sets the value of `key`, not NULL, in place of one that it has. False if there is no memory; then nothing has changed. */
bool table_put(struct table *table, uint64_t key, void *value) __attribute__((warn_unused_result));

/* Takes `key` out and returns its value, or NULL. */
void *table_remove(struct table *table, uint64_t key);

/* Frees the table's memory, not that of the values. */
void table_free(struct table *table);
