/*
 * The names in one directory.
 *
 * Each name is an entry, found by a hash of its text (keyed with a secret, so that nobody chooses names that collide) and
 * listed by its *position*: a number that grows with each entry that comes, and is never used again. Who lists a directory
 * remembers the position of the next entry to tell. So each name that stays is told exactly once, whatever comes and goes
 * meanwhile; a name that comes is told if it comes before the end was reached.
 *
 * Entries stand in an array in the order of their positions; one that goes leaves a gap, and when most of the array is gaps it
 * is made anew.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;

struct entry {
	struct entry *next_alike; /* in the same bucket */
	struct node *node;
	uint64_t position;
	uint32_t hash;
	uint16_t length;
	char name[]; /* no NUL */
};

struct directory_slot {
	uint64_t position;
	struct entry *entry; /* NULL: it has gone */
};

/* All zero is an empty directory, but for the parent. */
struct directory {
	struct node *parent;         /* the root's is itself; NULL once removed */
	struct node *next_condemned; /* of a volume that is destroyed */
	struct entry **buckets;
	struct directory_slot *slots; /* by position */
	uint32_t bucket_count;        /* 0 or a power of two */
	uint32_t slot_count, slot_capacity;
	uint32_t count; /* of entries */
	uint64_t next_position;
};

/* The secret of the hash, drawn once. */
void directory_set_secret(uint64_t secret);

struct entry *directory_find(const struct directory *directory, const char *name, size_t length);

/* Adds a name that is not there; of at most 255 bytes. NULL if there is no memory; then nothing has changed. */
struct entry *directory_add(struct directory *directory, const char *name, size_t length, struct node *node);

/* Takes an entry out and frees it. */
void directory_remove(struct directory *directory, struct entry *entry);

/* The first entry at `position` or behind it, NULL at the end. */
struct entry *directory_at(const struct directory *directory, uint64_t position);

/* Frees all memory; no entry may be left. */
void directory_free(struct directory *directory);
