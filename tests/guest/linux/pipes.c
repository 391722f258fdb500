/* Pipes: order, atomic writes, ends, waiting, readiness, capacity. */
#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>

#define CAPACITY 65536
#define STREAM (3 << 20)

static char buffer[2 * CAPACITY], other[2 * CAPACITY];

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static short events_of(int fd, short wanted)
{
	struct pollfd item = {fd, wanted, 0};
	return poll(&item, 1, 0) < 0 ? -1 : item.revents;
}

static void test_ends(void)
{
	int pipes[2], left = 0;
	struct stat stat;
	TEST("a_pipe_is_made", !pipe(pipes) && pipes[0] >= 0 && pipes[1] >= 0 && pipes[0] != pipes[1]);
	TEST("it_is_a_fifo",
	        !fstat(pipes[0], &stat) && S_ISFIFO(stat.st_mode) && !fstat(pipes[1], &stat) && S_ISFIFO(stat.st_mode));
	TEST("modes_are_told",
	        (fcntl(pipes[0], F_GETFL) & O_ACCMODE) == O_RDONLY && (fcntl(pipes[1], F_GETFL) & O_ACCMODE) == O_WRONLY);
	TEST_ERRNO("the_reading_end_is_not_written", write(pipes[0], "x", 1), EBADF);
	TEST_ERRNO("the_writing_end_is_not_read", read(pipes[1], buffer, 1), EBADF);
	TEST_ERRNO("a_pipe_has_no_position", lseek(pipes[0], 0, SEEK_CUR), ESPIPE);
	TEST_ERRNO("a_pipe_is_not_read_at_a_place", pread(pipes[0], buffer, 1, 0), ESPIPE);
	TEST("bytes_go_in", write(pipes[1], "hello", 5) == 5);
	TEST("they_are_counted", !ioctl(pipes[0], FIONREAD, &left) && left == 5);
	TEST("a_read_gives_what_is_there", read(pipes[0], buffer, sizeof buffer) == 5 && !memcmp(buffer, "hello", 5));
	TEST("writes_join",
	        write(pipes[1], "ab", 2) == 2 && write(pipes[1], "cd", 2) == 2 && read(pipes[0], buffer, 3) == 3 &&
	                !memcmp(buffer, "abc", 3) && read(pipes[0], buffer, 9) == 1 && buffer[0] == 'd');
	TEST("nothing_is_written_by_nothing", write(pipes[1], "", 0) == 0);
	TEST_ERRNO("bad_memory_is_told_to_the_writer", write(pipes[1], (void *)0x1000, 8), EFAULT);
	TEST("and_nothing_went_in", !ioctl(pipes[0], FIONREAD, &left) && left == 0);
	TEST("a_reader_with_bad_memory", write(pipes[1], "xyz", 3) == 3);
	TEST_ERRNO("is_told", read(pipes[0], (void *)0x1000, 3), EFAULT);
	TEST("and_takes_nothing", read(pipes[0], buffer, 9) == 3 && !memcmp(buffer, "xyz", 3));
	int again = dup(pipes[1]);
	TEST("one_writer_is_left", !close(pipes[1]) && write(again, "last", 4) == 4 && !close(again));
	TEST("what_was_written_is_there_at_the_end", read(pipes[0], buffer, 9) == 4);
	TEST("then_comes_the_end", read(pipes[0], buffer, 9) == 0 && read(pipes[0], buffer, 9) == 0);
	TEST("the_end_is_a_hangup", events_of(pipes[0], POLLIN) == POLLHUP);
	close(pipes[0]);
	TEST_ERRNO("bad_flags", pipe2(pipes, O_APPEND), EINVAL);
	TEST("pipe2_sets_flags",
	        !pipe2(pipes, O_CLOEXEC | O_NONBLOCK) && fcntl(pipes[1], F_GETFD) == FD_CLOEXEC &&
	                (fcntl(pipes[0], F_GETFL) & O_NONBLOCK));
	close(pipes[0]);
	TEST_ERRNO("no_reader_is_a_broken_pipe", write(pipes[1], "x", 1), EPIPE);
	TEST("which_is_an_error_to_poll", events_of(pipes[1], POLLOUT) == (POLLOUT | POLLERR));
	close(pipes[1]);
}

