/*
 * What is left behind by processes: nothing. Started by a shell in Hearth. Each of the things below is done a few times, so that
 * servers have made the room that it takes, then the counts are taken, of the machine's free pages and of the kernel's objects of
 * each kind, then it is done many times more, and then the counts must be what they were, or better.
 *
 * Allocators keep a page more or less, as chance has laid out what they hold: libc's in the servers, the kernel's of objects. So where
 * a count is off, the work is done and counted again, up to ROUNDS times. What leaves something behind does so each time.
 *
 *   leaks [FORKS [TOGETHER]]   so many forks with exec, one after another, and so many processes at a time
 */
#include "counts.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS 6

static const char *self = "/proc/self/exe";
static char child_word[] = "child";

/* The same work before and after the counting. */
static void leaves_nothing(const char *name, void (*work)(unsigned count), unsigned first, unsigned count)
{
	struct counts before;
	char why[256] = "";
	work(first);
	usleep(200000);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		counts_take(&before);
		work(count);
		if (counts_settle(&before, why, sizeof why)) {
			printf("ok %s.%s\n# %u of it, %u times\n", test_prefix, name, count, round);
			fflush(stdout);
			return;
		}
	}
	printf("not ok %s.%s: %u of it, each time: %s\n", test_prefix, name, count, why);
	fflush(stdout);
	test_failures++;
}

static void expect(pid_t child, int status)
{
	int is = -1;
	if (child < 0 || waitpid(child, &is, 0) != child || is != status) {
		printf("not ok %s: a child %d ended with %#x\n", test_prefix, child, is);
		test_failures++;
	}
}

static void fork_exec(unsigned count)
{
	while (count--) {
		pid_t child = fork();
		if (!child) {
			execl(self, self, child_word, NULL);
			_exit(1);
		}
		expect(child, 0x4900);
	}
}

static void vfork_exec(unsigned count)
{
	while (count--) {
		pid_t child = vfork();
		if (!child) {
			execl(self, self, child_word, NULL);
			_exit(1);
		}
		expect(child, 0x4900);
	}
}

static void fork_exit(unsigned count)
{
	while (count--) {
		pid_t child = fork();
		if (!child)
			_exit(73);
		expect(child, 0x4900);
	}
}

/* Ends that nobody has prepared for. */
static void fork_kill(unsigned count)
{
	while (count--) {
		pid_t child = fork();
		if (!child) {
			for (;;)
				pause();
		}
		kill(child, SIGKILL);
		expect(child, SIGKILL);
	}
}

/* All of them live at a time, and then none. */
static void together(unsigned count)
{
	int gate[2];
	unsigned started = 0;
	if (pipe(gate))
		return;
	for (; started < count; started++) {
		pid_t child = fork();
		if (child < 0)
			break;
		if (!child) {
			char byte;
			close(gate[1]);
			_exit(read(gate[0], &byte, 1) == 0 ? 73 : 1);
		}
	}
	close(gate[0]);
	close(gate[1]);
	unsigned well = 0;
	for (int status; wait(&status) > 0;)
		well += status == 0x4900;
	if (started != count || well != count) {
		printf("not ok %s: %u of %u were started, %u ended well\n", test_prefix, started, count, well);
		test_failures++;
	}
}

static void open_things(unsigned count)
{
	while (count--) {
		int pair[2], ends[2], file = -1;
		char name[] = "/tmp/leaks-XXXXXX";
		bool made = !pipe(ends) && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && (file = mkstemp(name)) >= 0;
		if (!made || write(file, self, 5) != 5 || write(ends[1], self, 5) != 5 || write(pair[0], self, 5) != 5)
			test_failures++;
		unlink(name);
		pid_t child = fork(); /* has all of it too, and closes nothing */
		if (!child)
			_exit(73);
		expect(child, 0x4900);
		close(file);
		for (unsigned i = 0; i < 2; i++) {
			close(pair[i]);
			close(ends[i]);
		}
		int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
		close(terminal);
	}
}

static void open_fifos(unsigned count)
{
	static const int ways[] = {O_RDONLY | O_NONBLOCK, O_WRONLY, O_RDWR, O_PATH};
	while (count--) {
		char name[] = "/tmp/leaks-XXXXXX";
		int fd[sizeof ways / sizeof *ways];
		if (!mkdtemp(name) || chdir(name) || mkfifo("f", 0600))
			test_failures++;
		for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++)
			fd[i] = open("f", ways[i]);
		if (write(fd[1], self, 5) != 5)
			test_failures++;
		unlink("f");
		rmdir(name);
		for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++)
			close(fd[i]);
	}
}

int main(int count, char **arguments)
{
	test_prefix = "linux.leaks";
	if (count > 1 && !strcmp(arguments[1], child_word))
		return 73;
	unsigned forks = count > 1 ? (unsigned)atoi(arguments[1]) : 500, most = count > 2 ? (unsigned)atoi(arguments[2]) : 100;
	if (!counts_begin())
		return 1;
	leaves_nothing("forks_that_exit_leave_nothing", fork_exit, 50, forks / 4);
	leaves_nothing("forks_that_are_killed_leave_nothing", fork_kill, 50, forks / 4);
	leaves_nothing("vforks_with_exec_leave_nothing", vfork_exec, 50, forks / 4);
	leaves_nothing("forks_with_exec_leave_nothing", fork_exec, 50, forks);
	leaves_nothing("files_pipes_sockets_and_terminals_leave_nothing", open_things, 50, forks / 4);
	leaves_nothing("fifos_leave_nothing", open_fifos, 50, forks / 4);
	leaves_nothing("many_processes_at_a_time_leave_nothing", together, most, most);
	return test_result();
}
