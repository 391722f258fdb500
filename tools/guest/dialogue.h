/*
 * scripts/guest --dialogue FILE: what a person would do at the machine's serial line, step by step. A line of the file each:
 *
 *   wait TEXT    until TEXT, which is not broken by a newline, has come after what the steps before have waited for
 *   type KEYS    \n \r \t \e \b \\ and \xNN stand for keys
 *   line KEYS    the same, and the enter key
 *
 * Empty lines and those that begin with # are nothing. The run ends well behind the last step.
 */
#pragma once

#include <stddef.h>

#define DIALOGUE_STEPS 1000

struct dialogue_step {
	char *wait; /* NULL: these keys */
	char *keys;
	size_t key_count;
	unsigned line;
};

struct dialogue {
	const char *path; /* NULL: there is none */
	struct dialogue_step *steps;
	unsigned count, next;
};

/* Reads the file or ends the process with a sentence. NULL: all that is waited for is `until`, if that is not NULL too. */
void dialogue_begin(struct dialogue *dialogue, const char *path, const char *until);

/* Types what is to be typed to the machine now. The text that must come next; NULL: the dialogue is at its end. */
const char *dialogue_go_on(struct dialogue *dialogue, int machine);

/* The step that `dialogue_go_on` has told of has come. */
void dialogue_met(struct dialogue *dialogue);

/* For a run that came to no end: "; line N of FILE waits for: TEXT", or nothing. */
const char *dialogue_sentence(const struct dialogue *dialogue);
