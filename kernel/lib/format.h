/*
 * Text from numbers: %d %i %u %x %c %s %p %% with l, ll and z, a width, zero padding, left adjustment and a precision for
 * strings (%.*s, %.8s). %p is a plain hexadecimal number: callers that show kernel addresses give offsets instead.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Writes at most size - 1 characters and a NUL; answers how many were written, never more. */
size_t format_text(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t format_text_v(char *to, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));
