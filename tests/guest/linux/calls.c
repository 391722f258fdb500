/* Identity, time, random numbers, signals, limits, and what a call that does not exist gets. */
#include "test.h"

#include <elf.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

static int64_t ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

static void start(int count, char **argument, char **environment)
{
	TEST("arguments", count >= 1 && argument[0] && !argument[count]);
	TEST("environment", environment == argument + count + 1);
	TEST("auxiliary_vector",
	        getauxval(AT_PAGESZ) == 4096 && getauxval(AT_PHDR) && getauxval(AT_PHENT) == sizeof(Elf64_Phdr) &&
	                getauxval(AT_ENTRY) && getauxval(AT_CLKTCK) == 100 && !getauxval(AT_SECURE) && !getauxval(AT_UID));
	TEST("random_bytes_at_start", getauxval(AT_RANDOM) && *(uint64_t *)getauxval(AT_RANDOM));
	TEST("name_at_start", ((char *)getauxval(AT_EXECFN))[0] == '/');
	TEST("headers_are_readable", ((Elf64_Phdr *)getauxval(AT_PHDR))->p_type != 0);
	TEST("start_block", getauxval(0x48454152) && *(uint64_t *)getauxval(0x48454152) == 0x5452415453485248);
}

static void identity(void)
{
	struct utsname name;
	TEST("uname",
	        !uname(&name) && !strcmp(name.sysname, "Linux") && !strcmp(name.release, "6.1.0-hearth") &&
	                !strcmp(name.machine, "x86_64"));
	TEST("no_users", getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
	TEST("first_thread_has_the_process_number", getpid() > 0 && syscall(SYS_gettid) == getpid());
	TEST("group_and_session", getpgrp() == getpid() && getsid(0) == getpid() && getpgid(0) == getpid() && !setpgid(0, 0));
	TEST("no_children", wait(NULL) == -1 && errno == ECHILD);
	TEST_ERRNO("no_fork", syscall(SYS_fork), ENOSYS);
	TEST_ERRNO("no_fork_by_clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), ENOSYS);
	TEST_ERRNO("no_execve", syscall(SYS_execve, "/bin/sh", 0, 0), ENOSYS);
	TEST_ERRNO("unknown_call", syscall(999), ENOSYS);
	TEST_ERRNO("absent_call", syscall(SYS_kexec_load, 0, 0, 0, 0), ENOSYS);
	char thread_name[16] = "";
	TEST("prctl_name",
	        !prctl(PR_SET_NAME, "a-name-too-long-for-it") && !prctl(PR_GET_NAME, thread_name) &&
	                !strcmp(thread_name, "a-name-too-long"));
	cpu_set_t cpus;
	TEST("affinity", !sched_getaffinity(0, sizeof cpus, &cpus) && CPU_ISSET(0, &cpus));
	TEST("it_can_be_set_to_what_is_there",
	        !sched_setaffinity(0, sizeof cpus, &cpus) && !sched_setaffinity(getpid(), sizeof cpus, &cpus));
	CPU_ZERO(&cpus);
	TEST_ERRNO("not_to_nothing", sched_setaffinity(0, sizeof cpus, &cpus), EINVAL);
	TEST_ERRNO("that_of_nobody_is_not_known", sched_getaffinity(0x7ffffff0, sizeof cpus, &cpus), ESRCH);
	struct rlimit limit;
	TEST("limits",
	        !getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur == 1024 && !getrlimit(RLIMIT_STACK, &limit) &&
	                limit.rlim_cur == 8 << 20);
	struct sysinfo info;
	TEST("sysinfo", !sysinfo(&info) && info.mem_unit == 1);
	TEST("bad_pointer", syscall(SYS_uname, ~0xffful) == -1 && errno == EFAULT);
	TEST("sched_yield", !sched_yield());
}

static void clocks(void)
{
	struct timespec a, b, wall, res;
	struct timeval tv;
	TEST("monotonic_runs",
	        !clock_gettime(CLOCK_MONOTONIC, &a) && !clock_gettime(CLOCK_MONOTONIC, &b) && ns(&b) >= ns(&a) && ns(&a) > 0);
	bool forward = true;
	for (int i = 0; i < 10000; i++) {
		clock_gettime(CLOCK_MONOTONIC, &b);
		forward &= ns(&b) >= ns(&a);
		a = b;
	}
	TEST("monotonic_never_goes_back", forward);
	TEST("wall_clocks_agree",
	        !clock_gettime(CLOCK_REALTIME, &wall) && !gettimeofday(&tv, NULL) && labs(tv.tv_sec - wall.tv_sec) <= 1 &&
	                labs(time(NULL) - wall.tv_sec) <= 1);
	TEST("resolution", !clock_getres(CLOCK_MONOTONIC, &res) && ns(&res) == 1);
	TEST_ERRNO("no_such_clock", clock_gettime(77, &a), EINVAL);
	clock_gettime(CLOCK_MONOTONIC, &a);
	struct timespec nap = {0, 20000000};
	TEST("nanosleep", !nanosleep(&nap, NULL));
	clock_gettime(CLOCK_MONOTONIC, &b);
	TEST("nanosleep_is_long_enough", ns(&b) - ns(&a) >= 20000000);
	TEST("nanosleep_is_not_much_longer", ns(&b) - ns(&a) < 2000000000);
	b.tv_nsec += 10000000;
	b.tv_sec += b.tv_nsec / 1000000000;
	b.tv_nsec %= 1000000000;
	TEST("absolute_sleep",
	        !clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &b, NULL) && !clock_gettime(CLOCK_MONOTONIC, &a) &&
	                ns(&a) >= ns(&b));
	nap.tv_nsec = 1000000000;
	TEST_ERRNO("bad_nanoseconds", nanosleep(&nap, NULL), EINVAL);
	struct tms tms;
	TEST("times", times(&tms) != (clock_t)-1);
	TEST("cpu_time", !clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a) && ns(&a) >= 0);
	TEST("cpu_time_of_a_thread", ({
		struct timespec start, end;
		int error = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
		for (volatile unsigned i = 0; i < 30000000; i++)
			;
		!error && !clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end) && ns(&end) > ns(&start);
	}));
}

