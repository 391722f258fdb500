/* Timers that send signals, to the process or to a thread, once or again and again, and those that send none. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/guest/linux/test.h"

#define MS 1000000l

static volatile int came, value, code;
static volatile pid_t where;

static void note(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)context;
	came++;
	value = info->si_value.sival_int;
	code = info->si_code;
	where = gettid();
}

static timer_t make(int how, int signal, int given)
{
	timer_t timer = NULL;
	struct sigevent event = {.sigev_notify = how, .sigev_signo = signal, .sigev_value.sival_int = given};
	return timer_create(CLOCK_MONOTONIC, &event, &timer) ? NULL : timer;
}

static void set(timer_t timer, long first_ms, long period_ms)
{
	struct itimerspec wanted = {{period_ms / 1000, period_ms % 1000 * MS}, {first_ms / 1000, first_ms % 1000 * MS}};
	timer_settime(timer, 0, &wanted, NULL);
}

/* At most ten seconds. */
static bool wait_until(volatile int *what, int least)
{
	for (int i = 0; i < 1000 && *what < least; i++)
		nanosleep(&(struct timespec){0, 10 * MS}, NULL);
	return *what >= least;
}

static void once_and_again(void)
{
	struct itimerspec setting;
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 42};
	TEST("a_timer_is_made", !timer_create(CLOCK_REALTIME, &event, &timer));
	set(timer, 20, 0);
	TEST("it_sends_its_signal_with_its_value", wait_until(&came, 1) && value == 42 && code == SI_TIMER);
	TEST("once", !timer_gettime(timer, &setting) && !setting.it_value.tv_sec && !setting.it_value.tv_nsec && came == 1);
	set(timer, 10, 10);
	TEST("another_again_and_again", wait_until(&came, 4));
	set(timer, 0, 0);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	came = 0;
	struct itimerspec past = {{0, 0}, {now.tv_sec - 5, 0}};
	TEST("one_whose_time_has_passed_goes_off_at_once",
	        !timer_settime(timer, TIMER_ABSTIME, &past, NULL) && wait_until(&came, 1));
	set(timer, 100000, 7000);
	TEST("it_tells_what_is_left",
	        !timer_gettime(timer, &setting) && setting.it_value.tv_sec >= 90 && setting.it_interval.tv_sec == 7);
	TEST("and_is_gone_when_it_was_deleted", !timer_delete(timer));
	TEST_ERRNO("so_it_can_not_be_asked", timer_gettime(timer, &setting), EINVAL);
}

static void blocked(void)
{
	sigset_t set_of;
	timer_t timer = make(SIGEV_SIGNAL, SIGRTMIN + 1, 7);
	sigemptyset(&set_of);
	sigaddset(&set_of, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set_of, NULL);
	set(timer, 5, 5);
	siginfo_t info;
	nanosleep(&(struct timespec){0, 200 * MS}, NULL);
	int overrun = timer_getoverrun(timer);
	set(timer, 0, 0);
	TEST("a_signal_that_waits_is_one", sigwaitinfo(&set_of, &info) == SIGRTMIN + 1 && info.si_value.sival_int == 7);
	struct timespec none = {0, 0};
	TEST_ERRNO("and_not_more", sigtimedwait(&set_of, &info, &none), EAGAIN);
	TEST("the_others_were_counted", overrun >= 1 && !timer_getoverrun(timer));
	timer_delete(timer);
}

static volatile int called;

static void call(union sigval given)
{
	called = given.sival_int;
}

/* As a libc does it: a signal for a thread of its own. */
static void by_thread(void)
{
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = call, .sigev_value.sival_int = 99};
	TEST("one_that_calls_a_function", !timer_create(CLOCK_MONOTONIC, &event, &timer));
	set(timer, 20, 0);
	TEST("has_it_called", wait_until(&called, 99));
	timer_delete(timer);
}

static void none(void)
{
	struct itimerspec setting;
	timer_t timer = make(SIGEV_NONE, 0, 0);
	came = 0;
	set(timer, 1, 0);
	nanosleep(&(struct timespec){0, 30 * MS}, NULL);
	TEST("one_that_sends_nothing_runs_out", !timer_gettime(timer, &setting) && !setting.it_value.tv_nsec && !came);
	pid_t child = fork();
	if (!child)
		_exit(timer_gettime(timer, &setting) && errno == EINVAL ? 3 : 4);
	int status;
	TEST("a_copy_has_no_timers", waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
	struct sigevent event = {.sigev_notify = 77};
	TEST_ERRNO("another_way_to_tell_there_is_not", timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
	TEST_ERRNO("nor_a_timer_of_cpu_time", timer_create(CLOCK_PROCESS_CPUTIME_ID, NULL, &timer), EINVAL);
}

int main(void)
{
	test_prefix = "linux.timers";
	sigaction(SIGUSR1, &(struct sigaction){.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART}, NULL);
	once_and_again();
	blocked();
	by_thread();
	none();
	return test_result();
}
