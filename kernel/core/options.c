/* The command line, copied out of the loader's memory once and cut into words. */
#include "core/options.h"

#include <stddef.h>

#include "arch/paging.h"
#include "core/log.h"
#include "lib/string.h"

#define TEXT_MAX 2048
#define WORDS_MAX 128

static char text[TEXT_MAX];  /* as given */
static char words[TEXT_MAX]; /* each ended by a NUL */
static const char *word_starts[WORDS_MAX];
static size_t word_count;

void options_init(const struct bootinfo *boot)
{
	uint64_t length = boot->command_line.length;
	bool inside = false;

	if (length >= TEXT_MAX) {
		log_warning("the command line has %lu bytes, of which only %d are used", length, TEXT_MAX - 1);
		length = TEXT_MAX - 1;
	}
	if (length)
		memcpy(text, direct_map(paddr(boot->command_line.start)), length);
	for (size_t i = 0; i < length; i++) {
		bool space = (uint8_t)text[i] <= ' ';
		words[i] = space ? '\0' : text[i];
		if (!space && !inside && word_count < WORDS_MAX)
			word_starts[word_count++] = words + i;
		inside = !space;
	}
}

/* The text after `name` in the word that begins with it: "" or "=VALUE"; 0 if there is none. */
static const char *find(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < word_count; i++) {
		const char *word = word_starts[i];
		if (strlen(word) >= length && memcmp(word, name, length) == 0 && (word[length] == '\0' || word[length] == '='))
			return word + length;
	}
	return 0;
}

bool options_has(const char *name)
{
	return find(name) != 0;
}

const char *options_value(const char *name)
{
	const char *after = find(name);

	return after && *after == '=' ? after + 1 : "";
}

const char *options_text(void)
{
	return text;
}
