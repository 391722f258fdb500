/*
 * The end of the kernel, in words: what was found, registers if there are any, a backtrace with function, file and line, on
 * COM1, on the screen and in the area that the next boot prints. First line: "panic: SENTENCE".
 */
#pragma once

#include <stdint.h>

#include "abi/bootinfo.h"

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints and erases the report that the last boot left, and keeps the area for this one's. */
void panic_init(const struct bootinfo *boot);

#define ASSERT(condition) \
	do { \
		if (__builtin_expect(!(condition), 0)) \
			panic("%s:%d: %s does not hold", __FILE__, __LINE__, #condition); \
	} while (0)
