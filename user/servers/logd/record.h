/*
 * A line of the log in the form that Linux's /dev/kmsg has: "LEVEL,NUMBER,MICROSECONDS,-;TEXT" and a newline, where LEVEL is syslog's
 * and NUMBER grows from line to line.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RECORD_MAX 640u /* bytes of one, and more than a line of the log has */

/*
 * Of a line without its newline, as the kernel keeps it: "[   0.123456] cpu0 vfs info: text". What looks otherwise is text as a
 * whole. Text that does not fit is cut. Returns the bytes in `out`, no NUL behind them.
 */
size_t record_make(const char *line, size_t length, uint64_t number, char out[static RECORD_MAX]);
