/*
 * What programs see of each other while pm ends at point after point of its work (points.c): children start, end and are waited for, groups,
 * sessions, stops, signals and /proc are as if nothing had happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINTS 240
#define STEP 3

static int point;
static volatile int got;

static void fail(const char *what)
{
	printf("not ok families: point %d: %s: %s\n", point, what, strerror(errno));
	exit(1);
}

#define MUST(condition) ((condition) ? (void)0 : fail(#condition))

/* Names nothing; pm takes it as its order. */
static void arm(void)
{
	char name[32];
	struct stat stat;
	snprintf(name, sizeof name, "/proc/arm-%d", point);
	MUST(lstat(name, &stat) == -1 && errno == ENOENT);
}

static void note(int signal)
{
	(void)signal;
	got = 1;
}

static void wait_for(pid_t child, int wanted)
{
	int status;
	MUST(waitpid(child, &status, 0) == child);
	MUST(status == wanted);
}

static void fork_and_wait(void)
{
	pid_t child = fork();
	if (!child)
		_exit(point % 100);
	MUST(child > 0);
	wait_for(child, (point % 100) << 8);
}

static void exec_and_wait(void)
{
	pid_t child = vfork();
	if (!child) {
		execl("/bin/busybox", "sh", "-c", "exit 7", NULL);
		_exit(127);
	}
	MUST(child > 0);
	wait_for(child, 7 << 8);
}

/* A child in a group of its own stops, goes on and ends by a signal; each is waited for. */
static void stop_and_go_on(void)
{
	int status;
	pid_t child = fork();
	if (!child) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	MUST(child > 0 && (!setpgid(child, child) || errno == EACCES) && getpgid(child) == child);
	MUST(!kill(child, SIGSTOP) && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	MUST(!kill(-child, SIGCONT) && waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
	MUST(!kill(-child, SIGTERM));
	wait_for(child, SIGTERM);
}

static void signal_parent(void)
{
	got = 0;
	pid_t child = fork();
	if (!child)
		_exit(setsid() != getpid() || getsid(0) != getpid() || kill(getppid(), SIGUSR1));
	wait_for(child, 0);
	MUST(got);
}

static void look_at_proc(void)
{
	char text[64] = "";
	int file = open("/proc/self/comm", O_RDONLY);
	MUST(file >= 0 && read(file, text, sizeof text - 1) > 0 && !strcmp(text, "families\n") && !close(file));
}

int main(void)
{
	char first[32] = "";
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = note, .sa_flags = SA_RESTART}, NULL);
	int held = open("/proc/self/comm", O_RDONLY); /* open all the time */
	pid_t waiting = fork();                       /* and somebody waits all the time */
	if (!waiting)
		_exit(execl("/bin/busybox", "sh", "-c", "sleep 1000 & wait; exit 1", NULL));
	MUST(held >= 0 && waiting > 0);
	for (point = 1; point <= POINTS; point += STEP) {
		arm();
		fork_and_wait();
		stop_and_go_on();
		signal_parent();
		exec_and_wait();
		look_at_proc();
	}
	MUST(read(held, first, sizeof first) == 9 && !strcmp(first, "families\n"));
	MUST(!kill(waiting, SIGKILL));
	wait_for(waiting, SIGKILL);
	MUST(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
	printf("ok families\n");
	return 7;
}
