/*
 * Waiting for a descriptor that is not ready: standard input must be a pipe or terminal on which "one\n" comes after some 200 ms,
 * "two\n" after some more, and then its end.
 */
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/select.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void)
{
	test_prefix = "linux.waiting";
	char buffer[64];
	struct pollfd items[2] = {{0, POLLIN, 0}, {-1, 0, 0}};
	int64_t start = now_ms();
	TEST("poll_times_out", poll(items, 1, 30) == 0 && items[0].revents == 0 && now_ms() - start >= 30);
	int flags = fcntl(0, F_GETFL);
	TEST("nonblocking_can_be_set", !fcntl(0, F_SETFL, flags | O_NONBLOCK) && (fcntl(0, F_GETFL) & O_NONBLOCK));
	TEST_ERRNO("a_nonblocking_read_does_not_wait", read(0, buffer, sizeof buffer), EAGAIN);
	TEST("nonblocking_can_be_cleared", !fcntl(0, F_SETFL, flags) && !(fcntl(0, F_GETFL) & O_NONBLOCK));
	TEST("poll_waits_for_input", poll(items, 1, 10000) == 1 && (items[0].revents & POLLIN));
	TEST("and_it_is_there", read(0, buffer, sizeof buffer) == 4 && !memcmp(buffer, "one\n", 4));

	fd_set set;
	FD_ZERO(&set);
	FD_SET(0, &set);
	struct timeval soon = {0, 1000};
	TEST("select_times_out", select(1, &set, NULL, NULL, &soon) == 0 && !FD_ISSET(0, &set));
	FD_SET(0, &set);
	TEST("select_waits_for_input", select(1, &set, NULL, NULL, NULL) == 1 && FD_ISSET(0, &set));
	TEST("and_it_is_there_too", read(0, buffer, sizeof buffer) == 4 && !memcmp(buffer, "two\n", 4));
	TEST("a_read_waits_for_the_end", read(0, buffer, sizeof buffer) == 0);
	TEST("the_end_is_a_hangup_or_readable", poll(items, 1, -1) == 1 && (items[0].revents & (POLLIN | POLLHUP)));
	return test_result();
}
