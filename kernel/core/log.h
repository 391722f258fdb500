/*
 * The log: lines in a ring, each with time, CPU, source, level and text, as "[   0.123456] cpu0 vfs info: text". Until the
 * console server claims it, and again in a panic, lines also go to COM1 and the screen. Never waits, never allocates.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/syscalls.h"

#define LOG_RING_SIZE (256u * 1024u)

/* %d %u %x %lx %lu %ld %c %s %.*s %p(masked as an offset into the kernel image) %zu %%, with width and zero padding. */
void log_line(uint32_t level, const char *source, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_text(uint32_t level, const char *source, const char *text, size_t length); /* non-printable bytes become '?' */
size_t format_text(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t format_text_v(char *to, size_t size, const char *format, va_list arguments);

#define log_error(...) log_line(LOG_ERROR, "kernel", __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, "kernel", __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, "kernel", __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, "kernel", __VA_ARGS__)

/* Whole formatted lines from byte position `cursor` of the endless log, as many as fit; *out_lost: bytes already overwritten. */
size_t log_copy(uint64_t cursor, char *to, size_t size, uint64_t *out_cursor, uint64_t *out_lost);

/* The printing owner: after log_claim_console lines are only kept, until log_release_console. Answers the next line's cursor. */
uint64_t log_claim_console(void);
void log_release_console(void);

/* Called after each line was added; set once by object/log.c. */
void log_set_listener(void (*listener)(void));
