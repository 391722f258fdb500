/* eventfd and timerfd. */
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static short events_of(int fd)
{
	struct pollfd item = {fd, POLLIN | POLLOUT, 0};
	return poll(&item, 1, 0) < 0 ? -1 : item.revents;
}

static uint64_t value;

static bool add(int fd, uint64_t what)
{
	return write(fd, &what, sizeof what) == sizeof what;
}

static bool take(int fd)
{
	return read(fd, &value, sizeof value) == sizeof value;
}

static int shared;

static void *add_later(void *unused)
{
	pause_ms(20);
	return add(shared, 3) ? unused : (void *)1;
}

static void *add_most(void *unused)
{
	return add(shared, UINT64_MAX - 1) ? unused : (void *)1;
}

static void test_events(void)
{
	pthread_t thread;
	void *failed;
	char small[4];
	int fd = eventfd(5, EFD_NONBLOCK | EFD_CLOEXEC);
	TEST("an_event_is_made", fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK));
	TEST("it_has_its_first_value", take(fd) && value == 5);
	TEST_ERRNO("then_it_is_empty", read(fd, &value, sizeof value), EAGAIN);
	TEST("which_poll_sees", events_of(fd) == POLLOUT);
	TEST("writes_add_up", add(fd, 7) && add(fd, 8) && events_of(fd) == (POLLIN | POLLOUT) && take(fd) && value == 15);
	TEST_ERRNO("a_read_of_less_than_8", read(fd, small, sizeof small), EINVAL);
	TEST_ERRNO("a_write_of_less_than_8", write(fd, small, sizeof small), EINVAL);
	value = UINT64_MAX;
	TEST_ERRNO("the_largest_number_is_none", write(fd, &value, sizeof value), EINVAL);
	TEST("it_fills", add(fd, UINT64_MAX - 1) && events_of(fd) == POLLIN);
	value = 1;
	TEST_ERRNO("and_is_full", write(fd, &value, sizeof value), EAGAIN);
	close(fd);
	fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	TEST("a_semaphore_gives_one_at_a_time",
	        take(fd) && value == 1 && take(fd) && value == 1 && !take(fd) && errno == EAGAIN);
	close(fd);
	TEST_ERRNO("unknown_flags", eventfd(0, 8), EINVAL);
	shared = eventfd(0, 0);
	TEST("a_reader_waits", !pthread_create(&thread, NULL, add_later, NULL) && take(shared) && value == 3);
	pthread_join(thread, &failed);
	TEST("a_writer_waits", !failed && add(shared, 1) && !pthread_create(&thread, NULL, add_most, NULL));
	pause_ms(20);
	TEST("for_the_reader", take(shared) && value == 1);
	pthread_join(thread, &failed);
	TEST("and_goes_on", !failed && take(shared) && value == UINT64_MAX - 1);
	close(shared);
}

static struct itimerspec every(long first_ms, long period_ms)
{
	return (struct itimerspec){{0, period_ms * 1000000}, {0, first_ms * 1000000}};
}

static void test_alarms(void)
{
	struct itimerspec setting = every(800, 0), old;
	int64_t start = now_ms();
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	TEST("an_alarm_is_made", fd >= 0);
	TEST("it_is_off", !timerfd_gettime(fd, &old) && !old.it_value.tv_sec && !old.it_value.tv_nsec && events_of(fd) == 0);
	TEST("it_is_set", !timerfd_settime(fd, 0, &setting, &old) && !old.it_value.tv_nsec);
	TEST_ERRNO("it_is_not_time_yet", read(fd, &value, sizeof value), EAGAIN);
	TEST("what_is_left_is_told",
	        !timerfd_gettime(fd, &old) && old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 800000000);
	struct pollfd item = {fd, POLLIN, 0};
	TEST("poll_waits_for_it", poll(&item, 1, 5000) == 1 && item.revents == POLLIN && now_ms() - start >= 799);
	TEST("it_was_time_once", take(fd) && value == 1);
	TEST_ERRNO("and_not_again", read(fd, &value, sizeof value), EAGAIN);
	TEST_ERRNO("nobody_writes_it", write(fd, &value, sizeof value), EINVAL);
	setting = every(10, 10);
	TEST("with_a_period", !timerfd_settime(fd, 0, &setting, NULL));
	pause_ms(55);
	TEST("it_counts", take(fd) && value >= 5);
	TEST("and_goes_on", poll(&item, 1, 5000) == 1 && take(fd) && value >= 1);
	setting = every(0, 10);
	TEST("it_can_be_switched_off", !timerfd_settime(fd, 0, &setting, &old) && old.it_interval.tv_nsec == 10000000);
	TEST("and_stays_so", !timerfd_gettime(fd, &old) && !old.it_value.tv_nsec && poll(&item, 1, 30) == 0);
	setting.it_value.tv_nsec = 1000000000;
	TEST_ERRNO("a_time_that_is_none", timerfd_settime(fd, 0, &setting, NULL), EINVAL);
	close(fd);
	TEST_ERRNO("a_clock_that_is_none", timerfd_create(77, 0), EINVAL);
	fd = timerfd_create(CLOCK_REALTIME, 0);
	clock_gettime(CLOCK_REALTIME, &setting.it_value);
	setting.it_interval.tv_nsec = 0;
	setting.it_value.tv_nsec += 20000000;
	if (setting.it_value.tv_nsec >= 1000000000) {
		setting.it_value.tv_nsec -= 1000000000;
		setting.it_value.tv_sec++;
	}
	start = now_ms();
	TEST("a_time_of_day", fd >= 0 && !timerfd_settime(fd, TFD_TIMER_ABSTIME, &setting, NULL));
	TEST("is_waited_for", take(fd) && value == 1 && now_ms() - start >= 18 && now_ms() - start < 5000);
	close(fd);
	fd = eventfd(0, 0);
	TEST_ERRNO("an_event_is_no_alarm", timerfd_settime(fd, 0, &setting, NULL), EINVAL);
	close(fd);
}

int main(void)
{
	test_prefix = "linux.events";
	test_events();
	test_alarms();
	return test_result();
}
