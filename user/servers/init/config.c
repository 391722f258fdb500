/* Reading the lines of /etc/services and /etc/mounts; the grammar is in the header. */
#include "user/servers/init/config.h"

#include <string.h>

static bool read_path(struct word word, char out[static CONFIG_PATH_SIZE])
{
	return word.length && word.text[0] == '/' && word_copy(word, out, CONFIG_PATH_SIZE);
}

static bool read_name(struct word word, char out[static MANIFEST_NAME_MAX + 1])
{
	return word_is_name(word, MANIFEST_NAME_MAX) && word_copy(word, out, MANIFEST_NAME_MAX + 1);
}

static const char *read_service(const struct words_line *line, struct config_service *out)
{
	if (line->count != 2 && line->count != 4)
		return "must be: NAME PATH, or: NAME PATH if WORD";
	if (!read_name(line->word[0], out->name))
		return "must begin with a name of 1 to 16 of a-z 0-9 . - _";
	if (!read_path(line->word[1], out->path))
		return "must give an absolute path, shorter than 128 bytes, as second word";
	if (line->count == 2)
		return NULL;
	if (!word_is(line->word[2], "if") || !read_name(line->word[3], out->condition))
		return "must end with: if WORD, a word of 1 to 16 of a-z 0-9 . - _";
	return NULL;
}

size_t config_read_services(
        const char *text, size_t length, struct config_service out[static CONFIG_SERVICES], struct words_problems *problems)
{
	struct words_reader reader = words_begin(text, length);
	struct words_line line;
	size_t count = 0;
	*problems = (struct words_problems){0};
	while (words_next(&reader, &line)) {
		struct config_service service = {0};
		const char *wrong = read_service(&line, &service);
		for (size_t i = 0; i < count && !wrong; i++)
			if (!strcmp(out[i].name, service.name))
				wrong = "has the name of a service above";
		if (!wrong && count == CONFIG_SERVICES)
			wrong = "is one service too many: at most 40";
		if (wrong)
			words_complain(problems, line.number, wrong);
		else
			out[count++] = service;
	}
	return count;
}

static const char *read_mount(const struct words_line *line, struct config_mount *out)
{
	if (line->count != 2)
		return "must be: PATH EXPORT";
	if (!read_path(line->word[0], out->path) || !out->path[1])
		return "must begin with an absolute path, shorter than 128 bytes and not / itself";
	if (!read_name(line->word[1], out->export))
		return "must name an export in 1 to 16 of a-z 0-9 . - _";
	return NULL;
}

size_t config_read_mounts(
        const char *text, size_t length, struct config_mount out[static CONFIG_MOUNTS], struct words_problems *problems)
{
	struct words_reader reader = words_begin(text, length);
	struct words_line line;
	size_t count = 0;
	*problems = (struct words_problems){0};
	while (words_next(&reader, &line)) {
		struct config_mount mount = {0};
		const char *wrong = read_mount(&line, &mount);
		for (size_t i = 0; i < count && !wrong; i++)
			if (!strcmp(out[i].path, mount.path))
				wrong = "has the path of a mount above";
		if (!wrong && count == CONFIG_MOUNTS)
			wrong = "is one mount too many: at most 40";
		if (wrong)
			words_complain(problems, line.number, wrong);
		else
			out[count++] = mount;
	}
	return count;
}
