/*
 * What programs see of pipes, sockets, events and timers while streamd ends at point after point of its work (points.c): every byte and
 * every passed descriptor comes once and in order, who waits goes on waiting, who is interrupted is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINTS 700
#define STEP 5
#define BULK 90000 /* bytes: more than fits into a pipe */
#define TURNS 6    /* of one byte there and back */

static int point;

static void fail(const char *what)
{
	printf("not ok piped: point %d: %s: %s\n", point, what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

#define MUST(condition) ((condition) ? (void)0 : fail(#condition))

static void join(pid_t child)
{
	int status;
	MUST(waitpid(child, &status, 0) == child && !status);
}

static char byte_of(int i)
{
	return (char)(i * 7 + i / 251 + point);
}

static void take_turns(int there, int back)
{
	for (int i = 0; i < TURNS; i++) {
		char byte = byte_of(i), got = (char)~byte;
		MUST(write(there, &byte, 1) == 1);
		MUST(read(back, &got, 1) == 1 && got == byte);
	}
}

/* A second process gives back what it is given, one byte at a time. */
static pid_t start_echo(int there[2], int back[2])
{
	MUST(!pipe(there) && !pipe(back));
	pid_t child = fork();
	if (child)
		return child;
	char byte;
	close(there[1]);
	close(back[0]);
	while (read(there[0], &byte, 1) == 1)
		MUST(write(back[1], &byte, 1) == 1);
	_exit(0);
}

/* Some of it by writes that wait for room, some by reads that wait for bytes. */
static void stream(void)
{
	static char bytes[BULK], got[BULK];
	static const int parts[] = {1, 200, 256, 257, 3000, 4096, 5000, 20000, 33000, 70000};
	int data[2];
	MUST(!pipe(data));
	for (int i = 0; i < BULK; i++)
		bytes[i] = byte_of(i);
	pid_t child = fork();
	if (!child) {
		for (int sent = 0, i = point; sent < BULK; i++) {
			int part = parts[i % 10] < BULK - sent ? parts[i % 10] : BULK - sent;
			MUST(write(data[1], bytes + sent, (size_t)part) == part);
			sent += part;
		}
		_exit(0);
	}
	close(data[1]);
	for (int had = 0, i = point / 10; had < BULK; i++) {
		ssize_t part = read(data[0], got + had, (size_t)parts[i % 10]);
		MUST(part > 0 && part <= BULK - had);
		had += (int)part;
	}
	MUST(!memcmp(bytes, got, BULK));
	MUST(read(data[0], got, 1) == 0);
	close(data[0]);
	join(child);
}

static void send_descriptor(int to, int descriptor)
{
	char byte = 'd', space[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);
	*control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(control), &descriptor, sizeof descriptor);
	MUST(sendmsg(to, &message, 0) == 1);
}

static int receive_descriptor(int from)
{
	char byte, space[CMSG_SPACE(sizeof(int))] = {0};
	int descriptor = -1;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
	MUST(recvmsg(from, &message, 0) == 1 && byte == 'd');
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);
	MUST(control && control->cmsg_type == SCM_RIGHTS);
	memcpy(&descriptor, CMSG_DATA(control), sizeof descriptor);
	return descriptor;
}

/* Pipes with bytes in them, a pipe's end and a file lie in the queue of a socket while nobody else has them. */
static void pass(void)
{
	int pair[2], data[2], file = open("/etc/motd", O_RDONLY);
	char got[8] = "", first[4], again[4];
	MUST(file >= 0 && pread(file, first, 4, 0) == 4);
	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair) && !pipe(data));
	MUST(write(data[1], "inside", 6) == 6);
	send_descriptor(pair[0], data[0]);
	send_descriptor(pair[0], file);
	MUST(!close(data[0]) && !close(file));
	MUST(write(pair[0], "behind", 6) == 6);
	data[0] = receive_descriptor(pair[1]);
	file = receive_descriptor(pair[1]);
	MUST(read(data[0], got, 6) == 6 && !memcmp(got, "inside", 6));
	MUST(pread(file, again, 4, 0) == 4 && !memcmp(first, again, 4));
	MUST(read(pair[1], got, 8) == 6 && !memcmp(got, "behind", 6));
	MUST(!close(data[1]) && read(data[0], got, 1) == 0);
	MUST(!close(data[0]) && !close(file) && !close(pair[0]));
	MUST(read(pair[1], got, 1) == 0 && !close(pair[1]));
}

static void connect_by_name(int listener, const struct sockaddr_un *name, socklen_t length)
{
	char got[8];
	pid_t child = fork();
	if (!child) {
		int to = socket(AF_UNIX, SOCK_STREAM, 0);
		MUST(to >= 0 && !connect(to, (const struct sockaddr *)name, length));
		MUST(write(to, "hello", 5) == 5 && read(to, got, 8) == 2 && !memcmp(got, "ok", 2));
		_exit(0);
	}
	int from = accept(listener, NULL, NULL);
	MUST(from >= 0 && read(from, got, 8) == 5 && !memcmp(got, "hello", 5));
	MUST(write(from, "ok", 2) == 2);
	join(child);
	MUST(!close(from));
}

