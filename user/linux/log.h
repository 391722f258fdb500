/*
 * The log, as the image uses it: lines of its own, and what the program writes to descriptors that stand for the log.
 */
#pragma once

#include "user/linux/state.h"

/* A line of the image's own, built from parts; what does not fit is left out. */
struct log_text {
	uint32_t length;
	char text[LOG_LINE_MAX];
};

void log_add(struct log_text *line, const char *part);
void log_add_number(struct log_text *line, uint64_t number);
/* Without a log the line is lost. */
void log_put(handle_t log, uint32_t level, const struct log_text *line);

/* Takes bytes of the program: whole lines go to the log, an unfinished one waits for its end or the process's. */
void log_stream_write(struct log_stream *stream, const char *bytes, uint64_t length);
void log_stream_flush(struct log_stream *stream);
