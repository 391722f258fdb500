/*
 * For programs that check what Linux calls promise: static programs of any libc, run in Hearth and by tests/host/linux/hosted.
 * Each check prints "ok NAME" or "not ok NAME: why"; main returns test_result(). The files they read are in the
 * folder that the first argument names (module.mk makes it), in Hearth in /fixture. There they are services, so that init
 * starts them, and their lines are on the log.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "abi/manifest.h"

HEARTH_MANIFEST("name linux-test\nimport log\nimport vfs\nimport stream optional\n");

#define TEST_FOLDER(count, argument) ((count) > 1 ? (argument)[1] : "/fixture")

static int test_failures;
static const char *test_prefix = "";

static inline void test_report(bool holds, const char *name, const char *condition, int line)
{
	if (holds)
		printf("ok %s.%s\n", test_prefix, name);
	else
		printf("not ok %s.%s: line %d: this does not hold: %s (errno %d)\n", test_prefix, name, line, condition, errno);
	test_failures += !holds;
	fflush(stdout);
}

#define TEST(name, condition) test_report((condition), name, #condition, __LINE__)
/* A call of Linux's that must fail so. */
#define TEST_ERRNO(name, call, expected) \
	(errno = 0, test_report((call) == -1 && errno == (expected), name, #call " is " #expected, __LINE__))

static inline int test_result(void)
{
	printf("# %s: %d failures\n", test_prefix, test_failures);
	fflush(stdout);
	return test_failures != 0;
}
