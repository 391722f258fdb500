/* Lines for the log. */
#include "user/lib/log.h"

#include <stdio.h>
#include <string.h>

#include "user/lib/call.h"
#include "user/lib/grants.h"

#define LOG_TEXT_MAX 2048 /* bytes that one call can write, in several lines */

void log_lines(uint32_t level, const char *format, va_list arguments)
{
	char text[LOG_TEXT_MAX];
	handle_t log = grant_find("log");
	int length = vsnprintf(text, sizeof text, format, arguments);
	if (!log || length <= 0)
		return;
	for (const char *line = text; *line;) {
		size_t size = strcspn(line, "\n");
		status_t status = sys_log_write(log, line, size < LOG_LINE_MAX ? size : LOG_LINE_MAX, level);
		(void)status;
		line += size;
		line += *line == '\n';
	}
}

#define LOG_AT(name, level) \
	void name(const char *format, ...) \
	{ \
		va_list arguments; \
		va_start(arguments, format); \
		log_lines(level, format, arguments); \
		va_end(arguments); \
	}

LOG_AT(log_error, LOG_ERROR)
LOG_AT(log_warning, LOG_WARNING)
LOG_AT(log_info, LOG_INFO)
LOG_AT(log_debug, LOG_DEBUG)

const char *error_text(uint32_t status)
{
	switch (status) {
#define ERROR(number, name, sentence) \
	case number: \
		return sentence;
#include "abi/errors.def"
#undef ERROR
	}
	return "an error that has no name";
}
