/* Memory that the program named, reached so that a bad address is an answer and no end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "user/linux/state.h"

/* access.S; 0, or 1 if some of it could not be reached. */
int access_copy(void *to, const void *from, uint64_t length);
int access_probe(void *to, uint64_t length); /* at least a byte, at most a page */
int access_store_vectors(void *to);
int access_load_vectors(const void *from);
int access_load_legacy(const void *from);
void access_reset_vectors(void);

/* False: EFAULT. */
static inline bool access_read(void *to, uint64_t from, uint64_t length)
{
	return user_range(from, length) && !access_copy(to, user_pointer(from), length);
}

static inline bool access_write(uint64_t to, const void *from, uint64_t length)
{
	return user_range(to, length) && !access_copy(user_pointer(to), from, length);
}
