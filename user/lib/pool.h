/*
 * Memory for the small things of a server that come and go all the time: open files, calls that wait. Freed pieces are kept by
 * size for the next of that size and never given back, so that what comes and goes asks nobody for memory. Each thread has
 * pieces of its own; one that another thread frees becomes that one's.
 */
#pragma once

#include <stddef.h>

/* Zeroed; NULL if there is no memory. */
void *pool_get(size_t size);

/* `size` is what it was asked for with. NULL is nothing. */
void pool_put(void *piece, size_t size);
