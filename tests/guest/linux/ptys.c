/* Pseudo terminals, and a session on one: started by a shell, in Hearth and on Linux. */
#define _XOPEN_SOURCE 600
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

static volatile sig_atomic_t interrupted;

static void note(int signal)
{
	interrupted = signal;
}

static bool reads(int fd, const char *text)
{
	char bytes[256];
	size_t length = 0, wanted = strlen(text);
	while (length < wanted) {
		ssize_t part = read(fd, bytes + length, wanted - length);
		if (part <= 0)
			return false;
		length += (size_t)part;
	}
	return !memcmp(bytes, text, wanted);
}

static bool writes(int fd, const char *text)
{
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static int open_master(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	return master >= 0 && !grantpt(master) && !unlockpt(master) ? master : -1;
}

static void test_pair(void)
{
	int master = open_master();
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	struct termios attributes;
	struct winsize size = {.ws_row = 33, .ws_col = 99}, seen = {0};
	TEST("both_sides_open", master >= 0 && slave >= 0);
	TEST("both_are_terminals", isatty(master) && isatty(slave));
	TEST("what_is_typed_is_shown_and_read",
	        writes(master, "hello\n") && reads(master, "hello\r\n") && reads(slave, "hello\n"));
	TEST("newlines_are_carriage_returns_too", writes(slave, "a\nb\n") && reads(master, "a\r\nb\r\n"));
	TEST("the_size_is_that_of_both",
	        !ioctl(master, TIOCSWINSZ, &size) && !ioctl(slave, TIOCGWINSZ, &seen) && seen.ws_row == 33);
	TEST("attributes", !tcgetattr(slave, &attributes));
	attributes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	attributes.c_cc[VMIN] = 0;
	attributes.c_cc[VTIME] = 1;
	TEST("raw", !tcsetattr(slave, TCSANOW, &attributes) && writes(master, "x") && reads(slave, "x"));
	char byte;
	static char many[65536], back[65536];
	size_t sent = 0, got = 0;
	ssize_t part;
	for (size_t i = 0; i < sizeof many; i++)
		many[i] = (char)('a' + i % 23);
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	while (sent < sizeof many && (part = write(master, many + sent, sizeof many - sent)) > 0)
		sent += (size_t)part;
	while (got < sent && (part = read(slave, back + got, sizeof back - got)) > 0)
		got += (size_t)part;
	TEST("what_is_typed_faster_than_read_waits_and_is_not_lost",
	        sent && sent < sizeof many && got == sent && !memcmp(many, back, got));
	fcntl(master, F_SETFL, O_RDWR);
	TEST("a_read_with_a_time_ends_without_a_byte", read(slave, &byte, 1) == 0);
	close(slave);
	TEST_ERRNO("a_master_whose_other_side_is_closed", read(master, &byte, 1), EIO);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	close(master);
	TEST("an_end_when_the_master_is_gone", read(slave, &byte, 1) == 0);
	TEST_ERRNO("and_no_writing", write(slave, "x", 1), EIO);
	close(slave);
}

/* A session of its own on the terminal; its exit status tells the first check that failed. */
static int run_session(const char *name)
{
	if (setsid() != getpid())
		return 1;
	int slave = open(name, O_RDWR);
	struct sigaction action = {.sa_handler = note};
	sigset_t blocked, before;
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (slave < 0 || tcgetpgrp(slave) != getpid() || tcgetsid(slave) != getpid())
		return 2;
	int again = open("/dev/tty", O_RDWR);
	if (again < 0 || !writes(again, "ready\n"))
		return 3;
	while (!interrupted)
		sigsuspend(&before);
	if (interrupted != SIGINT)
		return 4;
	/* A child in a group of its own is in the background: reading stops it. */
	pid_t child = fork();
	if (!child) {
		char byte;
		setpgid(0, 0);
		_exit(read(slave, &byte, 1) < 0);
	}
	setpgid(child, child);
	int status;
	if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTTIN)
		return 5;
	if (tcsetpgrp(slave, child) || tcgetpgrp(slave) != child)
		return 6;
	if (kill(-child, SIGCONT) || !writes(again, "typed\n") || waitpid(child, &status, 0) != child || status)
		return 7;
	return 0;
}

static void test_session(void)
{
	int master = open_master(), status;
	const char *name = ptsname(master);
	pid_t child = fork();
	if (!child)
		_exit(run_session(name));
	TEST("a_session_begins_on_the_terminal", reads(master, "ready\r\n"));
	TEST("an_interrupt_is_typed", writes(master, "\003") && reads(master, "^C"));
	TEST("its_group_comes_to_the_foreground", reads(master, "typed\r\n") && writes(master, "x\n"));
	TEST("the_session_ends_well", waitpid(child, &status, 0) == child && !status);
	if (status)
		printf("# it ended with 0x%x\n", (unsigned)status);
	close(master);
}

int main(void)
{
	test_prefix = "linux.ptys";
	alarm(30);
	test_pair();
	test_session();
	return test_result();
}
