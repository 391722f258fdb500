/*
 * Memory for the small things that come and go all the time: nodes, entries, open files. Freed pieces are kept by size for the
 * next of that size and never given back, so that making and removing a file asks nobody for memory.
 */
#pragma once

#include <stddef.h>

/* Zeroed; NULL if there is no memory. */
void *pool_get(size_t size);

/* `size` is what it was asked for with. NULL is nothing. */
void pool_put(void *piece, size_t size);
