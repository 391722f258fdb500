/*
 * Included before all else in the files of a server that has state (STATE_CFLAGS of user/module.mk). The compiler calls a function before
 * each store, __asan_storeN_noabort of state_stores.c; for the memory functions of the C library, which it makes stores of by itself,
 * these stand.
 */
#pragma once

#include <string.h>

#include "user/lib/state.h"

static inline void *state_memcpy(void *to, const void *from, size_t size)
{
	state_keep(to, size);
	return memcpy(to, from, size);
}

static inline void *state_memmove(void *to, const void *from, size_t size)
{
	state_keep(to, size);
	return memmove(to, from, size);
}

static inline void *state_memset(void *to, int byte, size_t size)
{
	state_keep(to, size);
	return memset(to, byte, size);
}

static inline char *state_strcpy(char *to, const char *from)
{
	state_keep(to, strlen(from) + 1);
	return strcpy(to, from);
}

#ifdef __clang__
/*
 * It makes a call of these for a structure that is copied or cleared, with no word to __asan_storeN_noabort. For this file's code the names are
 * those of functions of state_stores.c that keep first.
 */
__asm__("memcpy = state_stores_memcpy\n"
        "memmove = state_stores_memmove\n"
        "memset = state_stores_memset");
#endif

#define memcpy(to, from, size) state_memcpy(to, from, size)
#define memmove(to, from, size) state_memmove(to, from, size)
#define memset(to, byte, size) state_memset(to, byte, size)
#define strcpy(to, from) state_strcpy(to, from)
