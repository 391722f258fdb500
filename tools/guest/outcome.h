/*
 * How a run ends: an exit status and, where it is not simply the command's, a sentence that says why.
 *
 * Parts of the program that find a reason to end call outcome_set; the first reason stays, for what comes later is mostly its
 * consequence. Statuses are those of scripts/guest: the command's own, 124 for a timeout, 125 when machine or guest failed.
 */
#pragma once

#include <stdbool.h>

#define STATUS_TIMEOUT 124
#define STATUS_FAILED 125
#define STATUS_USAGE 2

struct outcome {
	bool decided;
	bool show_log; /* the last lines of the log explain it */
	int status;
	char sentence[512];
};

/* Decides how the run ends unless that is decided; without a sentence (NULL) nothing will be said. */
void outcome_set(struct outcome *outcome, int status, const char *sentence, ...) __attribute__((format(printf, 3, 4)));

/* As outcome_set with STATUS_FAILED and the last lines of the log. */
void outcome_fail(struct outcome *outcome, const char *sentence, ...) __attribute__((format(printf, 2, 3)));

/* Prints "guest: SENTENCE" and ends the process with STATUS_FAILED: for what fails before there is a machine. */
_Noreturn void die(const char *sentence, ...) __attribute__((format(printf, 1, 2)));

/* malloc and friends, or the end. */
void *must_allocate(void *memory);
char *format(const char *text, ...) __attribute__((format(printf, 1, 2)));
