#include "user/servers/logd/record.h"

#include <stdio.h>
#include <string.h>

struct parts {
	unsigned level; /* of syslog */
	unsigned long long us;
	const char *source, *text;
	size_t source_length, text_length;
};

static const struct {
	const char *word;
	unsigned level;
} levels[] = {{" error: ", 3}, {" warning: ", 4}, {" info: ", 6}, {" debug: ", 7}};

/* The number at `at`, which moves behind it; false if there is none. */
static int take_number(const char **at, const char *end, unsigned long long *out)
{
	const char *start = *at;
	*out = 0;
	for (; *at < end && **at >= '0' && **at <= '9' && *at - start < 12; (*at)++)
		*out = *out * 10 + (unsigned)(**at - '0');
	return *at > start;
}

static int take_text(const char **at, const char *end, const char *text)
{
	size_t length = strlen(text);
	if ((size_t)(end - *at) < length || memcmp(*at, text, length))
		return 0;
	*at += length;
	return 1;
}

/* "[   0.123456] cpu0 " */
static int take_head(const char **at, const char *end, struct parts *out)
{
	unsigned long long seconds, fraction, cpu;
	if (!take_text(at, end, "["))
		return 0;
	while (*at < end && **at == ' ')
		(*at)++;
	if (!take_number(at, end, &seconds) || !take_text(at, end, ".") || !take_number(at, end, &fraction) ||
	        !take_text(at, end, "] cpu") || !take_number(at, end, &cpu) || !take_text(at, end, " "))
		return 0;
	out->us = seconds * 1000000 + fraction;
	return 1;
}

/* The first word of a level says where the source ends. */
static void split(const char *at, const char *end, struct parts *out)
{
	for (const char *place = at; place < end; place++) {
		for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
			const char *behind = place;
			if (!take_text(&behind, end, levels[i].word))
				continue;
			out->level = levels[i].level;
			out->source = at;
			out->source_length = (size_t)(place - at);
			out->text = behind;
			out->text_length = (size_t)(end - behind);
			return;
		}
	}
}

size_t record_make(const char *line, size_t length, uint64_t number, char out[static RECORD_MAX])
{
	const char *at = line, *end = line + length;
	struct parts parts = {.level = 6, .text = line, .text_length = length};
	if (take_head(&at, end, &parts))
		split(at, end, &parts);
	int written = snprintf(out, RECORD_MAX, "%u,%llu,%llu,-;%.*s%s%.*s", parts.level, (unsigned long long)number, parts.us,
	        (int)parts.source_length, parts.source_length ? parts.source : "", parts.source_length ? ": " : "",
	        (int)parts.text_length, parts.text);
	size_t size = written < 0 ? 0 : (size_t)written < RECORD_MAX - 1 ? (size_t)written : RECORD_MAX - 2;
	out[size] = '\n';
	return size + 1;
}
