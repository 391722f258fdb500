/*
 * The log: lines in a ring, each with time, CPU, source and level: "[   0.123456] cpu0 vfs info: text". Until the console server
 * claims them, and again in a panic, lines also go to COM1 and the screen. Never waits for anybody, never allocates.
 *
 * Positions in the log are counted in bytes from its beginning and never wrap; the ring keeps the last LOG_RING_SIZE of them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/syscalls.h"

#define LOG_RING_SIZE (256u * 1024u)

/* One line. Longer ones than LOG_LINE_MAX are cut; bytes that are not printable become '?'. Formats: lib/format.h. */
void log_line(uint32_t level, const char *source, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_text(uint32_t level, const char *source, const char *text, size_t length);

#define log_error(...) log_line(LOG_ERROR, "kernel", __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, "kernel", __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, "kernel", __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, "kernel", __VA_ARGS__)

/*
 * Copies whole lines from `cursor` on, as many as fit, at most 2,048 bytes; a size below LOG_LINE_MAX + 64 may copy none.
 * *out_lost is how many bytes from the cursor on were overwritten before they could be read.
 */
size_t log_copy(uint64_t cursor, char *to, size_t size, uint64_t *out_cursor, uint64_t *out_lost);

/* Where the next line will begin. */
uint64_t log_end(void);

/* Adds a place that lines are printed at while nobody has claimed them; at most 4. Lines end with "\r\n" there. */
void log_add_output(void (*write)(const char *text, size_t length));

/* The claimer prints from the cursor answered on; log_release_console gives the outputs back to the kernel. */
uint64_t log_claim_console(void);
void log_release_console(void);

/* Straight to the outputs, past the ring: for panics. */
void log_print_raw(const char *text, size_t length);

/* Called after a line was added, with no lock held; set once. */
void log_set_listener(void (*listener)(void));
