/*
 * Lines for the log. The kernel takes one line per call and writes time, CPU and the process's name before it, so a program's
 * output is gathered to lines here; one longer than LOG_LINE_MAX is cut into several.
 */
#include "user/linux/log.h"

#include <string.h>

#include "user/linux/native.h"

void log_add(struct log_text *line, const char *part)
{
	while (*part && line->length < sizeof line->text)
		line->text[line->length++] = *part++;
}

void log_add_number(struct log_text *line, uint64_t number)
{
	char digits[21];
	unsigned at = sizeof digits - 1;
	digits[at] = 0;
	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	log_add(line, digits + at);
}

static void put(handle_t log, uint32_t level, const char *text, uint32_t length)
{
	if (!log)
		return;
	status_t status = sys_log_write(log, text, length, level);
	(void)status; /* where could that be told? */
}

void log_put(handle_t log, uint32_t level, const struct log_text *line)
{
	put(log, level, line->text, line->length);
}

static char *text_of(const struct log_stream *stream)
{
	struct process *process = process_self();
	return process->log_texts[stream - process->log_streams];
}

static void flush_locked(struct log_stream *stream)
{
	const struct process *process = process_self();
	bool errors = stream == &process->log_streams[LOG_STREAM_ERRORS];
	put(process->log, errors ? LOG_WARNING : LOG_INFO, text_of(stream), stream->length);
	stream->length = 0;
}

static void write_part(struct log_stream *stream, const char *bytes, uint64_t length)
{
	char *text = text_of(stream);
	lock_take(&stream->lock);
	for (uint64_t i = 0; i < length; i++) {
		if (bytes[i] == '\n') {
			flush_locked(stream);
			continue;
		}
		if (stream->length == LOG_LINE_MAX)
			flush_locked(stream);
		text[stream->length++] = bytes[i];
	}
	lock_drop(&stream->lock);
}

void log_stream_write(struct log_stream *stream, const char *bytes, uint64_t length)
{
	char part[256];
	for (uint64_t done = 0; done < length;) {
		uint64_t size = length - done < sizeof part ? length - done : sizeof part;
		memcpy(part, bytes + done, size); /* before the lock is taken: it may fail */
		write_part(stream, part, size);
		done += size;
	}
}

void log_stream_flush(struct log_stream *stream)
{
	if (!stream->length)
		return; /* what another thread writes now is not there yet */
	lock_take(&stream->lock);
	if (stream->length)
		flush_locked(stream);
	lock_drop(&stream->lock);
}
