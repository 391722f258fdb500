/*
 * Reading boot.conf: lines of `key = value`, blank lines, and comments that begin with #.
 *
 * The file is edited by hand, often on another system, so CR LF and a byte order mark are accepted, and a line that is not
 * understood never stops the boot: it is reported with its number and ignored. What is then missing is the caller's to decide.
 * Keys stand in one table. Nothing is allocated and the text may hold any bytes.
 */
#include "bootconf.h"

#include "text.h"

/* A part of the file, not terminated. */
struct span {
	const char *start;
	uint32_t length;
};

struct reader {
	struct bootconf *conf;
	uint32_t line;
	struct span key;
	struct span value;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trim(struct span span)
{
	while (span.length && is_blank(span.start[0])) {
		span.start++;
		span.length--;
	}
	while (span.length && is_blank(span.start[span.length - 1]))
		span.length--;
	return span;
}

static bool equals(struct span span, const char *word)
{
	uint32_t i = 0;

	while (i < span.length && word[i] && span.start[i] == word[i])
		i++;
	return i == span.length && !word[i];
}

static void note(struct reader *reader, enum bootconf_problem problem, struct span word)
{
	struct bootconf_note *out;
	uint32_t length = 0;

	if (reader->conf->note_count++ >= BOOTCONF_NOTES_MAX)
		return;
	out = &reader->conf->notes[reader->conf->note_count - 1];
	out->line = reader->line;
	out->problem = problem;
	for (; length < word.length && length < sizeof out->word - 1; length++) {
		char c = word.start[length];

		out->word[length] = c >= ' ' && c <= '~' ? c : '?';
	}
	out->word[length] = '\0';
}

/* A name on the volume: printable ASCII without what FAT forbids, either slash as separator, relative to the folder. */
static void read_path(struct reader *reader, char out[static BOOTCONF_PATH_SIZE])
{
	struct span value = reader->value;
	uint32_t length = 0;

	if (out[0])
		note(reader, BOOTCONF_REPEATED, reader->key);
	if (value.length == 0) {
		note(reader, BOOTCONF_BAD_PATH, reader->key);
		return;
	}
	for (uint32_t i = 0; i < value.length; i++) {
		char c = value.start[i];
		bool forbidden =
		        c < ' ' || c > '~' || c == '"' || c == '*' || c == ':' || c == '<' || c == '>' || c == '?' || c == '|';

		if (forbidden) {
			note(reader, BOOTCONF_BAD_PATH, reader->key);
			return;
		}
	}
	if (value.length + sizeof BOOTCONF_FOLDER > BOOTCONF_PATH_SIZE) {
		note(reader, BOOTCONF_TOO_LONG, reader->key);
		return;
	}
	if (value.start[0] != '/' && value.start[0] != '\\')
		for (const char *c = BOOTCONF_FOLDER; *c; c++)
			out[length++] = *c;
	for (uint32_t i = 0; i < value.length; i++)
		out[length++] = value.start[i] == '/' ? '\\' : value.start[i];
	out[length] = '\0';
}

static void read_kernel(struct reader *reader)
{
	read_path(reader, reader->conf->kernel);
}

static void read_initfs(struct reader *reader)
{
	read_path(reader, reader->conf->initfs);
}

/* May stand several times: the parts are joined by a space. */
static void read_command_line(struct reader *reader)
{
	struct bootconf *conf = reader->conf;
	uint32_t length = conf->command_line_length;
	uint32_t separator = length && reader->value.length;

	if (reader->value.length >= BOOTCONF_COMMAND_LINE_SIZE - length - separator) {
		note(reader, BOOTCONF_TOO_LONG, reader->key);
		return;
	}
	if (separator)
		conf->command_line[length++] = ' ';
	for (uint32_t i = 0; i < reader->value.length; i++)
		conf->command_line[length++] = reader->value.start[i];
	conf->command_line[length] = '\0';
	conf->command_line_length = length;
}

/* Takes a decimal number of at most `maximum` from the span's beginning. */
static bool take_number(struct span *span, uint32_t maximum, uint32_t *out)
{
	uint32_t number = 0, digits = 0;

	while (digits < span->length && span->start[digits] >= '0' && span->start[digits] <= '9') {
		number = number * 10 + (uint32_t)(span->start[digits++] - '0');
		if (number > maximum)
			return false;
	}
	if (digits == 0)
		return false;
	span->start += digits;
	span->length -= digits;
	*out = number;
	return true;
}

static void read_resolution(struct reader *reader)
{
	struct span rest = reader->value;
	uint32_t width, height;

	if (reader->conf->width)
		note(reader, BOOTCONF_REPEATED, reader->key);
	if (take_number(&rest, BOOTCONF_RESOLUTION_MAX, &width) && rest.length &&
	        (rest.start[0] == 'x' || rest.start[0] == 'X')) {
		rest.start++;
		rest.length--;
		if (take_number(&rest, BOOTCONF_RESOLUTION_MAX, &height) && rest.length == 0 && width && height) {
			reader->conf->width = width;
			reader->conf->height = height;
			return;
		}
	}
	note(reader, BOOTCONF_BAD_RESOLUTION, reader->key);
}

static void read_timeout(struct reader *reader)
{
	struct span rest = reader->value;
	uint32_t seconds;

	if (take_number(&rest, BOOTCONF_TIMEOUT_MAX, &seconds) && rest.length == 0)
		reader->conf->timeout = seconds;
	else
		note(reader, BOOTCONF_BAD_TIMEOUT, reader->key);
}

static const struct {
	const char *name;
	void (*read)(struct reader *reader);
} keys[] = {
        {"kernel", read_kernel},
        {"initfs", read_initfs},
        {"command_line", read_command_line},
        {"resolution", read_resolution},
        {"timeout", read_timeout},
};

static bool has_control_characters(struct span span)
{
	for (uint32_t i = 0; i < span.length; i++)
		if (((uint8_t)span.start[i] < ' ' && span.start[i] != '\t') || span.start[i] == 0x7f)
			return true;
	return false;
}

static void read_line(struct reader *reader, struct span line)
{
	uint32_t equals_sign = 0;

	if (line.length && line.start[line.length - 1] == '\r')
		line.length--;
	line = trim(line);
	if (line.length == 0 || line.start[0] == '#')
		return;
	if (has_control_characters(line)) {
		note(reader, BOOTCONF_BAD_CHARACTER, line);
		return;
	}
	while (equals_sign < line.length && line.start[equals_sign] != '=')
		equals_sign++;
	if (equals_sign == line.length) {
		note(reader, BOOTCONF_NO_EQUALS, line);
		return;
	}
	reader->key = trim((struct span){line.start, equals_sign});
	reader->value = trim((struct span){line.start + equals_sign + 1, line.length - equals_sign - 1});
	for (uint32_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (equals(reader->key, keys[i].name)) {
			keys[i].read(reader);
			return;
		}
	note(reader, BOOTCONF_UNKNOWN_KEY, reader->key);
}

void bootconf_read(const char *text, uint32_t size, struct bootconf *out)
{
	struct reader reader = {.conf = out};
	uint32_t at = 0;

	*out = (struct bootconf){0};
	if (size >= 3 && !__builtin_memcmp(text, "\xef\xbb\xbf", 3))
		at = 3;
	while (at < size) {
		uint32_t end = at;

		while (end < size && text[end] != '\n')
			end++;
		reader.line++;
		read_line(&reader, (struct span){text + at, end - at});
		at = end + 1;
	}
}

void bootconf_note_text(const struct bootconf_note *note, char *out, uint32_t capacity)
{
	const char *word = note->word;
	uint32_t length = text_format(out, capacity, "line %u: ", note->line);

	out += length;
	capacity -= length;
	switch (note->problem) {
	case BOOTCONF_NO_EQUALS: text_format(out, capacity, "\"%s\" is no \"key = value\" and is ignored", word); return;
	case BOOTCONF_UNKNOWN_KEY: text_format(out, capacity, "unknown key \"%s\" is ignored", word); return;
	case BOOTCONF_REPEATED: text_format(out, capacity, "\"%s\" is given again; the last line counts", word); return;
	case BOOTCONF_BAD_CHARACTER: text_format(out, capacity, "\"%s\" has a control character and is ignored", word); return;
	case BOOTCONF_BAD_PATH: text_format(out, capacity, "\"%s\" is no file name and is ignored", word); return;
	case BOOTCONF_BAD_RESOLUTION: text_format(out, capacity, "\"%s\" is not like 1280x800 and is ignored", word); return;
	case BOOTCONF_BAD_TIMEOUT:
		text_format(
		        out, capacity, "\"%s\" is not a number of seconds up to %u and is ignored", word, BOOTCONF_TIMEOUT_MAX);
		return;
	case BOOTCONF_TOO_LONG: text_format(out, capacity, "\"%s\" is too long and is ignored", word); return;
	}
}
