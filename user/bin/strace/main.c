/*
 * strace [-f] [-o FILE] [-s BYTES] PROGRAM [ARGUMENT...]: runs a program whose Linux calls are told one by one, with arguments and
 * answers, on standard error or in a file; with -f those of its children too.
 *
 * The telling is done by user/linux inside the program (user/linux/trace.h). Here it is begun, and then this process becomes
 * the program: there is no second process that looks on, and nothing that it could look at which is not its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "abi/linux_trace.h"

#define STRINGS_MAX 512ul
#define CANNOT_BEGIN 125

_Noreturn static void fail(const char *what, const char *name)
{
	fprintf(stderr, "strace: %s %s: %s\n", what, name, strerror(errno));
	exit(CANNOT_BEGIN);
}

_Noreturn static void explain(void)
{
	fputs("usage: strace [-f] [-o FILE] [-s BYTES] PROGRAM [ARGUMENT...]\n"
	      "  -f  children too   -o  into a file, not to standard error   -s  bytes of a string that are shown (32; at most "
	      "512)\n",
	        stderr);
	exit(2);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (!*text || *end || value > STRINGS_MAX)
		explain();
	return value;
}

int main(int count, char **arguments)
{
	unsigned long flags = 0, strings = TRACE_STRINGS_USUAL;
	const char *file = NULL;
	int option, output = STDERR_FILENO;
	while ((option = getopt(count, arguments, "+fo:s:")) != -1) {
		switch (option) {
		case 'f': flags |= TRACE_CHILDREN; break;
		case 'o': file = optarg; break;
		case 's': strings = number(optarg); break;
		default: explain();
		}
	}
	if (optind == count)
		explain();
	/* Appended, because several processes write. */
	if (file && (output = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)) < 0)
		fail("cannot write", file);
	if (prctl(PR_HEARTH_TRACE, (unsigned long)output | flags | strings << TRACE_STRINGS_SHIFT))
		fail("cannot have calls told in", file ? file : "standard error");
	execvp(arguments[optind], arguments + optind);
	int error = errno;
	prctl(PR_HEARTH_TRACE, -1ul);
	errno = error;
	fail("cannot run", arguments[optind]);
}
