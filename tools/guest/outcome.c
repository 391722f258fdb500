#include "tools/guest/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void decide(struct outcome *outcome, int status, bool show_log, const char *sentence, va_list arguments)
{
	if (outcome->decided)
		return;
	outcome->decided = true;
	outcome->status = status;
	outcome->show_log = show_log;
	if (sentence)
		vsnprintf(outcome->sentence, sizeof outcome->sentence, sentence, arguments);
}

void outcome_set(struct outcome *outcome, int status, const char *sentence, ...)
{
	va_list arguments;
	va_start(arguments, sentence);
	decide(outcome, status, status == STATUS_TIMEOUT, sentence, arguments);
	va_end(arguments);
}

void outcome_fail(struct outcome *outcome, const char *sentence, ...)
{
	va_list arguments;
	va_start(arguments, sentence);
	decide(outcome, STATUS_FAILED, true, sentence, arguments);
	va_end(arguments);
}

void die(const char *sentence, ...)
{
	va_list arguments;
	va_start(arguments, sentence);
	fputs("guest: ", stderr);
	vfprintf(stderr, sentence, arguments);
	fputs("\n", stderr);
	va_end(arguments);
	exit(STATUS_FAILED);
}

void *must_allocate(void *memory)
{
	if (!memory)
		die("out of memory");
	return memory;
}

char *format(const char *text, ...)
{
	char *result;
	va_list arguments;
	va_start(arguments, text);
	if (vasprintf(&result, text, arguments) < 0)
		die("out of memory");
	va_end(arguments);
	return result;
}
