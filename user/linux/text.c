/*
 * The functions that a compiler may call by itself, and that <string.h> declares. `rep movsb` and `rep stosb` are fast where
 * the CPU says so, slow byte by byte elsewhere, so whole words go first.
 */
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	void *d = to;
	size_t words = length / 8, rest = length % 8;
	__asm__ volatile("rep movsq\n\tmov %3, %%rcx\n\trep movsb" : "+D"(d), "+S"(from), "+c"(words) : "r"(rest) : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t length)
{
	if ((uintptr_t)to - (uintptr_t)from >= length)
		return memcpy(to, from, length);
	unsigned char *d = to;
	const unsigned char *s = from;
	while (length--) {
		d[length] = s[length];
		__asm__ volatile("" : : : "memory"); /* else this loop becomes a call of itself */
	}
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	void *d = to;
	size_t words = length / 8, rest = length % 8;
	__asm__ volatile("rep stosq\n\tmov %3, %%rcx\n\trep stosb"
	                 : "+D"(d), "+c"(words)
	                 : "a"((uint8_t)byte * 0x0101010101010101ull), "r"(rest)
	                 : "memory");
	return to;
}

int memcmp(const void *left, const void *right, size_t length)
{
	const unsigned char *l = left, *r = right;
	for (size_t i = 0; i < length; i++) {
		if (l[i] != r[i])
			return l[i] - r[i];
	}
	return 0;
}

int strcmp(const char *left, const char *right)
{
	while (*left && *left == *right)
		left++, right++;
	return (unsigned char)*left - (unsigned char)*right;
}

int strncmp(const char *left, const char *right, size_t length)
{
	while (length && *left && *left == *right)
		left++, right++, length--;
	return length ? (unsigned char)*left - (unsigned char)*right : 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;
	while (text[length]) {
		length++;
		__asm__ volatile("" : : : "memory"); /* as in memmove */
	}
	return length;
}