static void test_nonblocking(void)
{
	int pipes[2];
	memset(buffer, 'n', sizeof buffer);
	TEST("nonblocking", !pipe2(pipes, O_NONBLOCK));
	TEST_ERRNO("nothing_to_read", read(pipes[0], other, 1), EAGAIN);
	TEST("not_readable", events_of(pipes[0], POLLIN) == 0 && events_of(pipes[1], POLLOUT) == POLLOUT);
	TEST("a_large_write_goes_in_as_far_as_it_fits", write(pipes[1], buffer, sizeof buffer) == CAPACITY);
	TEST_ERRNO("a_full_pipe_takes_nothing", write(pipes[1], buffer, 1), EAGAIN);
	TEST("not_writable", events_of(pipes[1], POLLOUT) == 0 && events_of(pipes[0], POLLIN) == POLLIN);
	TEST("some_is_read", read(pipes[0], other, PIPE_BUF - 1) == PIPE_BUF - 1);
	TEST_ERRNO("an_atomic_write_goes_in_whole_or_not", write(pipes[1], buffer, PIPE_BUF), EAGAIN);
	TEST("once_it_fits_it_goes_in", read(pipes[0], other, 1) == 1 && write(pipes[1], buffer, PIPE_BUF) == PIPE_BUF);
	ssize_t all = 0, part;
	while ((part = read(pipes[0], other, 5000)) > 0)
		all += part;
	TEST("all_comes_out", all == CAPACITY && part == -1 && errno == EAGAIN && !memcmp(other, buffer, 3000));
	TEST("capacity_is_told", fcntl(pipes[0], F_GETPIPE_SZ) == CAPACITY);
	TEST("capacity_can_be_set", fcntl(pipes[1], F_SETPIPE_SZ, 9000) == 16384 && fcntl(pipes[0], F_GETPIPE_SZ) == 16384);
	TEST("and_holds", write(pipes[1], buffer, sizeof buffer) == 16384);
	TEST_ERRNO("what_is_in_it_must_fit", fcntl(pipes[1], F_SETPIPE_SZ, 4096), EBUSY);
	TEST("it_grows",
	        fcntl(pipes[1], F_SETPIPE_SZ, 1 << 17) == 1 << 17 && write(pipes[1], buffer, sizeof buffer) == 7 * 16384);
	TEST_ERRNO("to_a_limit", fcntl(pipes[1], F_SETPIPE_SZ, 1 << 30), EPERM);
	close(pipes[0]);
	close(pipes[1]);
}

/* Bytes whose place in the stream can be seen. */
static char byte_at(size_t place)
{
	return (char)(place * 31 >> 5 ^ place);
}

static int stream[2];

static void *write_stream(void *unused)
{
	char part[30000];
	size_t done = 0, size = 1;
	while (done < STREAM) {
		size_t length = size < STREAM - done ? size : STREAM - done;
		for (size_t i = 0; i < length; i++)
			part[i] = byte_at(done + i);
		if (write(stream[1], part, length) != (ssize_t)length)
			return (void *)1;
		done += length;
		size = size * 7 % 29989 + 1;
	}
	close(stream[1]);
	return unused;
}

static void test_stream(void)
{
	pthread_t writer;
	size_t got = 0, size = 1;
	ssize_t part;
	bool right = true;
	void *failed = NULL;
	TEST("a_stream", !pipe(stream) && !pthread_create(&writer, NULL, write_stream, NULL));
	while ((part = read(stream[0], buffer, size)) > 0) {
		for (ssize_t i = 0; i < part; i++)
			right &= buffer[i] == byte_at(got + (size_t)i);
		got += (size_t)part;
		size = size * 5 % 100003 + 1;
	}
	pthread_join(writer, &failed);
	TEST("arrives_whole_and_in_order", right && got == STREAM && part == 0 && !failed);
	close(stream[0]);
}

static void *read_later(void *to)
{
	return (void *)read(stream[0], to, 10);
}

static void *write_later(void *unused)
{
	(void)unused;
	pause_ms(30);
	return (void *)write(stream[1], "late", 4);
}

static void test_waiting(void)
{
	pthread_t thread = 0;
	void *result;
	TEST("a_pipe_to_wait_for", !pipe(stream) && !pthread_create(&thread, NULL, write_later, NULL));
	struct pollfd item = {stream[0], POLLIN, 0};
	TEST("poll_waits_for_the_writer", poll(&item, 1, 5000) == 1 && item.revents == POLLIN);
	TEST("whose_bytes_are_there", read(stream[0], buffer, 10) == 4 && !memcmp(buffer, "late", 4));
	pthread_join(thread, &result);
	TEST("a_reader_waits", !pthread_create(&thread, NULL, read_later, other));
	pause_ms(20);
	TEST("for_bytes", write(stream[1], "0123456789ABC", 13) == 13);
	pthread_join(thread, &result);
	TEST("and_gets_as_many_as_it_wanted", result == (void *)10 && !memcmp(other, "0123456789", 10));
	TEST("the_rest_is_left", read(stream[0], buffer, 10) == 3 && !memcmp(buffer, "ABC", 3));
	TEST("a_reader_waits_for_the_end", !pthread_create(&thread, NULL, read_later, other));
	pause_ms(20);
	close(stream[1]);
	pthread_join(thread, &result);
	TEST("which_comes", result == (void *)0);
	close(stream[0]);
}

static void *fill_pipe(void *unused)
{
	(void)unused;
	return (void *)write(stream[1], buffer, sizeof buffer);
}

static void test_writer_waiting(void)
{
	pthread_t thread = 0;
	void *result;
	TEST("a_pipe_to_fill", !pipe(stream) && !pthread_create(&thread, NULL, fill_pipe, NULL));
	pause_ms(20);
	TEST("it_is_full", events_of(stream[1], POLLOUT) == 0);
	fd_set set;
	FD_ZERO(&set);
	FD_SET(stream[0], &set);
	TEST("select_sees_it",
	        select(stream[0] + 1, &set, NULL, NULL, &(struct timeval){5, 0}) == 1 && FD_ISSET(stream[0], &set));
	TEST("a_reader_takes_part", read(stream[0], other, 1000) == 1000);
	close(stream[0]);
	pthread_join(thread, &result);
	TEST("a_writer_whose_reader_goes_tells_what_went_in", (ssize_t)result >= CAPACITY && (size_t)result < sizeof buffer);
	close(stream[1]);
}

