/* Words and lines; the rules are in the header. */
#include "user/lib/words.h"

#include <string.h>

struct words_reader words_begin(const char *text, size_t length)
{
	return (struct words_reader){text, text + length, 0};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The end of the line that begins at `at`: its newline or the text's end. */
static const char *line_end(const char *at, const char *end)
{
	while (at < end && *at != '\n')
		at++;
	return at;
}

static void split(const char *at, const char *end, struct words_line *out)
{
	out->count = 0;
	for (;;) {
		while (at < end && is_blank(*at))
			at++;
		if (at == end || *at == '#')
			return;
		const char *first = at;
		while (at < end && !is_blank(*at))
			at++;
		if (out->count == WORDS_MAX) {
			out->count = WORDS_MAX + 1;
			return;
		}
		out->word[out->count++] = (struct word){first, (size_t)(at - first)};
	}
}

bool words_next(struct words_reader *reader, struct words_line *out)
{
	while (reader->at < reader->end) {
		const char *end = line_end(reader->at, reader->end);
		struct words_line line = {.number = ++reader->line};
		split(reader->at, end, &line);
		reader->at = end < reader->end ? end + 1 : end;
		if (line.count) {
			*out = line;
			return true;
		}
	}
	return false;
}

void words_complain(struct words_problems *problems, uint32_t line, const char *text)
{
	if (problems->count < WORDS_PROBLEMS)
		problems->list[problems->count] = (struct words_problem){line, text};
	problems->count++;
}

bool word_is(struct word word, const char *text)
{
	return word.length == strlen(text) && !memcmp(word.text, text, word.length);
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool word_is_name(struct word word, size_t longest)
{
	if (!word.length || word.length > longest || !is_letter(word.text[0]))
		return false;
	for (size_t i = 0; i < word.length; i++) {
		char c = word.text[i];
		if (!is_letter(c) && !is_digit(c) && c != '.' && c != '-' && c != '_')
			return false;
	}
	return true;
}

/* Value of a digit in any base up to 16, or 16 for what is none. */
static unsigned digit_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

bool word_number(struct word word, unsigned base, uint32_t most, uint32_t *out)
{
	uint64_t value = 0;
	if (!word.length)
		return false;
	for (size_t i = 0; i < word.length; i++) {
		unsigned digit = digit_value(word.text[i]);
		if (digit >= base)
			return false;
		value = value * base + digit;
		if (value > most)
			return false;
	}
	*out = (uint32_t)value;
	return true;
}

bool word_copy(struct word word, char *out, size_t size)
{
	if (word.length >= size || memchr(word.text, 0, word.length))
		return false;
	memcpy(out, word.text, word.length);
	out[word.length] = 0;
	return true;
}
