/* Local sockets: pairs, names, datagrams, passed descriptors, ends. */
#include "test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

static char buffer[300000], other[300000];

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static short events_of(int fd)
{
	struct pollfd item = {fd, POLLIN | POLLOUT, 0};
	return poll(&item, 1, 0) < 0 ? -1 : item.revents;
}

static void close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

/* An abstract name if it begins with @; those are of this process alone, as far as a number at their end makes them. */
static socklen_t name(struct sockaddr_un *out, const char *given)
{
	char text[100];
	snprintf(text, sizeof text, *given == '@' ? "%s.%05d" : "%s", given, getpid());
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(out->sun_path, text);
	if (*text == '@')
		out->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + (*text != '@'));
}

static int bound(int type, const char *text)
{
	struct sockaddr_un address;
	socklen_t length = name(&address, text);
	int fd = socket(AF_UNIX, type, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, length)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_to(int fd, const char *text)
{
	struct sockaddr_un address;
	socklen_t length = name(&address, text);
	return connect(fd, (struct sockaddr *)&address, length);
}

static void test_pair(void)
{
	int pair[2], left, type = 0;
	socklen_t length = sizeof type;
	struct stat stat;
	struct sockaddr_un address;
	TEST("a_pair_is_made", !socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	TEST("it_is_a_socket", !fstat(pair[0], &stat) && S_ISSOCK(stat.st_mode));
	TEST("its_type_is_told",
	        !getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &type, &length) && type == SOCK_STREAM && length == 4);
	length = sizeof address;
	TEST("it_has_no_name",
	        !getsockname(pair[0], (struct sockaddr *)&address, &length) && length == 2 && address.sun_family == AF_UNIX);
	TEST("bytes_go_both_ways",
	        write(pair[0], "there", 5) == 5 && write(pair[1], "back", 4) == 4 && read(pair[1], buffer, 99) == 5 &&
	                read(pair[0], buffer + 5, 99) == 4 && !memcmp(buffer, "thereback", 9));
	TEST("writes_join",
	        send(pair[0], "ab", 2, 0) == 2 && send(pair[0], "cd", 2, 0) == 2 && !ioctl(pair[1], FIONREAD, &left) &&
	                left == 4);
	TEST("a_peek_leaves_them",
	        recv(pair[1], buffer, 3, MSG_PEEK) == 3 && recv(pair[1], buffer, 99, 0) == 4 && !memcmp(buffer, "abcd", 4));
	TEST_ERRNO("nothing_is_there", recv(pair[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
	TEST("a_socket_is_writable", events_of(pair[0]) == POLLOUT);
	TEST_ERRNO("bad_memory", send(pair[0], (void *)0x1000, 5, 0), EFAULT);
	TEST("its_write_side_shuts", !shutdown(pair[0], SHUT_WR) && read(pair[1], buffer, 9) == 0);
	TEST_ERRNO("and_takes_nothing", send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	TEST("the_other_way_is_open", write(pair[1], "still", 5) == 5 && read(pair[0], buffer, 9) == 5);
	close(pair[1]);
	TEST("the_end_comes", read(pair[0], buffer, 9) == 0 && (events_of(pair[0]) & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP));
	close(pair[0]);
	TEST_ERRNO("no_other_family", socket(AF_INET6 + 1000, SOCK_STREAM, 0), EAFNOSUPPORT);
	TEST_ERRNO("no_such_type", socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	TEST("flags_are_set", fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK));
	TEST_ERRNO("unconnected_it_sends_nothing", send(fd, "x", 1, MSG_NOSIGNAL), ENOTCONN);
	close(fd);
	TEST_ERRNO("a_pipe_is_no_socket", pipe(pair) ? 0 : recv(pair[0], buffer, 1, 0), ENOTSOCK);
	close_pair(pair);
}

static int stream[2];

static void *write_all(void *unused)
{
	for (size_t i = 0; i < sizeof buffer; i++)
		buffer[i] = (char)(i * 7 >> 3);
	ssize_t done = 0;
	for (int i = 0; i < 5; i++)
		done += send(stream[0], buffer, sizeof buffer, 0);
	close(stream[0]);
	return done == 5 * (ssize_t)sizeof buffer ? unused : (void *)1;
}

static void test_flow(void)
{
	pthread_t thread;
	void *failed = NULL;
	bool right = true;
	size_t got = 0;
	ssize_t part;
	TEST("a_stream", !socketpair(AF_UNIX, SOCK_STREAM, 0, stream) && !pthread_create(&thread, NULL, write_all, NULL));
	while ((part = recv(stream[1], other, 77777, got % 3 ? 0 : MSG_WAITALL)) > 0) {
		for (ssize_t i = 0; i < part; i++)
			right &= other[i] == (char)((got + (size_t)i) % sizeof buffer * 7 >> 3);
		got += (size_t)part;
	}
	pthread_join(thread, &failed);
	TEST("arrives_whole_and_in_order", right && !failed && got == 5 * sizeof buffer);
	close(stream[1]);
	TEST("a_nonblocking_one", !socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, stream));
	got = 0;
	while ((part = write(stream[0], buffer, 10000)) > 0)
		got += (size_t)part;
	TEST("fills", part == -1 && errno == EAGAIN && got > 50000 && !(events_of(stream[0]) & POLLOUT));
	size_t back = 0;
	while ((part = read(stream[1], other, 30000)) > 0)
		back += (size_t)part;
	TEST("and_empties", back == got && events_of(stream[0]) == POLLOUT);
	close_pair(stream);
}

static void test_messages(void)
{
	int pair[2];
	struct iovec parts[2] = {{"one", 3}, {"two", 3}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	TEST("packets", !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	TEST("are_sent",
	        send(pair[0], "first", 5, 0) == 5 && sendmsg(pair[0], &message, 0) == 6 && send(pair[0], "", 0, 0) == 0);
	TEST("and_stay_apart", recv(pair[1], buffer, 99, 0) == 5);
	struct iovec into[2] = {{buffer, 2}, {buffer + 10, 2}};
	struct msghdr received = {.msg_iov = into, .msg_iovlen = 2};
	TEST("one_is_cut",
	        recvmsg(pair[1], &received, 0) == 4 && received.msg_flags == MSG_TRUNC && !memcmp(buffer, "on", 2) &&
	                !memcmp(buffer + 10, "et", 2));
	TEST("one_is_empty", recv(pair[1], buffer, 99, 0) == 0);
	TEST_ERRNO("there_are_no_more", recv(pair[1], buffer, 99, MSG_DONTWAIT), EAGAIN);
	TEST("the_true_length", send(pair[0], "123456", 6, 0) == 6 && recv(pair[1], buffer, 2, MSG_TRUNC) == 6);
	TEST_ERRNO("too_long", send(pair[0], buffer, sizeof buffer, 0), EMSGSIZE);
	close(pair[0]);
	TEST("the_end_of_packets", recv(pair[1], buffer, 99, 0) == 0);
	close(pair[1]);
}

static void test_datagrams(void)
{
	struct sockaddr_un address, source;
	socklen_t length = name(&address, "@datagrams"), source_length = sizeof source;
	int server = bound(SOCK_DGRAM, "@datagrams"), client = bound(SOCK_DGRAM, "@client");
	int nobody = socket(AF_UNIX, SOCK_DGRAM, 0);
	TEST("datagram_sockets", server >= 0 && client >= 0 && nobody >= 0);
	TEST("the_name_is_taken", bound(SOCK_DGRAM, "@datagrams") < 0 && errno == EADDRINUSE);
	TEST("a_datagram_goes_to_a_name", sendto(client, "hello", 5, 0, (struct sockaddr *)&address, length) == 5);
	TEST("and_tells_from_whom",
	        recvfrom(server, buffer, 99, 0, (struct sockaddr *)&source, &source_length) == 5 && source_length == 2 + 13 &&
	                !memcmp(source.sun_path, "\0client", 7));
	TEST("an_answer_finds_back",
	        sendto(server, "you", 3, 0, (struct sockaddr *)&source, source_length) == 3 && recv(client, buffer, 9, 0) == 3);
	source_length = sizeof source;
	TEST("one_without_a_name",
	        !connect_to(nobody, "@datagrams") && send(nobody, "x", 1, 0) == 1 &&
	                recvfrom(server, buffer, 9, 0, (struct sockaddr *)&source, &source_length) == 1 && source_length == 0);
	TEST_ERRNO("nobody_has_that_name", connect_to(client, "@nobody"), ECONNREFUSED);
	close(server);
	TEST_ERRNO("a_peer_that_is_gone", send(nobody, "x", 1, 0), ECONNREFUSED);
	close(client);
	close(nobody);
	client = socket(AF_UNIX, SOCK_DGRAM, 0);
	length = sizeof address;
	TEST("a_name_is_chosen",
	        !bind(client, (struct sockaddr *)&(struct sockaddr_un){.sun_family = AF_UNIX}, 2) &&
	                !getsockname(client, (struct sockaddr *)&address, &length) && length == 8 && !address.sun_path[0]);
	close(client);
}

static void *connect_later(void *text)
{
	pause_ms(20);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect_to(fd, text) || write(fd, "late", 4) != 4)
		return (void *)1;
	close(fd);
	return NULL;
}

static void test_listener(const char *text)
{
	struct sockaddr_un address;
	struct ucred peer;
	socklen_t length = sizeof address, size = sizeof peer;
	pthread_t thread;
	void *failed;
	int client = socket(AF_UNIX, SOCK_STREAM, 0), listener = bound(SOCK_STREAM, text), value = 0;
	TEST("a_name", listener >= 0);
	TEST_ERRNO("not_listening_yet", connect_to(client, text), ECONNREFUSED);
	TEST("it_listens", !listen(listener, 2) && events_of(listener) == 0);
	TEST("which_is_told", !getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &value, &(socklen_t){4}) && value == 1);
	TEST("somebody_connects", !connect_to(client, text) && write(client, "early", 5) == 5 && events_of(listener) == POLLIN);
	int there = accept4(listener, (struct sockaddr *)&address, &length, SOCK_CLOEXEC);
	TEST("and_is_accepted", there >= 0 && length == 2 && fcntl(there, F_GETFD) == FD_CLOEXEC);
	TEST("what_was_sent_before_is_there", read(there, buffer, 9) == 5 && !memcmp(buffer, "early", 5));
	TEST("the_peer_is_known",
	        !getsockopt(there, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.pid == getpid() && !peer.uid);
	length = sizeof address;
	TEST("the_listener_is_named",
	        !getpeername(client, (struct sockaddr *)&address, &length) &&
	                !memcmp(address.sun_path + 1, text + 1, strlen(text) - 1));
	TEST_ERRNO("connected_is_connected", connect_to(client, text), EISCONN);
	close(client);
	TEST("the_other_end_hears_of_it", read(there, buffer, 9) == 0);
	close(there);
	TEST("accept_waits",
	        !pthread_create(&thread, NULL, connect_later, (void *)text) && (there = accept(listener, NULL, NULL)) >= 0 &&
	                read(there, buffer, 9) == 4);
	pthread_join(thread, &failed);
	TEST("for_somebody", !failed);
	close(there);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	TEST_ERRNO("nobody_comes", accept(listener, NULL, NULL), EAGAIN);
	int many[4], made = 0;
	for (int i = 0; i < 4; i++) {
		many[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		made += !connect_to(many[i], text);
	}
	TEST("the_backlog_has_an_end", made == 3 && errno == EAGAIN);
	close(listener);
	errno = 0;
	TEST("with_the_listener_its_backlog_goes", read(many[0], buffer, 9) <= 0 && errno != EAGAIN);
	for (int i = 0; i < 4; i++)
		close(many[i]);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	TEST_ERRNO("nobody_is_there_any_more", connect_to(client, text), ECONNREFUSED);
	close(client);
}

/* Sends `count` descriptors with one byte. */
static ssize_t pass(int to, const int *fds, unsigned count)
{
	_Alignas(8) char control[CMSG_SPACE(8 * sizeof(int))] = {0};
	struct iovec part = {"f", 1};
	struct msghdr message = {
	        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	return sendmsg(to, &message, 0);
}

static int take_flags;

/* Receives up to 99 bytes and up to `most` descriptors: how many came. */
static int take(int from, int *fds, unsigned most, ssize_t *out_bytes)
{
	_Alignas(8) char control[CMSG_SPACE(8 * sizeof(int))];
	struct iovec part = {buffer, 99};
	struct msghdr message = {.msg_iov = &part,
	        .msg_iovlen = 1,
	        .msg_control = control,
	        .msg_controllen = most ? CMSG_LEN(most * sizeof(int)) : 0};
	*out_bytes = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
	take_flags = message.msg_flags;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (*out_bytes < 0 || !header)
		return 0;
	unsigned count = (unsigned)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(header), count * sizeof(int));
	return (int)count;
}

static void test_passing(const char *folder)
{
	int pair[2], pipes[2], got[8], fds[3];
	ssize_t bytes;
	char path[256];
	snprintf(path, sizeof path, "%s/hello", folder);
	int file = open(path, O_RDONLY);
	TEST("things_to_pass", !socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && !pipe(pipes) && file >= 0);
	TEST("a_pipe_is_passed", pass(pair[0], &pipes[1], 1) == 1 && !close(pipes[1]));
	TEST("and_arrives",
	        take(pair[1], got, 8, &bytes) == 1 && bytes == 1 && (fcntl(got[0], F_GETFL) & O_ACCMODE) == O_WRONLY &&
	                fcntl(got[0], F_GETFD) == FD_CLOEXEC);
	TEST("it_is_the_same_pipe", write(got[0], "through", 7) == 7 && read(pipes[0], buffer, 9) == 7);
	close(got[0]);
	TEST("of_which_no_other_end_is_left", read(pipes[0], buffer, 9) == 0);
	fds[0] = file;
	fds[1] = pair[0];
	fds[2] = pipes[0];
	TEST("three_at_once", write(pair[0], "ab", 2) == 2 && pass(pair[0], fds, 3) == 1 && write(pair[0], "cd", 2) == 2);
	TEST("come_with_what_was_before", take(pair[1], got, 8, &bytes) == 3 && bytes == 3);
	TEST("a_file_keeps_its_place", read(file, buffer, 3) == 3 && read(got[0], buffer, 3) == 3 && !memcmp(buffer, "lo,", 3));
	TEST("bytes_after_come_alone", take(pair[1], fds, 8, &bytes) == 0 && bytes == 2);
	TEST("a_socket_too", write(got[1], "me", 2) == 2 && read(pair[1], buffer, 9) == 2);
	for (int i = 0; i < 3; i++)
		close(got[i]);
	fds[1] = pipes[0];
	TEST("more_than_there_is_room_for",
	        pass(pair[0], fds, 2) == 1 && take(pair[1], got, 1, &bytes) == 1 && (take_flags & MSG_CTRUNC));
	close(got[0]);
	TEST("a_plain_read_leaves_them_behind", pass(pair[0], fds, 2) == 1 && read(pair[1], buffer, 9) == 1);
	TEST_ERRNO("a_closed_one_is_refused", pass(pair[0], &(int){999}, 1), EBADF);
	close(file);
	close(pipes[0]);
	close_pair(pair);
	TEST("a_pipe_waits_in_a_queue",
	        !socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && !pipe(pipes) && pass(pair[0], &pipes[1], 1) == 1 &&
	                !close(pipes[1]));
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	TEST_ERRNO("and_is_open", read(pipes[0], buffer, 9), EAGAIN);
	close_pair(pair);
	fcntl(pipes[0], F_SETFL, 0);
	TEST("until_the_queue_goes", read(pipes[0], buffer, 9) == 0);
	close(pipes[0]);
}

/* A pipe's writing end in the queue of a socket that only its own queue still leads to: its end must come. */
static void test_cycle(void)
{
	int pair[2], pipes[2];
	bool right = true;
	for (int i = 0; i < 3; i++) {
		right &= !socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && !pipe(pipes);
		right &= pass(pair[0], &pair[1], 1) == 1 && pass(pair[1], &pair[0], 1) == 1 && pass(pair[0], &pipes[1], 1) == 1;
		close(pipes[1]);
		close_pair(pair);
		struct pollfd item = {pipes[0], POLLIN, 0};
		right &= poll(&item, 1, 5000) == 1 && read(pipes[0], buffer, 9) == 0;
		close(pipes[0]);
	}
	TEST("sockets_that_hold_each_other_end", right);
}

int main(int count, char **arguments)
{
	test_prefix = "linux.sockets";
	signal(SIGPIPE, SIG_IGN);
	test_pair();
	test_flow();
	test_messages();
	test_datagrams();
	test_listener("@listener");
	char path[40];
	snprintf(path, sizeof path, "/tmp/listener.%d", getpid());
	test_listener(path);
	TEST("the_name_stays", !access(path, F_OK) && bound(SOCK_STREAM, path) < 0 && errno == EADDRINUSE && !unlink(path));
	TEST("until_it_is_taken_away", bound(SOCK_STREAM, "/tmp/no/folder") < 0 && errno == ENOENT);
	test_passing(TEST_FOLDER(count, arguments));
	test_cycle();
	return test_result();
}
