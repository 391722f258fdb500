/* What the files share that make lines of calls: trace_format.c has numbers, words and bytes, trace_structs.c structures of those. */
#pragma once

#include "user/linux/trace.h"

void trace_add_byte(struct trace_line *line, char c);
void trace_add_unsigned(struct trace_line *line, uint64_t value, uint32_t base);
void trace_add_address(struct trace_line *line, uint64_t address); /* 0: NULL */
bool trace_is_full(const struct trace_line *line);
/* Bytes of the program's memory: up to a NUL, or `length` of them. */
void trace_add_memory(struct trace_line *line, uint64_t address, uint64_t length, bool is_string);
/* Flags or a value by the names of a kind (trace_names.c). */
void trace_add_named(struct trace_line *line, char kind, uint64_t value);

/*
 * What an argument of this kind (calls.def) points to; `next` is the argument behind it. False: there is no such kind. What cannot be
 * read, and what the call was to write and has not, is told by its address.
 */
bool trace_add_struct(struct trace_line *line, char kind, uint64_t address, uint64_t next, int64_t result);
