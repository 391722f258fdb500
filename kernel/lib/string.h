/* The C library's memory and string functions that a freestanding compiler expects, and those few that the kernel uses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);
size_t strlen(const char *text);

/* Whether two texts are equal. */
bool string_equal(const char *a, const char *b);

/* Copies at most size - 1 characters and always ends with a NUL; answers the length of `from`. */
size_t string_copy(char *to, const char *from, size_t size);