static void messages(void)
{
	int pair[2];
	char got[16];
	MUST(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	MUST(send(pair[0], "one", 3, 0) == 3 && send(pair[0], "second", 6, 0) == 6);
	MUST(recv(pair[1], got, sizeof got, 0) == 3 && !memcmp(got, "one", 3));
	MUST(recv(pair[1], got, sizeof got, 0) == 6 && !memcmp(got, "second", 6));
	MUST(recv(pair[1], got, sizeof got, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	MUST(!close(pair[0]) && !close(pair[1]));
}

static void count_and_time(int event, int timer)
{
	uint64_t value = (uint64_t)point, got = 0;
	pid_t child = fork();
	if (!child) {
		MUST(read(event, &got, 8) == 8 && got == value);
		_exit(0);
	}
	usleep(500);
	MUST(write(event, &value, 8) == 8);
	join(child);
	const struct itimerspec once = {.it_value = {.tv_nsec = 2000000}};
	MUST(!timerfd_settime(timer, 0, &once, NULL));
	MUST(read(timer, &got, 8) == 8 && got == 1);
}

/* One who polls, by a descriptor that becomes ready later. */
static void await_ready(int from, int to)
{
	struct pollfd poll_for = {from, POLLIN, 0};
	char byte = 0;
	pid_t child = fork();
	if (!child) {
		usleep(500);
		MUST(write(to, "p", 1) == 1);
		_exit(0);
	}
	MUST(poll(&poll_for, 1, -1) == 1 && poll_for.revents == POLLIN);
	MUST(read(from, &byte, 1) == 1 && byte == 'p');
	join(child);
	MUST(poll(&poll_for, 1, 0) == 0);
}

static void do_nothing(int signal)
{
	(void)signal;
}

static void be_interrupted(int from)
{
	const struct itimerval often = {.it_value = {.tv_usec = 3000}, .it_interval = {.tv_usec = 3000}}, never = {0};
	char byte;
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = do_nothing}, NULL);
	MUST(!setitimer(ITIMER_REAL, &often, NULL));
	MUST(read(from, &byte, 1) == -1 && errno == EINTR);
	MUST(!setitimer(ITIMER_REAL, &never, NULL));
}

/* Each side waits for the other in its opening, and what is written is read. */
static void meet(void)
{
	char got[8];
	pid_t child = fork();
	if (!child) {
		int to = open("/tmp/piped", O_WRONLY);
		MUST(to >= 0 && write(to, "fifo", 4) == 4);
		_exit(0);
	}
	int from = open("/tmp/piped", O_RDONLY);
	MUST(from >= 0 && read(from, got, 8) == 4 && !memcmp(got, "fifo", 4));
	MUST(read(from, got, 8) == 0 && !close(from));
	join(child);
}

/* Tells the server that ends at points which one is meant; what was written comes back, so that nothing of it is left. */
static void arm(const int pipe_of_orders[2])
{
	char order[16], got[16];
	int length = snprintf(order, sizeof order, "arm %d", point);
	MUST(write(pipe_of_orders[1], order, (size_t)length) == length);
	MUST(read(pipe_of_orders[0], got, sizeof got) == length && !memcmp(order, got, (size_t)length));
}

int main(int count, char **arguments)
{
	int there[2], back[2], orders[2], quiet[2], event = eventfd(0, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0piped"};
	const socklen_t length = (socklen_t)(sizeof name.sun_family + 6);
	char got[8];
	pid_t echo = start_echo(there, back);
	MUST(event >= 0 && timer >= 0 && !pipe(orders) && !pipe(quiet) && !mkfifo("/tmp/piped", 0600));
	MUST(listener >= 0 && !bind(listener, (const struct sockaddr *)&name, length) && !listen(listener, 4));
	MUST(write(quiet[1], "kept", 4) == 4); /* in its pipe all the time */
	for (point = count > 1 ? atoi(arguments[1]) : 1; point <= POINTS; point += STEP) {
		arm(orders);
		take_turns(there[1], back[0]);
		stream();
		pass();
		connect_by_name(listener, &name, length);
		messages();
		count_and_time(event, timer);
		await_ready(orders[0], orders[1]);
		be_interrupted(orders[0]);
		meet();
		take_turns(there[1], back[0]);
	}
	MUST(read(quiet[0], got, 8) == 4 && !memcmp(got, "kept", 4));
	close(there[1]);
	close(back[1]);
	MUST(read(back[0], got, 1) == 0);
	join(echo);
	printf("ok piped\n");
	return 7;
}
