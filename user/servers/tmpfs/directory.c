/* The names in one directory: see directory.h. The compiler does not name what is changed here (module.mk): state_keep() does. */
#include "user/servers/tmpfs/directory.h"

#include <string.h>

#include "user/lib/state.h"

#define BUCKETS_FIRST 8u
#define BUCKETS_MAX 131072u
#define SLOTS_FIRST 8u

static uint64_t secret_key = 0x2545f4914f6cdd1dull;

void directory_set_secret(uint64_t secret)
{
	secret_key = secret | 1;
}

/* The last eight bytes of a name, or all of a shorter one. */
static uint64_t end_of(const char *name, size_t length)
{
	uint64_t part = 0;
	if (length >= sizeof part) {
		memcpy(&part, name + length - sizeof part, sizeof part);
		return part;
	}
	while (length--)
		part = part << 8 | (uint8_t)name[length];
	return part;
}

static uint64_t mix(uint64_t hash, uint64_t part)
{
	unsigned __int128 product = (unsigned __int128)(hash ^ part) * (secret_key ^ 0x9e3779b97f4a7c15ull);
	return (uint64_t)product ^ (uint64_t)(product >> 64) ^ secret_key;
}

/* Eight bytes at a time, each multiplied into 128 bits that are folded: without the secret nobody can aim at a bucket. */
static uint32_t hash_of(const char *name, size_t length)
{
	uint64_t hash = secret_key ^ length, part;
	for (size_t at = 0; at + sizeof part < length; at += sizeof part) {
		memcpy(&part, name + at, sizeof part);
		hash = mix(hash, part);
	}
	hash = mix(hash, end_of(name, length));
	return (uint32_t)(hash ^ hash >> 32);
}

/* Of two names of the same length. */
static bool is_same(const char *a, const char *b, size_t length)
{
	uint64_t left, right;
	for (size_t at = 0; at + sizeof left < length; at += sizeof left) {
		memcpy(&left, a + at, sizeof left);
		memcpy(&right, b + at, sizeof right);
		if (left != right)
			return false;
	}
	return end_of(a, length) == end_of(b, length);
}

static struct entry **bucket_of(const struct directory *directory, uint32_t hash)
{
	return &directory->buckets[hash & (directory->bucket_count - 1)];
}

struct entry *directory_find(const struct directory *directory, const char *name, size_t length)
{
	if (!directory->count)
		return NULL;
	uint32_t hash = hash_of(name, length);
	struct entry *entry = *bucket_of(directory, hash);
	while (entry && (entry->hash != hash || entry->length != length || !is_same(entry->name, name, length)))
		entry = entry->next_alike;
	return entry;
}

/* Twice as many buckets once there are as many entries as buckets, as far as one message can change what leads from entry to entry. */
static bool grow_buckets(struct directory *directory)
{
	if (directory->count < directory->bucket_count || directory->bucket_count >= BUCKETS_MAX)
		return true;
	uint32_t count = directory->bucket_count ? directory->bucket_count * 2 : BUCKETS_FIRST;
	struct entry **buckets = state_alloc(count * sizeof *buckets);
	if (!buckets)
		return directory->bucket_count != 0; /* longer chains do as well */
	for (uint32_t i = 0; i < directory->bucket_count; i++)
		for (struct entry *entry = directory->buckets[i], *next; entry; entry = next) {
			next = entry->next_alike;
			state_keep(&entry->next_alike, sizeof entry->next_alike);
			entry->next_alike = buckets[entry->hash & (count - 1)];
			buckets[entry->hash & (count - 1)] = entry;
		}
	state_free(directory->buckets);
	directory->buckets = buckets;
	directory->bucket_count = count;
	return true;
}

/* Into a new array, of which the log need not know the old content, however large it is. False: no memory. */
static bool close_gaps(struct directory *directory)
{
	uint32_t used = 0;
	struct directory_slot *slots = state_alloc(directory->slot_capacity * sizeof *slots);
	if (!slots)
		return false;
	for (uint32_t i = 0; i < directory->slot_count; i++)
		if (directory->slots[i].entry)
			slots[used++] = directory->slots[i];
	state_free(directory->slots);
	directory->slots = slots;
	directory->slot_count = used;
	return true;
}

/* Room for one slot more: by closing gaps if that frees half of the array, else by doubling it. */
static bool grow_slots(struct directory *directory)
{
	if (directory->slot_count < directory->slot_capacity)
		return true;
	if (directory->slot_capacity && directory->count < directory->slot_capacity / 2)
		return close_gaps(directory);
	uint32_t capacity = directory->slot_capacity ? directory->slot_capacity * 2 : SLOTS_FIRST;
	struct directory_slot *slots = state_alloc(capacity * sizeof *slots);
	if (!slots)
		return false;
	if (directory->slot_count)
		memcpy(slots, directory->slots, directory->slot_count * sizeof *slots);
	state_free(directory->slots);
	directory->slots = slots;
	directory->slot_capacity = capacity;
	return true;
}

struct entry *directory_add(struct directory *directory, const char *name, size_t length, struct node *node)
{
	state_keep(directory, sizeof *directory);
	if (!grow_buckets(directory) || !grow_slots(directory))
		return NULL;
	struct entry *entry = state_alloc(sizeof *entry + length);
	if (!entry)
		return NULL;
	uint32_t hash = hash_of(name, length);
	struct entry **bucket = bucket_of(directory, hash);
	*entry = (struct entry){*bucket, node, directory->next_position++, hash, (uint16_t)length};
	memcpy(entry->name, name, length);
	state_keep(bucket, sizeof *bucket);
	*bucket = entry;
	state_keep(&directory->slots[directory->slot_count], sizeof *directory->slots);
	directory->slots[directory->slot_count++] = (struct directory_slot){entry->position, entry};
	directory->count++;
	return entry;
}

/* The first slot at `position` or behind it; slot_count if there is none. */
static uint32_t slot_at(const struct directory *directory, uint64_t position)
{
	uint32_t low = 0, high = directory->slot_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (directory->slots[middle].position < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void directory_remove(struct directory *directory, struct entry *entry)
{
	struct entry **link = bucket_of(directory, entry->hash);
	while (*link != entry)
		link = &(*link)->next_alike;
	struct directory_slot *slot = &directory->slots[slot_at(directory, entry->position)];
	state_keep(directory, sizeof *directory);
	state_keep(link, sizeof *link);
	state_keep(slot, sizeof *slot);
	*link = entry->next_alike;
	slot->entry = NULL;
	directory->count--;
	while (directory->slot_count && !directory->slots[directory->slot_count - 1].entry)
		directory->slot_count--;
	state_free(entry);
	if (directory->slot_count >= 64 && directory->count < directory->slot_count / 4)
		close_gaps(directory);
}

struct entry *directory_at(const struct directory *directory, uint64_t position)
{
	for (uint32_t i = slot_at(directory, position); i < directory->slot_count; i++)
		if (directory->slots[i].entry)
			return directory->slots[i].entry;
	return NULL;
}

void directory_free(struct directory *directory)
{
	state_keep(directory, sizeof *directory);
	state_free(directory->buckets);
	state_free(directory->slots);
	*directory = (struct directory){0};
}
