/*
 * What a shell in a pseudo terminal, and who is at the other side of it, see while the console server ends at point after point of its
 * work (points.c): each byte comes once and in order, settings stay, who waits goes on waiting, who is interrupted is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define POINTS 400
#define STEP 4
#define WAIT_MS 60000 /* for what comes at once, on a host however busy */

static int point, master;
static char name[64];

static void fail(const char *what)
{
	printf("not ok terminals: point %d: %s: %s\n", point, what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

#define MUST(condition) ((condition) ? (void)0 : fail(#condition))

/* There is no such file; the console hears which point it is to end at. */
static void arm(void)
{
	char path[64];
	struct stat stat_of;
	snprintf(path, sizeof path, "/dev/console/arm-%d", point);
	MUST(stat(path, &stat_of) == -1);
}

/* All that the terminal shows next is this. */
static void expect(const char *text)
{
	size_t length = strlen(text), got = 0;
	char shown[512];
	while (got < length) {
		struct pollfd wait = {.fd = master, .events = POLLIN};
		MUST(poll(&wait, 1, WAIT_MS) == 1);
		ssize_t part = read(master, shown + got, sizeof shown - 1 - got);
		MUST(part > 0);
		got += (size_t)part;
	}
	shown[got] = 0;
	if (strcmp(shown, text)) {
		printf("shown: \"%s\", not \"%s\"\n", shown, text);
		fail("something else is shown");
	}
}

static void type(const char *text)
{
	MUST(write(master, text, strlen(text)) == (ssize_t)strlen(text));
}

/* What a shell does: it reads lines and answers. */
static void be_shell(void)
{
	char line[128];
	MUST(setsid() > 0);
	int terminal = open(name, O_RDWR);
	MUST(terminal >= 0 && tcgetpgrp(terminal) == getpid());
	for (ssize_t length; (length = read(terminal, line, sizeof line)) > 0;) {
		char text[160];
		int count = snprintf(text, sizeof text, "got %.*s", (int)length, line);
		MUST(write(terminal, text, (size_t)count) == count);
	}
	_exit(0);
}

static void take_line(void)
{
	char line[64], shown[160];
	snprintf(line, sizeof line, "line %d", point);
	type(line);
	type("x\177\n"); /* one character too many, taken back */
	snprintf(shown, sizeof shown, "%sx\b \b\r\ngot %s\r\n", line, line);
	expect(shown);
}

/* Settings are those of the terminal, whoever asks. */
static void set_and_look(int terminal)
{
	struct termios settings, seen;
	struct winsize size = {.ws_row = (unsigned short)point, .ws_col = 81}, size_seen;
	MUST(!tcgetattr(terminal, &settings));
	settings.c_cc[VEOL2] = (cc_t)(point % 200 + 40);
	MUST(!tcsetattr(terminal, TCSANOW, &settings) && !ioctl(master, TIOCSWINSZ, &size));
	MUST(!tcgetattr(terminal, &seen) && seen.c_cc[VEOL2] == settings.c_cc[VEOL2] && seen.c_lflag == settings.c_lflag);
	MUST(!ioctl(terminal, TIOCGWINSZ, &size_seen) && size_seen.ws_row == size.ws_row && size_seen.ws_col == 81);
	settings.c_cc[VEOL2] = 0;
	MUST(!tcsetattr(terminal, TCSANOW, &settings));
}

static void do_nothing(int signal)
{
	(void)signal;
}

/* A master that waits for what will not come is interrupted. */
static void be_interrupted(void)
{
	struct sigaction action = {.sa_handler = do_nothing};
	struct itimerval soon = {.it_value.tv_usec = 3000}, never = {0};
	char byte;
	soon.it_interval.tv_usec = 50000; /* the first may come before the read begins */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	MUST(read(master, &byte, 1) == -1 && errno == EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
}

int main(void)
{
	int status;
	master = posix_openpt(O_RDWR | O_NOCTTY);
	MUST(master >= 0 && !grantpt(master) && !unlockpt(master) && !ptsname_r(master, name, sizeof name));
	int terminal = open(name, O_RDWR | O_NOCTTY);
	MUST(terminal >= 0);
	pid_t shell = fork();
	if (!shell) {
		close(master);
		close(terminal);
		be_shell();
	}
	for (point = 1; point < POINTS; point += STEP) {
		arm();
		take_line();
		set_and_look(terminal);
		be_interrupted();
	}
	arm();
	type("\004");
	MUST(waitpid(shell, &status, 0) == shell && !status);
	printf("ok terminals\n");
	return 7;
}
