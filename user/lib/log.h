/*
 * The log of the machine, for a native program that was granted "log". The kernel puts time, CPU and the process's name before
 * each line; a newline in the text begins a new one, and what is longer than LOG_LINE_MAX is cut. Without the grant, and when
 * a line can not be written, nothing happens: there is nowhere to say it.
 */
#pragma once

#include <stdarg.h>
#include <stdint.h>

#define LOG_FORMAT(string, first) __attribute__((format(printf, string, first)))

void log_error(const char *format, ...) LOG_FORMAT(1, 2);
void log_warning(const char *format, ...) LOG_FORMAT(1, 2);
void log_info(const char *format, ...) LOG_FORMAT(1, 2);
void log_debug(const char *format, ...) LOG_FORMAT(1, 2);

/* `level` is LOG_* of abi/syscalls.h. */
void log_lines(uint32_t level, const char *format, va_list arguments) LOG_FORMAT(2, 0);

/* The sentence of an error of abi/errors.def; never NULL. */
const char *error_text(uint32_t status);
