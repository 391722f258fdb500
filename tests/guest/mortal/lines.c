/*
 * What a client of the example server sees while that ends at every point of its work (points.c): what was answered is not lost, what was
 * not is done once, what was open stays open, who waits goes on waiting, and who is interrupted is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NAME "/dev/example"
#define POINTS 120

static int point, file;

static void fail(const char *what)
{
	printf("not ok lines: point %d: %s: %s\n", point, what, strerror(errno));
	exit(1);
}

static const char *line_of(const char *word)
{
	static char text[64];
	snprintf(text, sizeof text, "%s %d", word, point);
	return text;
}

static void put(int to, const char *word)
{
	const char *text = line_of(word);
	if (write(to, text, strlen(text)) != (ssize_t)strlen(text))
		fail("a line is not taken");
}

static void take(const char *word)
{
	char text[256] = "";
	const char *wanted = line_of(word);
	errno = 0;
	if (read(file, text, 255) != (ssize_t)strlen(wanted) || strcmp(text, wanted)) {
		printf("got \"%s\" where \"%s\" was to come\n", text, wanted);
		fail("a line is lost, comes twice or is another");
	}
}

static void join(pid_t child)
{
	int status;
	if (waitpid(child, &status, 0) != child || status)
		fail("a reader has ended in another way");
}

static void do_nothing(int signal)
{
	(void)signal;
}

static void wait_and_take(void)
{
	pid_t child = fork();
	if (!child) {
		take("b");
		_exit(0);
	}
	usleep(2000);
	int second = open(FILE_NAME, O_WRONLY);
	if (second < 0)
		fail("it can not be opened again");
	put(second, "b");
	close(second);
	join(child);
}

static void wait_and_be_interrupted(void)
{
	pid_t child = fork();
	if (!child) {
		char text[256];
		sigaction(SIGALRM, &(struct sigaction){.sa_handler = do_nothing}, NULL);
		setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = 3000}, .it_interval = {.tv_usec = 3000}},
		        NULL);
		ssize_t got = read(file, text, 255);
		_exit(got != -1 || errno != EINTR);
	}
	join(child);
	put(file, "c");
	take("c");
}

int main(void)
{
	struct stat stat;
	for (point = 1; point <= POINTS; point++) {
		file = open(FILE_NAME, O_RDWR);
		if (file < 0)
			fail("it can not be opened");
		put(file, "arm");
		put(file, "a");
		take("arm");
		take("a");
		wait_and_take();
		wait_and_be_interrupted();
		if (fstat(file, &stat) || stat.st_size)
			fail("lines are left");
		close(file);
	}
	printf("ok lines: %d points\n", POINTS);
	return 7;
}
