/* The names of numbers in calls: flags, signals, errors. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trace_flag {
	uint32_t value;
	char name[24];
};

struct trace_kind {
	char kind; /* calls.def */
	bool one;  /* a value, not a sum of flags */
	char none[12];
	uint8_t first, count; /* of trace_flags() */
};

/* NULL: a kind without names. */
const struct trace_kind *trace_kind(char kind);
const struct trace_flag *trace_flags(const struct trace_kind *kind);

/* Without its SIG, as for the next; NULL: it has none. */
const char *trace_signal_name(uint64_t signal);
const char *trace_error_name(int64_t error);
