/* The list of mapped.h: pieces in no order, and names behind one another, each once. The heap's lock guards it. */
#include "user/linux/mapped.h"

#include <string.h>

#include "user/linux/native.h"

struct piece {
	uint64_t start, end, offset;
	uint32_t name; /* place in the texts */
};

struct mapped_files {
	uint32_t count, texts_used;
	bool incomplete; /* there was a mapping that it had no room for */
	struct piece pieces[MAPPED_MAX];
	char texts[MAPPED_TEXTS]; /* each with a NUL */
};

uint64_t mapped_list_size(void)
{
	return sizeof(struct mapped_files);
}

/* NULL: there was no memory for it. */
static struct mapped_files *list_of(struct heap *heap)
{
	uint64_t address;
	if (!heap->mapped_files &&
	        !sys_vmem_map(HANDLE_SELF_VMEM, 0, page_up(sizeof(struct mapped_files)), MAP_READ | MAP_WRITE, HANDLE_NONE, 0,
	                &address))
		heap->mapped_files = user_pointer(address);
	return heap->mapped_files;
}

/* Its place in the texts, where it is put if it is not there; false: they are full. */
static bool place_name(struct mapped_files *list, const char *name, uint32_t *out)
{
	uint64_t length = strlen(name) + 1;
	for (uint32_t at = 0; at < list->texts_used; at += (uint32_t)strlen(list->texts + at) + 1) {
		if (strcmp(list->texts + at, name))
			continue;
		*out = at;
		return true;
	}
	if (length > MAPPED_TEXTS - list->texts_used)
		return false;
	memcpy(list->texts + list->texts_used, name, length);
	*out = list->texts_used;
	list->texts_used += (uint32_t)length;
	return true;
}

/* What of piece i lies in the range is taken out: all of it, an end, or its middle, behind which another piece begins. */
static void cut(struct mapped_files *list, uint32_t i, uint64_t start, uint64_t end)
{
	struct piece *piece = &list->pieces[i], rest = *piece;
	rest.offset += end - rest.start;
	rest.start = end;
	bool head = piece->start<start, tail = piece->end> end;
	if (head)
		piece->end = start;
	else if (tail)
		*piece = rest;
	else
		*piece = list->pieces[--list->count];
	if (head && tail && list->count < MAPPED_MAX)
		list->pieces[list->count++] = rest;
	else if (head && tail)
		list->incomplete = true;
}

static void remove_locked(struct mapped_files *list, uint64_t start, uint64_t end)
{
	for (uint32_t i = list->count; i--;) {
		if (list->pieces[i].start < end && start < list->pieces[i].end)
			cut(list, i, start, end);
	}
	if (!list->count)
		list->texts_used = 0;
}

void mapped_add(uint64_t start, uint64_t length, uint64_t offset, const char *name)
{
	struct heap *heap = process_self()->heap;
	lock_take(&heap->lock);
	struct mapped_files *list = list_of(heap);
	uint32_t place;
	if (list)
		remove_locked(list, start, start + length);
	if (list && list->count < MAPPED_MAX && place_name(list, name, &place))
		list->pieces[list->count++] = (struct piece){start, start + length, offset, place};
	else if (list)
		list->incomplete = true;
	lock_drop(&heap->lock);
}

void mapped_remove(uint64_t start, uint64_t length)
{
	struct heap *heap = process_self()->heap;
	if (!__atomic_load_n(&heap->mapped_files, __ATOMIC_RELAXED))
		return;
	lock_take(&heap->lock);
	remove_locked(heap->mapped_files, start, start + length);
	lock_drop(&heap->lock);
}

bool mapped_next(struct heap *heap, uint64_t start, uint64_t end, uint64_t *out_start, uint64_t *out_end)
{
	const struct piece *lowest = NULL;
	lock_take(&heap->lock);
	const struct mapped_files *list = heap->mapped_files;
	for (uint32_t i = 0; list && i < list->count; i++) {
		const struct piece *piece = &list->pieces[i];
		if (piece->start < end && start < piece->end && (!lowest || piece->start < lowest->start))
			lowest = piece;
	}
	if (lowest) {
		*out_start = lowest->start;
		*out_end = lowest->end;
	}
	lock_drop(&heap->lock);
	return lowest;
}

bool mapped_is_complete(const struct heap *heap)
{
	return !heap->mapped_files || !heap->mapped_files->incomplete;
}

const char *mapped_name(const struct heap *heap, uint64_t address, uint64_t *out_offset)
{
	const struct mapped_files *list = heap->mapped_files;
	for (uint32_t i = 0; list && i < list->count && i < MAPPED_MAX; i++) {
		const struct piece *piece = &list->pieces[i];
		if (address < piece->start || address >= piece->end)
			continue;
		if (out_offset)
			*out_offset = piece->offset + (address - piece->start);
		return list->texts + piece->name;
	}
	return NULL;
}
