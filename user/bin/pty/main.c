/*
 * pty COMMAND [ARGUMENT...]: runs the command in a session of its own on a pseudo terminal, as its standard input, output and
 * error. What it shows, this program writes to its standard output, byte by byte as the terminal has it (a newline is a carriage
 * return and a newline). What is on standard input is typed, and its end is the key for the end of input (^D), unless
 * the terminal has none just then. The size of its window is that of the terminal on standard output, else 24 lines of 80.
 *
 * The status is the command's, 128 and the number where a signal ended it, 127 if it cannot be started, 125 if something else
 * failed. What the command has left running is not waited for, nor is what that writes later.
 *
 * A POSIX program: it works on Linux too. scripts/guest --tty runs its command line by it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define STATUS_FAILED 125
#define STATUS_NOT_FOUND 127
/* What is read of the terminal once the command has ended: as much as a terminal can hold on Linux and here. */
#define REST_MAX 65536u

struct typing {
	char bytes[1024];
	size_t start, end; /* of those that the terminal has not taken yet */
	bool at_end;       /* nothing more comes */
	bool in_line;      /* the last byte was no newline */
};

static volatile sig_atomic_t child_changed;

static void note_child(int signal)
{
	(void)signal;
	child_changed = 1;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "pty: cannot %s: %s\n", what, strerror(errno));
	exit(STATUS_FAILED);
}

static int open_master(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct winsize size = {.ws_row = 24, .ws_col = 80};

	if (master < 0 || grantpt(master) || unlockpt(master) || fcntl(master, F_SETFD, FD_CLOEXEC) ||
	        fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK))
		fail("make a pseudo terminal");
	(void)!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size); /* leaves it as it is where there is no terminal */
	if (ioctl(master, TIOCSWINSZ, &size))
		fail("give the terminal a size");
	return master;
}

static _Noreturn void run_command(int terminal, char **arguments)
{
	if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0))
		fail("begin a session on the terminal");
	for (int fd = 0; fd < 3; fd++) {
		if (dup2(terminal, fd) < 0)
			fail("give the terminal to the command");
	}
	execvp(arguments[0], arguments);
	fprintf(stderr, "pty: %s: %s\n", arguments[0], strerror(errno));
	_exit(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_FOUND - 1);
}

/* At the end of input. In the middle of a line the first ^D only sends that. */
static void type_end(struct typing *typing, int master)
{
	struct termios attributes;

	typing->at_end = true;
	if (tcgetattr(master, &attributes) || !(attributes.c_lflag & ICANON))
		return;
	typing->start = 0;
	typing->end = typing->in_line ? 2 : 1;
	memset(typing->bytes, attributes.c_cc[VEOF], typing->end);
}

static void take_input(struct typing *typing, int master)
{
	ssize_t length = read(STDIN_FILENO, typing->bytes, sizeof typing->bytes);

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (length <= 0) {
		type_end(typing, master);
		return;
	}
	typing->start = 0;
	typing->end = (size_t)length;
	typing->in_line = typing->bytes[length - 1] != '\n';
}

static void type(struct typing *typing, int master)
{
	ssize_t length = write(master, typing->bytes + typing->start, typing->end - typing->start);

	if (length > 0)
		typing->start += (size_t)length;
	else if (errno != EAGAIN && errno != EINTR) /* nobody can read it any more */
		*typing = (struct typing){.at_end = true};
}

/* Returns how many bytes it has passed on: 0 or less if there are none now. */
static ssize_t show(int master)
{
	char bytes[4096];
	ssize_t length = read(master, bytes, sizeof bytes);

	for (ssize_t done = 0, part; done < length; done += part) {
		part = write(STDOUT_FILENO, bytes + done, (size_t)(length - done));
		if (part < 0 && errno != EINTR)
			fail("write to standard output");
		part = part < 0 ? 0 : part;
	}
	return length;
}

/* Until the command has ended, whose status it returns. SIGCHLD comes only in ppoll. */
static int attend(int master, pid_t child, struct typing *typing, const sigset_t *unblocked)
{
	int status;

	for (;;) {
		bool to_type = typing->start < typing->end;
		struct pollfd files[] = {{.fd = master, .events = (short)(POLLIN | (to_type ? POLLOUT : 0))},
		        {.fd = to_type || typing->at_end ? -1 : STDIN_FILENO, .events = POLLIN}};

		if (child_changed) {
			child_changed = 0;
			if (waitpid(child, &status, WNOHANG) == child)
				return status;
		}
		if (ppoll(files, 2, NULL, unblocked) < 0) {
			if (errno != EINTR)
				fail("wait for the terminal");
			continue;
		}
		if (files[0].revents & POLLOUT)
			type(typing, master);
		if (files[0].revents & ~POLLOUT)
			show(master);
		if (files[1].revents)
			take_input(typing, master);
	}
}

int main(int count, char **arguments)
{
	struct sigaction action = {.sa_handler = note_child};
	struct typing typing = {0};
	sigset_t blocked, before;

	if (count < 2) {
		fputs("usage: pty COMMAND [ARGUMENT...]\n", stderr);
		return STATUS_FAILED;
	}
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigemptyset(&action.sa_mask);
	if (sigprocmask(SIG_BLOCK, &blocked, &before) || sigaction(SIGCHLD, &action, NULL))
		fail("wait for a child");
	int master = open_master();
	/* Open here as long as the command runs, which may close and open it as it likes. */
	int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0)
		fail("open the pseudo terminal");

	/* An input that is at its end already is so before the command can change what the keys mean. */
	if (poll(&(struct pollfd){.fd = STDIN_FILENO, .events = POLLIN}, 1, 0) == 1) {
		take_input(&typing, master);
		type(&typing, master);
	}
	pid_t child = fork();
	if (child < 0)
		fail("make a process");
	if (child == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		run_command(terminal, arguments + 1);
	}
	sigdelset(&before, SIGCHLD);
	int status = attend(master, child, &typing, &before);
	ssize_t length;
	for (size_t rest = 0; rest < REST_MAX && (length = show(master)) > 0; rest += (size_t)length)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
