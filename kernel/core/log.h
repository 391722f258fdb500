/*
 * The log: lines in a ring, each with time, CPU, source and level: "[   0.123456] cpu0 vfs info: text". Until the console server
 * claims them, and again in a panic, lines also go to COM1 and the screen (object/printer.h). Never allocates.
 *
 * Positions in the log are counted in bytes from its beginning and never wrap; the ring keeps the last LOG_RING_SIZE of them.
 */
#pragma once

#include <stdbool.h>
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

/* A place that lines are printed at while nobody has claimed them. Lines end with "\r\n" there. */
struct log_output {
	size_t (*room)(void);                           /* bytes that `write` takes without waiting: 0, or at least 16 */
	void (*write)(const char *text, size_t length); /* however long it takes */
	bool (*settle)(
	        void); /* a step of some 10,000 instructions of what `write` has left to do; true: none. 0: there is none ever */
};

/* At most 4; the structure must stay. */
void log_add_output(const struct log_output *output);

/*
 * Until log_print_later, a line is printed by who adds it, who waits for that; afterwards by steps of log_print_step and
 * log_settle_step, each of some 10,000 instructions, which one task at a time calls.
 */
void log_print_later(void);

enum log_progress {
	LOG_PRINTED, /* nothing is left, or somebody else prints */
	LOG_MORE,
	LOG_NO_ROOM, /* until some was taken */
};

enum log_progress log_print_step(void);
bool log_settle_step(void);

/*
 * The claimer prints from the cursor on, where a line begins. False, because the kernel is in the middle of one: try again after a
 * log_print_step. log_release_console gives the outputs back to the kernel.
 */
bool log_claim_console(uint64_t *out_cursor);
void log_release_console(void);

/* Prints what is pending, however long it takes: for panics. */
void log_flush(void);

/* Straight to the outputs, past the ring: for panics. */
void log_print_raw(const char *text, size_t length);

/* Called after a line was added, with no lock held; set once. */
void log_set_listener(void (*listener)(void));
