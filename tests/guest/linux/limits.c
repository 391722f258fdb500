/*
 * Limits that hold: hard ones of memory and of processes bind a process and all that descends from it, together, and nobody else
 * notices what happens in there. Started by a shell in Hearth.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/linux/test.h"

#define MIB (1ul << 20)

static bool limit(int resource, rlim_t soft, rlim_t hard)
{
	return !setrlimit(resource, &(struct rlimit){soft, hard});
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* A child that runs a function, which answers how it went. */
static int in_child(int (*function)(void))
{
	int status = -1;
	fflush(stdout);
	pid_t child = fork();
	if (!child)
		_exit(function());
	return waitpid(child, &status, 0) == child ? status : -1;
}

static bool exits_with(int (*function)(void), int code)
{
	int status = in_child(function);
	if (WIFEXITED(status) && WEXITSTATUS(status) == code)
		return true;
	printf("# status %x\n", (unsigned)status);
	return false;
}

static void touch(size_t length)
{
	char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		_exit(10);
	for (size_t i = 0; i < length; i += 4096)
		memory[i] = 1;
}

/* Whether it has ended for want of memory. */
static bool has_failed(pid_t child)
{
	int status;
	return child < 0 || (waitpid(child, &status, WNOHANG) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* Each of them stays below the limit of address space; together they can not. */
static int share_memory(void)
{
	enum { CHILDREN = 12 };
	int failed = 0, whole = 0, status, ready[2];
	if (!limit(RLIMIT_AS, 32 * MIB, 32 * MIB) || pipe2(ready, O_NONBLOCK))
		return 1;
	pid_t child[CHILDREN];
	for (int i = 0; i < CHILDREN; i++) {
		child[i] = fork();
		if (!child[i]) {
			touch(6 * MIB);
			if (write(ready[1], "x", 1) == 1)
				pause();
			_exit(0);
		}
	}
	bool settled[CHILDREN] = {false};
	for (int round = 0; round < 1200 && whole + failed < CHILDREN; round++) {
		char text[CHILDREN];
		ssize_t count = read(ready[0], text, sizeof text);
		whole += count > 0 ? (int)count : 0;
		for (int i = 0; i < CHILDREN; i++)
			if (!settled[i] && has_failed(child[i])) {
				settled[i] = true;
				failed++;
			}
		sleep_ms(50);
	}
	printf("# %d of %d had 6 MiB in 32 MiB, %d had not\n", whole, CHILDREN, failed);
	if (!whole || whole > 5 || whole + failed != CHILDREN)
		return 2;
	for (int i = 0; i < CHILDREN; i++) {
		if (settled[i])
			continue;
		kill(child[i], SIGKILL);
		waitpid(child[i], &status, 0);
	}
	/* What they had is there again. */
	child[0] = fork();
	if (!child[0]) {
		touch(6 * MIB);
		_exit(0);
	}
	return waitpid(child[0], &status, 0) == child[0] && status == 0 ? 7 : 3;
}

static int raise_limits(void)
{
	struct rlimit now;
	if (!limit(RLIMIT_AS, 32 * MIB, 64 * MIB) || !limit(RLIMIT_NPROC, 5, 10))
		return 1;
	if (limit(RLIMIT_AS, 32 * MIB, 65 * MIB) || errno != EPERM || limit(RLIMIT_NPROC, 5, RLIM_INFINITY) || errno != EPERM)
		return 2;
	if (!limit(RLIMIT_AS, 64 * MIB, 64 * MIB) || !limit(RLIMIT_NPROC, 10, 10))
		return 3;
	if (getrlimit(RLIMIT_AS, &now) || now.rlim_cur != 64 * MIB || now.rlim_max != 64 * MIB)
		return 4;
	return limit(RLIMIT_AS, 64 * MIB, RLIM_INFINITY) ? 5 : 7;
}

/* As many as there may be, this one counted. */
static int count_processes(void)
{
	enum { MOST = 20 };
	pid_t child[MOST];
	int made = 0;
	if (!limit(RLIMIT_NPROC, 6, 6))
		return 1;
	for (; made < MOST; made++) {
		child[made] = fork();
		if (child[made] < 0)
			break;
		if (!child[made]) {
			pause();
			_exit(0);
		}
	}
	int why = errno;
	for (int i = 0; i < made; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
	if (made != 5 || why != EAGAIN)
		return 2;
	return fork() >= 0 ? 7 : 3;
}

static void bomb(void)
{
	for (;;)
		fork();
}

/* A bomb that goes on for seconds. Meanwhile this process, outside, works as ever. */
static bool works_beside_a_bomb(void)
{
	pid_t leader = fork();
	if (!leader) {
		setpgid(0, 0);
		if (limit(RLIMIT_NPROC, 15, 15) && limit(RLIMIT_AS, 64 * MIB, 64 * MIB))
			bomb();
		_exit(1);
	}
	setpgid(leader, leader);
	sleep_ms(300);
	int worked = 0;
	for (int i = 0; i < 10; i++) {
		int status = -1, file = open("/tmp/beside", O_CREAT | O_RDWR | O_TRUNC, 0600);
		pid_t child = fork();
		if (!child)
			_exit(write(file, "works", 5) == 5 ? 4 : 5);
		worked += waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 4;
		close(file);
	}
	unlink("/tmp/beside");
	int rounds = 0;
	while (!kill(-leader, SIGKILL) && rounds < 100) { /* the dead ones' parents are gone with them, but for the first */
		waitpid(leader, NULL, WNOHANG);
		sleep_ms(20);
		rounds++;
	}
	waitpid(leader, NULL, WNOHANG);
	printf("# %d of 10 worked, ended after %d rounds\n", worked, rounds);
	return worked == 10 && rounds < 100;
}

int main(void)
{
	test_prefix = "linux.limits";
	TEST("processes_below_a_limit_of_memory_share_it_and_those_beyond_it_end_alone", exits_with(share_memory, 7));
	TEST("a_hard_limit_is_never_raised_and_a_soft_one_up_to_it", exits_with(raise_limits, 7));
	TEST("a_limit_of_processes_counts_who_descends_from_who_set_it", exits_with(count_processes, 7));
	TEST("a_bomb_in_a_limited_group_disturbs_nobody_outside", works_beside_a_bomb());
	return test_result();
}
