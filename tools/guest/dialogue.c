#include "tools/guest/dialogue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/guest/outcome.h"
#include "tools/guest/terminal.h"

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* One key behind a backslash; how many characters stand for it, 0 if that makes no sense. */
static size_t escaped_key(const char *text, char *out_key)
{
	static const char names[] = "nrteb\\", keys[] = "\n\r\t\033\b\\";
	const char *at = *text ? strchr(names, *text) : NULL;
	if (at) {
		*out_key = keys[at - names];
		return 1;
	}
	if (*text != 'x' || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0)
		return 0;
	*out_key = (char)(hex_digit(text[1]) << 4 | hex_digit(text[2]));
	return 3;
}

static void read_keys(struct dialogue *dialogue, struct dialogue_step *step, const char *text, const char *end)
{
	step->keys = must_allocate(malloc(strlen(text) + strlen(end) + 1));
	while (*text) {
		char key = *text++;
		if (key == '\\') {
			size_t length = escaped_key(text, &key);
			if (!length)
				die("%s, line %u: \\%c is no key", dialogue->path, step->line, *text);
			text += length;
		}
		step->keys[step->key_count++] = key;
	}
	memcpy(step->keys + step->key_count, end, strlen(end));
	step->key_count += strlen(end);
}

static void read_step(struct dialogue *dialogue, char *line, unsigned number)
{
	if (!*line || *line == '#')
		return;
	if (dialogue->count == DIALOGUE_STEPS)
		die("%s has more than %d steps", dialogue->path, DIALOGUE_STEPS);
	struct dialogue_step *step = &dialogue->steps[dialogue->count++];
	step->line = number;
	if (!strncmp(line, "wait ", 5) && line[5])
		step->wait = must_allocate(strdup(line + 5));
	else if (!strncmp(line, "type ", 5))
		read_keys(dialogue, step, line + 5, "");
	else if (!strncmp(line, "line ", 5))
		read_keys(dialogue, step, line + 5, "\r");
	else
		die("%s, line %u: a step is wait, type or line, a space, and what", dialogue->path, number);
}

static void read_file(struct dialogue *dialogue, const char *path)
{
	FILE *file = fopen(path, "re");
	if (!file)
		die("cannot read %s: %s", path, strerror(errno));
	char *line = NULL;
	size_t size = 0;
	unsigned number = 0;
	while (getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = 0;
		read_step(dialogue, line, ++number);
	}
	free(line);
	fclose(file);
}

void dialogue_begin(struct dialogue *dialogue, const char *path, const char *until)
{
	*dialogue = (struct dialogue){.path = path};
	dialogue->steps = must_allocate(calloc(DIALOGUE_STEPS, sizeof *dialogue->steps));
	if (path)
		read_file(dialogue, path);
	else if (until)
		dialogue->steps[dialogue->count++].wait = must_allocate(strdup(until));
}

const char *dialogue_go_on(struct dialogue *dialogue, int machine)
{
	for (; dialogue->next < dialogue->count; dialogue->next++) {
		const struct dialogue_step *step = &dialogue->steps[dialogue->next];
		if (step->wait)
			return step->wait;
		terminal_send(machine, step->keys, step->key_count);
	}
	return NULL;
}

void dialogue_met(struct dialogue *dialogue)
{
	dialogue->next++;
}

const char *dialogue_sentence(const struct dialogue *dialogue)
{
	if (!dialogue->path || dialogue->next >= dialogue->count)
		return "";
	const struct dialogue_step *step = &dialogue->steps[dialogue->next];
	return format("; line %u of %s waits for: %s", step->line, dialogue->path, step->wait);
}