static void random_numbers(void)
{
	unsigned char a[100000], b[32], c[32];
	TEST("getrandom_small", getrandom(b, 32, 0) == 32 && getrandom(c, 32, 0) == 32 && memcmp(b, c, 32));
	TEST("getrandom_large", getrandom(a, sizeof a, 0) == sizeof a);
	unsigned counts[256] = {0}, worst = 0;
	for (unsigned i = 0; i < sizeof a; i++)
		counts[a[i]]++;
	for (unsigned i = 0; i < 256; i++)
		worst = counts[i] > worst ? counts[i] : worst;
	TEST("getrandom_is_even", worst < 600); /* 390 expected; 600 is ten standard deviations off */
	TEST_ERRNO("getrandom_flags", getrandom(b, 1, 0x80), EINVAL);
}

static volatile int handled;
static void on_signal(int signal)
{
	handled = signal;
}

static void signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
	TEST("sigaction_is_kept",
	        !sigaction(SIGUSR1, &action, NULL) && !sigaction(SIGUSR1, NULL, &old) && old.sa_handler == on_signal &&
	                (old.sa_flags & SA_RESTART));
	TEST_ERRNO("sigaction_of_kill", sigaction(SIGKILL, &action, NULL), EINVAL);
	TEST("a_handler_runs", !syscall(SYS_kill, getpid(), SIGUSR1) && handled == SIGUSR1);
	sigset_t set, before;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	TEST("mask_is_kept",
	        !sigprocmask(SIG_BLOCK, &set, NULL) && !sigprocmask(SIG_SETMASK, NULL, &before) &&
	                sigismember(&before, SIGTERM) == 1);
	TEST("a_blocked_signal_waits", !kill(getpid(), SIGTERM) && !sigpending(&before) && sigismember(&before, SIGTERM) == 1);
	action.sa_handler = SIG_IGN;
	TEST("an_ignored_signal_is_lost",
	        !sigaction(SIGTERM, &action, NULL) && !sigprocmask(SIG_UNBLOCK, &set, NULL) && !kill(getpid(), SIGTERM));
	TEST("default_ignored", !kill(getpid(), SIGCHLD) && !kill(getpid(), SIGWINCH));
	TEST("signal_zero", !kill(getpid(), 0) && !kill(0, 0));
	TEST_ERRNO("nobody_else", kill(getpid() + 1, SIGTERM), ESRCH);
	TEST_ERRNO("bad_signal", kill(getpid(), 65), EINVAL);
	char memory[SIGSTKSZ];
	stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory}, was;
	TEST("alternate_stack",
	        !sigaltstack(&stack, &was) && was.ss_flags == SS_DISABLE && !sigaltstack(NULL, &was) && was.ss_sp == memory);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
}

int main(int count, char **argument, char **environment)
{
	test_prefix = "linux.calls";
	if (count > 2 && !strcmp(argument[1], "--end-by")) {
		int signal = atoi(argument[2]);
		if (signal == SIGABRT)
			abort();
		raise(signal);
		return 1;
	}
	start(count, argument, environment);
	identity();
	clocks();
	random_numbers();
	signals();
	return test_result();
}
