/* Threads by clone and futex, as a libc's pthreads use them. */
#include "test.h"

#include <fenv.h>
#include <sys/syscall.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define MANY 16

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;
static __thread long own;

static void *count_up(void *argument)
{
	for (int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		own++;
		if (i % 100 == 0)
			sched_yield();
	}
	return own == 1000 ? argument : NULL;
}

static void joined(void)
{
	pthread_t threads[MANY];
	bool made = true, good = true;
	for (long i = 0; i < MANY; i++)
		made &= !pthread_create(&threads[i], NULL, count_up, (void *)(i + 1));
	for (long i = 0; made && i < MANY; i++) {
		void *result = NULL;
		good &= !pthread_join(threads[i], &result) && result == (void *)(i + 1);
	}
	TEST("threads_are_made", made);
	TEST("threads_end_and_are_joined", good);
	TEST("a_mutex_excludes", counter == MANY * 1000);
	TEST("thread_local_storage_is_local", own == 0);
}

static int turn;

static void *player(void *argument)
{
	int self = argument != NULL;
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < 200; i++) {
		while (turn != self)
			pthread_cond_wait(&condition, &mutex);
		turn = !self;
		pthread_cond_broadcast(&condition);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void conditions(void)
{
	pthread_t one = 0, two = 0;
	TEST("two_players_start", !pthread_create(&one, NULL, player, NULL) && !pthread_create(&two, NULL, player, &turn));
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	TEST("a_condition_passes_turns", turn == 0);
	struct timespec soon;
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	soon.tv_sec += soon.tv_nsec / 1000000000;
	soon.tv_nsec %= 1000000000;
	pthread_mutex_lock(&mutex);
	TEST("a_timed_wait_times_out", pthread_cond_timedwait(&condition, &mutex, &soon) == ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
}

static void *detached(void *argument)
{
	__atomic_store_n((int *)argument, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* More than could live at once if their stacks stayed. */
static void many_detached(void)
{
	bool good = true;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (int i = 0; good && i < 40; i++) {
		int done = 0;
		pthread_t thread;
		good = !pthread_create(&thread, &attributes, detached, &done);
		for (int n = 0; good && !__atomic_load_n(&done, __ATOMIC_SEQ_CST) && n < 1000; n++)
			usleep(1000);
		good &= done;
	}
	TEST("detached_threads_run", good);
}

static void *tell_environment(void *argument)
{
	*(int *)argument = fegetround();
	return (void *)(long)syscall(SYS_gettid);
}

static void inheritance(void)
{
	int rounding = -1;
	pthread_t thread;
	void *id = NULL;
	fesetround(FE_DOWNWARD);
	pthread_create(&thread, NULL, tell_environment, &rounding);
	pthread_join(thread, &id);
	fesetround(FE_TONEAREST);
	TEST("a_thread_inherits_the_rounding_mode", rounding == FE_DOWNWARD);
	TEST("a_thread_has_an_id_of_its_own", (long)id > 0 && (long)id != getpid());
}

static int word;

static void *waker(void *argument)
{
	(void)argument;
	usleep(10000);
	__atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
	return (void *)syscall(SYS_futex, &word, FUTEX_WAKE, 1);
}

static void futexes(void)
{
	struct timespec nap = {0, 10000000};
	TEST_ERRNO("futex_with_another_value", syscall(SYS_futex, &word, FUTEX_WAIT, 5, NULL), EAGAIN);
	TEST_ERRNO("futex_times_out", syscall(SYS_futex, &word, FUTEX_WAIT, 0, &nap), ETIMEDOUT);
	TEST("futex_wake_of_nobody", syscall(SYS_futex, &word, FUTEX_WAKE, 10) == 0);
	TEST_ERRNO("futex_unaligned", syscall(SYS_futex, (char *)&word + 1, FUTEX_WAIT, 0, &nap), EINVAL);
	TEST_ERRNO("futex_nowhere", syscall(SYS_futex, ~0xffful, FUTEX_WAIT, 0, &nap), EFAULT);
	pthread_t thread;
	void *woken;
	pthread_create(&thread, NULL, waker, NULL);
	long result = 0;
	while (!__atomic_load_n(&word, __ATOMIC_SEQ_CST) && !result)
		result = syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL);
	pthread_join(thread, &woken);
	TEST("futex_wakes_a_waiter", word == 1 && (result == 0 || errno == EAGAIN) && (long)woken <= 1);
}

static void *vectors_stay(void *argument)
{
	double sum = 0, expected = 0;
	for (int i = 0; i < 300; i++) {
		double part = (double)(long)argument * 1.5 + i;
		sum += part;
		if (i % 10 == 0)
			usleep(200);
		else
			sched_yield();
		expected += part;
	}
	return sum == expected && sum > 0 ? argument : NULL;
}

static void mixed(void)
{
	pthread_t threads[4];
	bool good = true;
	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, vectors_stay, (void *)(i + 1));
	for (long i = 0; i < 4; i++) {
		void *result;
		pthread_join(threads[i], &result);
		good &= result == (void *)(i + 1);
	}
	TEST("threads_keep_their_vectors_apart", good);
}

static void refused(void)
{
	TEST_ERRNO("clone_without_sighand", syscall(SYS_clone, 0x10000 | 0x100, 0, 0, 0, 0), EINVAL);
	TEST_ERRNO("clone3", syscall(435, NULL, 0), ENOSYS);
	TEST_ERRNO("tgkill_of_nobody", syscall(SYS_tgkill, getpid(), 123456, 0), ESRCH);
	TEST("tgkill_zero", !syscall(SYS_tgkill, getpid(), getpid(), 0));
}

int main(void)
{
	test_prefix = "linux.threads";
	joined();
	conditions();
	many_detached();
	inheritance();
	futexes();
	mixed();
	refused();
	int status = test_result();
	if (!status) /* the process lives on without its first thread, and ends with the last */
		pthread_exit(NULL);
	return status;
}
