/*
 * Memory and string functions of the kernel. The bulk moves eight bytes at a time by a string instruction: its byte-wise form is
 * fast on some machines only, the eight-byte form is everywhere.
 */
#include "lib/string.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	void *destination = to;
	size_t words = length / 8;

	length %= 8;
	__asm__ volatile("rep movsq" : "+D"(destination), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(destination), "+S"(from), "+c"(length) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t length)
{
	uint8_t *destination = to;
	const uint8_t *source = from;

	if ((uintptr_t)destination - (uintptr_t)source >= length)
		return memcpy(to, from, length);
	while (length-- > 0)
		destination[length] = source[length];
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	void *destination = to;
	uint64_t pattern = (uint8_t)byte * 0x0101010101010101ull;
	size_t words = length / 8;

	length %= 8;
	__asm__ volatile("rep stosq" : "+D"(destination), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(destination), "+c"(length) : "a"(pattern) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
	const uint8_t *left = a, *right = b;

	for (size_t i = 0; i < length; i++) {
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

bool string_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

size_t string_copy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);
	size_t copied = length < size ? length : size ? size - 1 : 0;

	if (size) {
		memcpy(to, from, copied);
		to[copied] = '\0';
	}
	return length;
}
