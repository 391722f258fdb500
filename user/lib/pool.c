/* Small things by size: see pool.h. */
#include "user/lib/pool.h"

#include <stdlib.h>
#include <string.h>

#define STEP 32u
#define CLASSES 16u /* sizes up to STEP * CLASSES; larger ones are the C library's */
#define CHUNK 65536u

/* A free piece begins with the next one. */
static _Thread_local void *free_pieces[CLASSES];
static _Thread_local char *chunk;
static _Thread_local size_t chunk_left;

static size_t class_of(size_t size)
{
	return (size - 1) / STEP;
}

/* A new piece from the chunk; what is left of a chunk that is too short for it is lost. */
static void *carve(size_t size)
{
	if (chunk_left < size) {
		char *next = malloc(CHUNK);
		if (!next)
			return NULL;
		chunk = next;
		chunk_left = CHUNK;
	}
	void *piece = chunk;
	chunk += size;
	chunk_left -= size;
	return piece;
}

void *pool_get(size_t size)
{
	size_t class = class_of(size);
	if (class >= CLASSES)
		return calloc(1, size);
	void *piece = free_pieces[class];
	if (piece)
		memcpy(&free_pieces[class], piece, sizeof(void *));
	else
		piece = carve((class + 1) * STEP);
	return piece ? memset(piece, 0, size) : NULL;
}

void pool_put(void *piece, size_t size)
{
	size_t class = class_of(size);
	if (class >= CLASSES) {
		free(piece);
		return;
	}
	if (!piece)
		return;
	memcpy(piece, &free_pieces[class], sizeof(void *));
	free_pieces[class] = piece;
}
