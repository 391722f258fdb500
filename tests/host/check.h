/* The lines that a host test prints: "ok NAME" or "not ok NAME: why"; main returns check_result(). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

static int check_failures;

/* One test with one name may consist of many conditions: the first that fails is told, and the name is printed once. */
static const char *check_name, *check_why;
static int check_line;

static inline void check_end(void)
{
	if (!check_name)
		return;
	if (check_why)
		printf("not ok %s: line %d: %s\n", check_name, check_line, check_why);
	else
		printf("ok %s\n", check_name);
	check_failures += check_why != NULL;
	check_name = check_why = NULL;
	fflush(stdout);
}

static inline void check_begin(const char *name)
{
	check_end();
	check_name = name;
}

static inline bool check_that(bool holds, const char *text, int line)
{
	if (!holds && !check_why) {
		check_why = text;
		check_line = line;
	}
	return holds;
}

#define CHECK(condition) check_that((condition), "this does not hold: " #condition, __LINE__)

static inline int check_result(void)
{
	check_end();
	return check_failures != 0;
}