static void *write_lines(void *mark)
{
	char line[512];
	memset(line, *(char *)mark, sizeof line);
	for (int i = 0; i < 400; i++) {
		if (write(stream[1], line, sizeof line) != sizeof line)
			return (void *)1;
	}
	return NULL;
}

static void test_atomic(void)
{
	pthread_t writers[3];
	char line[512];
	bool whole = true;
	TEST("writers_share_a_pipe", !pipe(stream));
	for (int i = 0; i < 3; i++)
		whole &= !pthread_create(&writers[i], NULL, write_lines, &"abc"[i]);
	for (int i = 0; i < 3 * 400; i++) {
		for (size_t got = 0; got < sizeof line;) {
			ssize_t part = read(stream[0], line + got, sizeof line - got);
			if (part <= 0)
				break;
			got += (size_t)part;
		}
		for (size_t j = 1; j < sizeof line; j++)
			whole &= line[j] == line[0];
	}
	for (int i = 0; i < 3; i++)
		pthread_join(writers[i], NULL);
	TEST("their_lines_are_not_mixed", whole);
	close(stream[0]);
	close(stream[1]);
}

static void test_many(void)
{
	int pipes[200][2], made = 0;
	while (made < 200 && !pipe(pipes[made]))
		made++;
	TEST("many_pipes", made == 200);
	bool right = true;
	for (int i = 0; i < made; i++)
		right &= write(pipes[i][1], &i, sizeof i) == sizeof i;
	for (int i = 0, value; i < made; i++)
		right &= read(pipes[i][0], &value, sizeof value) == sizeof value && value == i;
	TEST("each_has_its_own", right);
	for (int i = 0; i < made; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	for (int i = 0; i < 3000; i++) {
		right &= !pipe(pipes[0]) && write(pipes[0][1], buffer, 3000) == 3000;
		close(pipes[0][i % 2]);
		close(pipes[0][!(i % 2)]);
	}
	TEST("and_thousands_one_after_another", right);
}

/* Until a zero comes. */
static void *send_back(void *argument)
{
	const int *ends = argument;
	char bytes[8];
	for (ssize_t length; (length = read(ends[0], bytes, sizeof bytes)) > 0 && bytes[0];)
		if (write(ends[1], bytes, (size_t)length) != length)
			break;
	return NULL;
}

/* What is short goes within messages; a reader that waits and one that does not are served in different ways. */
static void test_short(void)
{
	int pipes[2], back[2];
	bool good = !pipe(pipes) && !pipe(back);
	for (size_t length = 1; good && length <= 600; length += length == 16 ? 230 : 1) {
		memset(buffer, (int)length, length);
		memset(other, '-', length + 1);
		good = write(pipes[1], buffer, length) == (ssize_t)length &&
		        read(pipes[0], other, sizeof other) == (ssize_t)length;
		good = good && !memcmp(buffer, other, length) && other[length] == '-';
	}
	TEST("bytes_of_every_length", good);
	memset(other, '-', 32);
	TEST("no_more_than_was_asked_for",
	        write(pipes[1], "0123456789", 10) == 10 && read(pipes[0], other, 3) == 3 && !memcmp(other, "012-----", 8) &&
	                read(pipes[0], other, 32) == 7 && !memcmp(other, "3456789-", 8));
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST("bytes_for_memory_that_cannot_be_written", write(pipes[1], "kept", 4) == 4);
	TEST_ERRNO("are_refused", read(pipes[0], page, 4), EFAULT);
	memset(other, '-', 32);
	TEST("and_kept", read(pipes[0], other, 32) == 4 && !memcmp(other, "kept-", 5));
	munmap(page, 4096);
	pthread_t thread;
	int ends[2] = {pipes[0], back[1]};
	good = !pthread_create(&thread, NULL, send_back, ends);
	for (int i = 1; good && i < 100; i++) {
		char there[2] = {(char)i, (char)(i + 1)}, came[8] = {0, 0, 'x'};
		good = write(pipes[1], there, 2) == 2 && read(back[0], came, sizeof came) == 2 && !memcmp(there, came, 2) &&
		        came[2] == 'x';
	}
	TEST("there_and_back_between_two_that_wait", good);
	good = write(pipes[1], "", 1) == 1 && !pthread_join(thread, NULL);
	TEST("and_the_end", good);
	for (int i = 0; i < 2; i++) {
		close(pipes[i]);
		close(back[i]);
	}
}

int main(void)
{
	test_prefix = "linux.pipes";
	signal(SIGPIPE, SIG_IGN);
	test_ends();
	test_nonblocking();
	test_stream();
	test_waiting();
	test_writer_waiting();
	test_atomic();
	test_many();
	test_short();
	return test_result();
}
