/* Growing texts: see proc_text.h. */
#include "user/servers/pm/proc_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct proc_text *text, size_t length)
{
	if (length < text->capacity - text->length)
		return true;
	size_t capacity = (text->length + length + 512) / 512 * 512;
	char *larger = realloc(text->bytes, capacity);
	if (!larger) {
		text->no_memory = true;
		return false;
	}
	text->bytes = larger;
	text->capacity = capacity;
	return true;
}

void proc_append(struct proc_text *text, const void *bytes, size_t length)
{
	if (!make_room(text, length))
		return;
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

void proc_print(struct proc_text *text, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length > 0)
		proc_append(text, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}
