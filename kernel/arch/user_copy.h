/*
 * The only routines that touch memory of the current address space at addresses that a program gave. A fault inside ends the
 * copy; the caller fills the page (object/vmem.c) and goes on, or reports BAD_ADDRESS. Ranges that leave the user half are
 * refused before anything is read. No lock may be held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/address.h"

/* Both return how many bytes were copied. */
uint64_t user_copy_in(void *to, struct uaddr from, uint64_t length);
uint64_t user_copy_out(struct uaddr to, const void *from, uint64_t length);

/* An aligned 32-bit word, read or compared in one access. */
bool user_read_32(struct uaddr from, uint32_t *out);
bool user_write_32(struct uaddr to, uint32_t value);

static inline bool user_range_ok(struct uaddr start, uint64_t length)
{
	const uint64_t end = 0x00007ffffffff000ull;
	return start.raw <= end && length <= end - start.raw;
}
