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

/* One after the other each has what the one before had. */
static int take_turns(void)
{
	int status;
	if (!limit(RLIMIT_AS, 32 * MIB, 32 * MIB))
		return 1;
	for (int i = 0; i < 10; i++) {
		pid_t child = fork();
		if (!child) {
			touch(6 * MIB);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			return 2;
	}
	return 7;
}

/* Tells of each that has its memory (x) or has ended for want of it (-). It may be this one itself for which a page more is too much. */
static void share_memory(int told)
{
	setpgid(0, 0);
	if (!limit(RLIMIT_AS, 32 * MIB, 32 * MIB))
		_exit(1);
	for (int i = 0; i < 12; i++) {
		pid_t child = fork();
		if (!child) {
			touch(6 * MIB);
			if (write(told, "x", 1) == 1)
				pause();
			_exit(0);
		}
	}
	for (int status; wait(&status) > 0;)
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && write(told, "-", 1) != 1)
			break;
	pause();
	_exit(0);
}

/* Each of them stays below the limit of address space; together they can not. Who looks on is outside. */
static bool shares_memory(void)
{
	int told[2], whole = 0, ended = 0, status;
	if (pipe2(told, O_NONBLOCK))
		return false;
	pid_t leader = fork();
	if (!leader)
		share_memory(told[1]);
	setpgid(leader, leader);
	for (int quiet = 0, round = 0; round < 1200 && (!whole || quiet < 60); round++, quiet++) {
		char text[16];
		ssize_t count = read(told[0], text, sizeof text);
		for (ssize_t i = 0; i < count; i++) {
			whole += text[i] == 'x';
			ended += text[i] == '-';
			quiet = 0;
		}
		sleep_ms(50);
	}
	bool leads = !waitpid(leader, &status, WNOHANG);
	printf("# %d of 12 had 6 MiB in 32 MiB, %d ended%s\n", whole, ended, leads ? "" : ", and their parent");
	kill(-leader, SIGKILL);
	if (leads)
		waitpid(leader, &status, 0);
	close(told[0]);
	close(told[1]);
	return whole >= 1 && whole <= 5 && (!leads || whole + ended == 12);
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
	TEST("processes_below_a_limit_of_memory_share_it_and_those_beyond_it_end_alone", shares_memory());
	TEST("memory_below_a_limit_is_there_again_when_who_had_it_has_ended", exits_with(take_turns, 7));
	TEST("a_hard_limit_is_never_raised_and_a_soft_one_up_to_it", exits_with(raise_limits, 7));
	TEST("a_limit_of_processes_counts_who_descends_from_who_set_it", exits_with(count_processes, 7));
	TEST("a_bomb_in_a_limited_group_disturbs_nobody_outside", works_beside_a_bomb());
	return test_result();
}
