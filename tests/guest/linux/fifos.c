/* FIFOs: what open waits for and what it does not, readiness, ends that come and go. */
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "abi/handle.h"
#include "user/lib/call_process.h"

static char name[] = "/tmp/fifos-XXXXXX", fifo[64];

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static short events_of(int fd, short wanted)
{
	struct pollfd item = {fd, wanted, 0};
	return poll(&item, 1, 0) < 0 ? -1 : item.revents;
}

static void test_without_waiting(void)
{
	char byte = 0;
	struct stat stat;
	TEST_ERRNO("nobody_reads", open(fifo, O_WRONLY | O_NONBLOCK), ENXIO);
	int reader = open(fifo, O_RDONLY | O_NONBLOCK);
	TEST("a_reader_that_does_not_wait_is_let_in", reader >= 0 && !fstat(reader, &stat) && S_ISFIFO(stat.st_mode));
	TEST("it_finds_the_end", read(reader, &byte, 1) == 0);
	TEST("without_a_writer_nothing_has_hung_up", !(events_of(reader, POLLIN) & POLLIN));
	int writer = open(fifo, O_WRONLY | O_NONBLOCK);
	TEST("then_a_writer_is_too", writer >= 0);
	TEST_ERRNO("now_it_would_wait", read(reader, &byte, 1), EAGAIN);
	TEST("a_byte_goes_through",
	        write(writer, "x", 1) == 1 && events_of(reader, POLLIN) == POLLIN && read(reader, &byte, 1) == 1 &&
	                byte == 'x');
	TEST_ERRNO("a_writer_does_not_read", read(writer, &byte, 1), EBADF);
	TEST_ERRNO("a_fifo_has_no_positions", lseek(reader, 0, SEEK_CUR), ESPIPE);
	close(writer);
	TEST("the_end_has_come", read(reader, &byte, 1) == 0 && (events_of(reader, POLLIN) & POLLHUP));
	writer = open(fifo, O_WRONLY);
	TEST("and_goes_with_the_next_writer", writer >= 0 && !(events_of(reader, POLLIN) & POLLHUP));
	close(reader);
	TEST_ERRNO("it_breaks_without_readers", write(writer, "x", 1), EPIPE);
	reader = open(fifo, O_RDONLY);
	TEST("and_is_whole_with_the_next",
	        reader >= 0 && write(writer, "y", 1) == 1 && read(reader, &byte, 1) == 1 && byte == 'y');
	close(reader);
	close(writer);
}

static void *open_writer(void *unused)
{
	(void)unused;
	pause_ms(50);
	int writer = open(fifo, O_WRONLY);
	ssize_t written = write(writer, "z", 1);
	close(writer); /* at once: the reader may not even have begun to wait */
	return (void *)(intptr_t)written;
}

static void test_waiting(void)
{
	bool right = true;
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		char byte = 0;
		void *written;
		pthread_create(&thread, NULL, open_writer, NULL);
		if (i % 2)
			pause_ms(48);
		int reader = open(fifo, O_RDONLY);
		right &= reader >= 0 && read(reader, &byte, 1) == 1 && byte == 'z' && read(reader, &byte, 1) == 0;
		pthread_join(thread, &written);
		right &= written == (void *)1;
		close(reader);
	}
	TEST("reader_and_writer_meet", right);
}

static void caught(int signal)
{
	(void)signal;
}

static void *send_signal(void *thread)
{
	pause_ms(100);
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
	return NULL;
}

static void test_interrupted(void)
{
	pthread_t self = pthread_self(), thread;
	struct sigaction action = {.sa_handler = caught};
	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&thread, NULL, send_signal, &self);
	TEST_ERRNO("a_signal_ends_the_wait_to_read", open(fifo, O_RDONLY), EINTR);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, send_signal, &self);
	TEST_ERRNO("and_to_write", open(fifo, O_WRONLY), EINTR);
	pthread_join(thread, NULL);
	TEST_ERRNO("and_leaves_nobody_behind", open(fifo, O_WRONLY | O_NONBLOCK), ENXIO);
}

static void test_both(void)
{
	char byte = 0;
	int both = open(fifo, O_RDWR);
	TEST("who_has_both_sides_talks_to_himself",
	        both >= 0 && write(both, "b", 1) == 1 && read(both, &byte, 1) == 1 && byte == 'b');
	int writer = open(fifo, O_WRONLY | O_NONBLOCK);
	TEST("and_is_a_reader_for_others",
	        writer >= 0 && write(writer, "c", 1) == 1 && read(both, &byte, 1) == 1 && byte == 'c');
	TEST("a_name_that_is_gone_is_another_fifo_when_it_comes_back",
	        !unlink(fifo) && !mkfifo(fifo, 0600) && open(fifo, O_WRONLY | O_NONBLOCK) < 0 && write(writer, "d", 1) == 1 &&
	                read(both, &byte, 1) == 1 && byte == 'd');
	close(writer);
	close(both);
}

