/*
 * Texts of lines and words: manifests, /etc/services, /etc/mounts, the kernel's command line.
 *
 * A line ends with a newline or with the text; words are separated by spaces and tabs; "#" at the beginning of a word makes
 * the rest of its line a comment. Nothing is copied or changed, nothing is NUL-ended, and any byte may occur.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct word {
	const char *text;
	size_t length;
};

#define WORDS_MAX 8

/* What is wrong with a text: `count` lines of it, of which the first WORDS_PROBLEMS are listed. */
#define WORDS_PROBLEMS 8

struct words_problem {
	uint32_t line;
	const char *text; /* half a sentence: "has a word too many" */
};

struct words_problems {
	uint32_t count;
	struct words_problem list[WORDS_PROBLEMS];
};

struct words_line {
	uint32_t number; /* of the line in the text, from 1 */
	uint32_t count;  /* of words; WORDS_MAX + 1 if there were more */
	struct word word[WORDS_MAX];
};

struct words_reader {
	const char *at;
	const char *end;
	uint32_t line;
};

struct words_reader words_begin(const char *text, size_t length);

/* The next line that has a word. False at the end of the text. */
bool words_next(struct words_reader *reader, struct words_line *out);

/* Adds a complaint about a line. */
void words_complain(struct words_problems *problems, uint32_t line, const char *text);

bool word_is(struct word word, const char *text);

/* A name as the system gives them: 1 to `longest` characters out of a-z 0-9 . - _ that begin with a letter. */
bool word_is_name(struct word word, size_t longest);

/* A number in `base` 10 or 16 (no prefix) of at most `most`. False, and *out untouched, if it is none. */
bool word_number(struct word word, unsigned base, uint32_t most, uint32_t *out);

/* Copies the word and a NUL. False, and nothing copied, if it does not fit or contains a NUL. */
bool word_copy(struct word word, char *out, size_t size);
