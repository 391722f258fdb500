/* epoll: level and edge, once, changes of the list, what is closed, many. */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

static struct epoll_event events[300];
static char buffer[70000];

static int control(int list, int operation, int fd, uint32_t wanted, uint64_t data)
{
	return epoll_ctl(list, operation, fd, &(struct epoll_event){wanted, {.u64 = data}});
}

static int look(int list)
{
	return epoll_wait(list, events, 300, 0);
}

static bool is(uint32_t wanted, uint64_t data)
{
	return events[0].events == wanted && events[0].data.u64 == data;
}

static int pipes[2];

static void *write_later(void *unused)
{
	nanosleep(&(struct timespec){0, 30000000}, NULL);
	return write(pipes[1], "late", 4) == 4 ? unused : (void *)1;
}

static void test_level(int list, const char *folder)
{
	char path[256];
	pthread_t thread;
	TEST("a_pipe_is_listed", !pipe(pipes) && !control(list, EPOLL_CTL_ADD, pipes[0], EPOLLIN, 7) && look(list) == 0);
	TEST_ERRNO("once", control(list, EPOLL_CTL_ADD, pipes[0], EPOLLIN, 7), EEXIST);
	TEST_ERRNO("what_is_not_listed", control(list, EPOLL_CTL_MOD, pipes[1], EPOLLIN, 7), ENOENT);
	TEST_ERRNO("nor_taken_off", control(list, EPOLL_CTL_DEL, pipes[1], 0, 0), ENOENT);
	TEST_ERRNO("a_list_of_itself", control(list, EPOLL_CTL_ADD, list, EPOLLIN, 7), EINVAL);
	snprintf(path, sizeof path, "%s/hello", folder);
	int file = open(path, O_RDONLY);
	TEST_ERRNO("a_file_is_always_ready", control(list, EPOLL_CTL_ADD, file, EPOLLIN, 7), EPERM);
	close(file);
	TEST("it_times_out", epoll_wait(list, events, 300, 20) == 0);
	TEST("it_tells", write(pipes[1], "abc", 3) == 3 && look(list) == 1 && is(EPOLLIN, 7));
	TEST("again_and_again", look(list) == 1 && read(pipes[0], buffer, 1) == 1 && look(list) == 1);
	TEST("until_nothing_is_there", read(pipes[0], buffer, 9) == 2 && look(list) == 0);
	TEST("the_item_is_changed",
	        !control(list, EPOLL_CTL_ADD, pipes[1], EPOLLOUT, 8) && !control(list, EPOLL_CTL_MOD, pipes[0], EPOLLIN, 9));
	TEST("room_to_write",
	        look(list) == 1 && is(EPOLLOUT, 8) && !control(list, EPOLL_CTL_DEL, pipes[1], 0, 0) && look(list) == 0);
	TEST("it_waits",
	        !pthread_create(&thread, NULL, write_later, NULL) && epoll_wait(list, events, 300, 5000) == 1 &&
	                is(EPOLLIN, 9));
	pthread_join(thread, NULL);
	TEST("read", read(pipes[0], buffer, 9) == 4);
	close(pipes[1]);
	TEST("a_hangup_is_told", epoll_wait(list, events, 300, 5000) == 1 && is(EPOLLHUP, 9));
	close(pipes[0]);
	TEST("what_is_closed_is_gone", look(list) == 0);
}

static void test_edge(int list)
{
	TEST("an_edge",
	        !pipe2(pipes, O_NONBLOCK) && !control(list, EPOLL_CTL_ADD, pipes[0], EPOLLIN | EPOLLET, 1) && look(list) == 0);
	TEST("is_told", write(pipes[1], "abc", 3) == 3 && epoll_wait(list, events, 300, 5000) == 1 && is(EPOLLIN, 1));
	TEST("once", look(list) == 0 && read(pipes[0], buffer, 1) == 1 && look(list) == 0);
	TEST("and_again_when_more_comes",
	        write(pipes[1], "d", 1) == 1 && epoll_wait(list, events, 300, 5000) == 1 && look(list) == 0);
	TEST("after_all_was_read",
	        read(pipes[0], buffer, 9) == 3 && read(pipes[0], buffer, 9) < 0 && look(list) == 0 &&
	                write(pipes[1], "e", 1) == 1 && epoll_wait(list, events, 300, 5000) == 1);
	TEST("a_change_tells_what_is_there",
	        !control(list, EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLET, 2) && look(list) == 1 && is(EPOLLIN, 2));
	TEST("told_once_and_not_armed",
	        !control(list, EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLONESHOT, 3) && look(list) == 1 && look(list) == 0 &&
	                write(pipes[1], "f", 1) == 1 && epoll_wait(list, events, 300, 20) == 0);
	TEST("until_it_is_armed",
	        !control(list, EPOLL_CTL_MOD, pipes[0], EPOLLIN | EPOLLONESHOT, 4) && look(list) == 1 && is(EPOLLIN, 4));
	close(pipes[0]);
	close(pipes[1]);
}

static void test_duplicate(int list)
{
	TEST("an_open_file", !pipe(pipes) && !control(list, EPOLL_CTL_ADD, pipes[0], EPOLLIN, 1));
	int again = dup(pipes[0]);
	close(pipes[0]);
	TEST("lives_in_its_duplicate",
	        write(pipes[1], "x", 1) == 1 && epoll_wait(list, events, 300, 5000) == 1 && is(EPOLLIN, 1));
	close(again);
	TEST("and_goes_with_it", look(list) == 0);
	close(pipes[1]);
	int copy = dup(list);
	TEST("a_list_is_duplicated",
	        !pipe(pipes) && !control(copy, EPOLL_CTL_ADD, pipes[1], EPOLLOUT, 5) && look(list) == 1 && is(EPOLLOUT, 5));
	close(copy);
	close(pipes[0]);
	TEST("an_error_is_told", epoll_wait(list, events, 300, 5000) == 1 && is(EPOLLOUT | EPOLLERR, 5));
	close(pipes[1]);
}

static void test_many(int list)
{
	int fds[200];
	bool right = true;
	uint64_t one = 1;
	for (int i = 0; i < 200; i++) {
		fds[i] = eventfd(0, EFD_NONBLOCK);
		right &= !control(list, EPOLL_CTL_ADD, fds[i], EPOLLIN, (uint64_t)i);
	}
	TEST("many_items", right && look(list) == 0);
	for (int i = 0; i < 200; i += 3)
		right &= write(fds[i], &one, sizeof one) == sizeof one;
	TEST("tell", right && epoll_wait(list, events, 300, 5000) == 67);
	int got = 0;
	bool seen[200] = {false};
	for (int round = 0; round < 7; round++) {
		int count = epoll_wait(list, events, 10, 0);
		for (int i = 0; i < count; i++) {
			got += !seen[events[i].data.u64];
			seen[events[i].data.u64] = true;
		}
	}
	TEST("each_has_its_turn", got == 67);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
	TEST("and_all_go", look(list) == 0);
}

int main(int count, char **arguments)
{
	test_prefix = "linux.epolls";
	int list = epoll_create1(EPOLL_CLOEXEC);
	TEST("a_list_is_made", list >= 0 && fcntl(list, F_GETFD) == FD_CLOEXEC);
	TEST_ERRNO("the_output_is_no_list", look(1), EINVAL);
	TEST_ERRNO("no_room_for_events", epoll_wait(list, events, 0, 0), EINVAL);
	test_level(list, TEST_FOLDER(count, arguments));
	test_edge(list);
	test_duplicate(list);
	test_many(list);
	close(list);
	return test_result();
}
