/* Sentences in a buffer: the little of printf that the loader needs. */
#pragma once

#include <stdarg.h>
#include <stdint.h>

/*
 * Writes the text, always NUL-terminated and cut off at `capacity` bytes (at least 1), and answers its length.
 * Knows %s, %c, %u (unsigned), %lu and %lx (uint64_t); a NULL string is "(none)".
 */
uint32_t text_format(char *out, uint32_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));
uint32_t text_format_list(char *out, uint32_t capacity, const char *format, va_list arguments)
        __attribute__((format(printf, 3, 0)));
