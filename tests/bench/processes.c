/* Starting and ending processes, and what one that does nothing holds. */
#include <signal.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"

#define ROUNDS 20
#define SLEEPERS 500

static char tiny[] = MEASURE_TINY, self[] = MEASURE_SELF, sleep_word[] = MEASURE_SLEEP;
static char *tiny_arguments[] = {tiny, NULL};
static char *sleep_arguments[] = {self, sleep_word, NULL};
static char *environment[] = {NULL};

static pid_t run_by_vfork(char *const *arguments)
{
	pid_t child = vfork();
	if (!child) {
		execve(arguments[0], arguments, environment);
		_exit(127);
	}
	return child;
}

static pid_t run_by_fork(void)
{
	pid_t child = fork();
	if (!child) {
		execve(MEASURE_TINY, tiny_arguments, environment);
		_exit(127);
	}
	return child;
}

static pid_t fork_and_exit(void)
{
	pid_t child = fork();
	if (!child)
		_exit(0);
	return child;
}

/* Whether it was started and has ended with status 0. */
static int ended(pid_t child)
{
	int status;
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

static uint64_t free_memory(void)
{
	struct sysinfo info;
	return sysinfo(&info) ? 0 : (uint64_t)info.freeram * info.mem_unit;
}

/* KiB of memory for each of many processes that sleep. */
static void measure_size(void)
{
	static pid_t sleeper[SLEEPERS];
	uint64_t before = free_memory();
	int started = 0;
	while (started < SLEEPERS && (sleeper[started] = run_by_vfork(sleep_arguments)) > 0)
		started++;
	usleep(100000);
	uint64_t after = free_memory();
	if (started == SLEEPERS && after && after <= before)
		measure_print("mem.per_process", (before - after) / SLEEPERS / 1024, "KiB");
	else
		MEASURE_FAILED("mem.per_process");
	for (int i = 0; i < started; i++)
		kill(sleeper[i], SIGKILL);
	for (int i = 0; i < started; i++)
		waitpid(sleeper[i], NULL, 0);
}

void measure_processes(void)
{
	if (!ended(run_by_vfork(tiny_arguments))) {
		MEASURE_FAILED("proc: " MEASURE_TINY);
		return;
	}
	MEASURE("proc.spawn_wait", ROUNDS, if (!ended(run_by_vfork(tiny_arguments))) break);
	MEASURE("proc.fork_exit_wait", ROUNDS, if (!ended(fork_and_exit())) break);
	MEASURE("proc.fork_exec_wait", ROUNDS, if (!ended(run_by_fork())) break);
	measure_size();
}