static void *read_a_page(void *reader)
{
	char page[4096];
	pause_ms(100);
	return (void *)(intptr_t)read(*(int *)reader, page, sizeof page);
}

/* Who has both sides waits for room as for bytes. */
static void test_room(void)
{
	static const char page[4096];
	int both = open(fifo, O_RDWR | O_NONBLOCK), reader = open(fifo, O_RDONLY | O_NONBLOCK);
	pthread_t thread;
	void *bytes;
	while (write(both, page, sizeof page) == sizeof page)
		;
	TEST("a_full_one_has_no_room", events_of(both, POLLOUT | POLLIN) == POLLIN);
	pthread_create(&thread, NULL, read_a_page, &reader);
	struct pollfd item = {both, POLLOUT, 0};
	TEST("room_is_waited_for", poll(&item, 1, 20000) == 1 && item.revents == POLLOUT);
	pthread_join(thread, &bytes);
	TEST("and_was_made", bytes == (void *)4096);
	close(both);
	close(reader);
}

/* An open one is still the file that its name is. */
static void test_identity(void)
{
	struct stat by_name, opened;
	int both = open(fifo, O_RDWR);
	chmod(fifo, 0640);
	int second = open(fifo, O_RDONLY | O_NONBLOCK);
	TEST("an_open_one_has_the_number_of_its_name",
	        !stat(fifo, &by_name) && !fstat(both, &opened) && opened.st_ino == by_name.st_ino &&
	                opened.st_dev == by_name.st_dev && S_ISFIFO(opened.st_mode));
	TEST("so_has_another", !fstat(second, &opened) && opened.st_ino == by_name.st_ino && opened.st_dev == by_name.st_dev);
	close(both);
	close(second);
}

/* The kernel's count of this process's handles, which no call of Linux's tells. */
static uint32_t handles(void)
{
	struct process_stats stats = {0};
	return sys_process_stats(HANDLE_SELF_PROCESS, &stats) ? 0 : stats.handles;
}

static void open_in_all_ways(void)
{
	int reader = open(fifo, O_RDONLY | O_NONBLOCK), writer = open(fifo, O_WRONLY), both = open(fifo, O_RDWR);
	close(reader);
	close(writer);
	close(both);
	close(open(fifo, O_PATH));
	open(fifo, O_WRONLY | O_NONBLOCK);
	open(fifo, O_RDONLY | O_DIRECTORY);
	open(fifo, O_RDWR | O_CREAT | O_EXCL, 0600);
}

static void test_handles(void)
{
	open_in_all_ways(); /* whatever is kept for later is there then */
	uint32_t before = handles();
	for (int i = 0; i < 100; i++)
		open_in_all_ways();
	uint32_t after = handles();
	TEST("opening_and_closing_leaves_no_handle", before && after == before);
	int reader = open(fifo, O_RDONLY | O_NONBLOCK);
	TEST("an_open_one_is_one_handle", reader >= 0 && handles() == before + 1);
	close(reader);
}

/* The name alone: nobody is met by that, and nothing can be read. */
static void test_path(void)
{
	struct stat by_name, by_path;
	char byte;
	int path = open(fifo, O_PATH);
	TEST("the_path_of_a_fifo_is_opened_without_waiting", path >= 0);
	TEST("and_is_the_name",
	        !stat(fifo, &by_name) && !fstat(path, &by_path) && S_ISFIFO(by_path.st_mode) &&
	                by_path.st_ino == by_name.st_ino && by_path.st_dev == by_name.st_dev);
	TEST_ERRNO("it_is_no_reader", open(fifo, O_WRONLY | O_NONBLOCK), ENXIO);
	TEST_ERRNO("and_reads_nothing", read(path, &byte, 1), EBADF);
	TEST_ERRNO("and_writes_nothing", write(path, &byte, 1), EBADF);
	close(path);
}

int main(void)
{
	test_prefix = "linux.fifos";
	signal(SIGPIPE, SIG_IGN);
	TEST("a_folder_for_them", mkdtemp(name) && snprintf(fifo, sizeof fifo, "%s/f", name) > 0 && !mkfifo(fifo, 0600));
	test_without_waiting();
	test_waiting();
	test_interrupted();
	test_both();
	test_room();
	test_identity();
	test_handles();
	test_path();
	unlink(fifo);
	rmdir(name);
	return test_result();
}
