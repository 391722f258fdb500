/*
 * What the compiler calls before each store in the files of a server with state: the option is the one by which a kernel has its
 * accesses checked (-fsanitize=kernel-address, stores only), and the names are those that it gives. Most stores are to a stack or to
 * an answer, so that this must be short.
 */
#include <string.h>

#include "user/lib/state_area.h"

void __asan_store1_noabort(void *address);
void __asan_store2_noabort(void *address);
void __asan_store4_noabort(void *address);
void __asan_store8_noabort(void *address);
void __asan_store16_noabort(void *address);
void __asan_storeN_noabort(void *address, long size);
void __asan_handle_no_return(void);
void *state_stores_memcpy(void *to, const void *from, size_t size);
void *state_stores_memmove(void *to, const void *from, size_t size);
void *state_stores_memset(void *to, int byte, size_t size);

static inline void before_store(void *address, size_t size)
{
	uintptr_t at = (uintptr_t)address;
	if (__builtin_expect(!state_contains(at), 1) || at - state_area.fresh < state_area.fresh_size)
		return;
	if (at % 8 + size <= 8)
		state_keep_word((void *)(at & ~7ull));
	else
		state_keep_words(at, size);
}

void __asan_store1_noabort(void *address)
{
	before_store(address, 1);
}

void __asan_store2_noabort(void *address)
{
	before_store(address, 2);
}

void __asan_store4_noabort(void *address)
{
	before_store(address, 4);
}

void __asan_store8_noabort(void *address)
{
	before_store(address, 8);
}

void __asan_store16_noabort(void *address)
{
	before_store(address, 16);
}

void __asan_storeN_noabort(void *address, long size)
{
	if (size > 0)
		before_store(address, (size_t)size);
}

/* Before a function that does not return: nothing is to be done. */
void __asan_handle_no_return(void)
{
}

/* In the place of the C library's, in what clang has made (state_stores.h). */
void *state_stores_memcpy(void *to, const void *from, size_t size)
{
	if (size)
		before_store(to, size);
	return memcpy(to, from, size);
}

void *state_stores_memmove(void *to, const void *from, size_t size)
{
	if (size)
		before_store(to, size);
	return memmove(to, from, size);
}

void *state_stores_memset(void *to, int byte, size_t size)
{
	if (size)
		before_store(to, size);
	return memset(to, byte, size);
}
