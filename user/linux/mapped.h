/*
 * Which files are mapped where: what the kernel does not know, and /proc/self/maps and reports of crashes tell. Kept for the address
 * space, beside its heap, from the first mapping of a file on; a process that maps none has nothing of it. There is room for
 * MAPPED_MAX pieces and MAPPED_TEXTS bytes of names; mappings beyond are there all the same and have no name.
 */
#pragma once

#include "user/linux/state.h"

#define MAPPED_MAX 128u
#define MAPPED_TEXTS 12288u

/* A mapping of a file was made, and covers what was there. */
void mapped_add(uint64_t start, uint64_t length, uint64_t offset, const char *name);

/* Nothing of a file is there any more. */
void mapped_remove(uint64_t start, uint64_t length);

/* The lowest such mapping that overlaps a range; false: there is none. */
bool mapped_next(struct heap *heap, uint64_t start, uint64_t end, uint64_t *out_start, uint64_t *out_end);

/* Bytes of the list, at heap->mapped_files. */
uint64_t mapped_list_size(void);

/* Whether all such mappings are in the list. */
bool mapped_is_complete(const struct heap *heap);

/*
 * The name of the file that is mapped at an address, and where in it that is (out_offset may be NULL); NULL: none is known. Waits for
 * no lock, so that a process that ends can ask.
 */
const char *mapped_name(const struct heap *heap, uint64_t address, uint64_t *out_offset);
