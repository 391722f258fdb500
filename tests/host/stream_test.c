/*
 * streamd on a kernel of the tests' own: pipes, events and sockets against a model of each by random operations, calls that wait
 * and are interrupted, sockets that hold each other; and nothing is left of what was open.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c tests/host/stream_main.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c common/path.c */
/* sources: user/servers/streamd/account.c user/servers/streamd/alarm.c user/servers/streamd/cargo.c */
/* sources: user/servers/streamd/end.c user/servers/streamd/event.c user/servers/streamd/flow.c user/servers/streamd/names.c */
/* sources: user/servers/streamd/pipe.c user/servers/streamd/socket.c user/servers/streamd/socket_collect.c */
/* sources: user/servers/streamd/socket_connect.c user/servers/streamd/socket_transfer.c user/servers/streamd/wait.c */
/* sources: user/servers/streamd/watch.c user/servers/streamd/state.c user/servers/streamd/ending.c user/servers/streamd/handing.c user/servers/streamd/packet.c user/lib/pool.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/server_state.c user/lib/found.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread */
#include "abi/proto/stream.h"

#include <stdlib.h>
#include <time.h>

#include "abi/proto/fs.h"
#include "check.h"
#include "fake/calls.h"
#include "stream_main.h"
#include "user/lib/call.h"
#include "user/lib/grants.h"

#define MODEL 300000
#define ROUNDS 20000

static handle_t session;
static struct fake_process *streamd;
static _Thread_local uint64_t answered[MESSAGE_WORDS]; /* of the last call */

/* A call with a buffer to read from and one to write to; what handles came are in control_block()->received. */
static status_t call(handle_t to, uint32_t label, uint64_t first, uint64_t second, const void *from, uint64_t from_length,
        void *into, uint64_t into_length)
{
	struct message message = {.label = label, .word = {first, second}};
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t)from, from_length};
	send->writable = (struct message_buffer){(uintptr_t)into, into_length};
	control_block()->received.handle_count = 0;
	status_t status = sys_channel_call_x(to, &message);
	memcpy(answered, message.word, sizeof answered);
	return status ? status : message.label;
}

static status_t plain(handle_t to, uint32_t label, uint64_t first, uint64_t second)
{
	return call(to, label, first, second, NULL, 0, NULL, 0);
}

static status_t write_now(handle_t to, const void *bytes, uint64_t length)
{
	return call(to, FS_write, length, FS_TRANSFER_NO_WAIT, bytes, length, NULL, 0);
}

static status_t read_now(handle_t from, void *bytes, uint64_t length)
{
	return call(from, FS_read, length, FS_TRANSFER_NO_WAIT, NULL, 0, bytes, length);
}

static status_t make(uint32_t label, uint64_t first, uint32_t count, handle_t *out)
{
	status_t status = plain(session, label, first, 0);
	for (uint32_t i = 0; !status && i < count; i++)
		out[i] = control_block()->received.handles[i];
	return status;
}

static void close_both(const handle_t pair[2])
{
	sys_handle_close(pair[0]);
	sys_handle_close(pair[1]);
}

static status_t pass(handle_t to, handle_t what)
{
	struct message message = {.label = STREAM_send, .word = {1, FS_TRANSFER_NO_WAIT}};
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t) "p", 1};
	extras_add_handle(send, what, RIGHTS_ALL, 0);
	status_t status = sys_channel_call_x(to, &message);
	return status ? status : message.label;
}

static status_t take(handle_t from, handle_t *out)
{
	char byte;
	*out = HANDLE_NONE;
	status_t status = call(from, STREAM_receive, 1, FS_TRANSFER_NO_WAIT, NULL, 0, &byte, 1);
	if (!status && control_block()->received.handle_count)
		*out = control_block()->received.handles[0];
	return status;
}

static uint32_t ready(handle_t file)
{
	plain(file, FS_watch, FS_READY_READ | FS_READY_WRITE | FS_READY_ERROR | FS_READY_HANGUP, 0);
	return (uint32_t)answered[0];
}

/* Bytes on their way, as they should be. */
static uint8_t model[MODEL];
static size_t model_count;

static void model_take(size_t count)
{
	model_count -= count;
	memmove(model, model + count, model_count);
}

/* Random writes and reads of a byte stream. `atomic`: what goes in whole or not at all; 0: nothing. */
static void run_stream(handle_t writer, handle_t reader, uint64_t capacity, uint64_t atomic)
{
	static uint8_t out[100000], in[100000];
	uint8_t next = 0;
	model_count = 0;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t length = (uint64_t)random() % (round % 7 ? 300 : round % 49 ? 5000 : sizeof out);
		if (random() % 2) {
			for (uint64_t i = 0; i < length; i++)
				out[i] = (uint8_t)(next + i * 3);
			status_t status = write_now(writer, out, length);
			uint64_t done = status ? 0 : answered[0];
			CHECK(status == ERR_OK || status == ERR_WOULD_BLOCK);
			CHECK(done <= length && (done == length || length > atomic || !atomic || !done));
			CHECK(!capacity || done == length || length <= atomic || model_count + done == capacity);
			memcpy(model + model_count, out, done);
			model_count += done;
			next++;
		} else {
			status_t status = read_now(reader, in, length);
			uint64_t done = status ? 0 : answered[0];
			uint64_t expected = length < model_count ? length : model_count;
			CHECK(status == ERR_OK || (status == ERR_WOULD_BLOCK && !expected));
			CHECK(done == expected && !memcmp(in, model, done));
			model_take(done);
		}
		if (!(round % 100))
			CHECK(!plain(reader, FS_available, 0, 0) && answered[0] == model_count);
	}
}

static void test_pipe(void)
{
	handle_t pair[2];
	char byte;
	check_begin("stream.a_pipe_is_a_queue_of_bytes");
	CHECK(!make(STREAM_pipe, 0, 2, pair));
	run_stream(pair[1], pair[0], STREAM_CAPACITY, STREAM_ATOMIC);
	CHECK(!plain(pair[0], STREAM_set_capacity, 200000, 0) && answered[0] == 262144);
	while (!read_now(pair[0], model, sizeof model))
		;
	run_stream(pair[1], pair[0], 262144, STREAM_ATOMIC);
	check_begin("stream.a_pipe_ends_with_its_last_writer");
	while (!read_now(pair[0], model, sizeof model))
		;
	CHECK(write_now(pair[0], "x", 1) == ERR_DENIED && read_now(pair[1], &byte, 1) == ERR_DENIED);
	CHECK(plain(pair[0], FS_seek, 0, 0) == ERR_NOT_SEEKABLE);
	CHECK(!write_now(pair[1], "x", 1) && ready(pair[0]) == FS_READY_READ);
	sys_handle_close(pair[1]);
	CHECK(!read_now(pair[0], &byte, 1) && answered[0] == 1 && byte == 'x');
	CHECK(!read_now(pair[0], &byte, 1) && answered[0] == 0 && ready(pair[0]) == FS_READY_HANGUP);
	sys_handle_close(pair[0]);
	check_begin("stream.a_pipe_breaks_with_its_last_reader");
	CHECK(!make(STREAM_pipe, 0, 2, pair));
	sys_handle_close(pair[0]);
	CHECK(write_now(pair[1], "x", 1) == ERR_BROKEN_PIPE && ready(pair[1]) == (FS_READY_WRITE | FS_READY_ERROR));
	sys_handle_close(pair[1]);
}

static void test_sockets(void)
{
	static const uint32_t types[] = {STREAM_TYPE_DATAGRAM, STREAM_TYPE_PACKETS};
	handle_t pair[2];
	char bytes[400];
	check_begin("stream.a_stream_socket_is_a_queue_each_way");
	CHECK(!make(STREAM_pair, STREAM_TYPE_STREAM, 2, pair));
	run_stream(pair[0], pair[1], 0, 0);
	run_stream(pair[1], pair[0], 0, 0);
	close_both(pair);
	check_begin("stream.messages_stay_what_they_are");
	for (unsigned t = 0; t < 2; t++) {
		uint16_t lengths[1000];
		unsigned first = 0, last = 0;
		CHECK(!make(STREAM_pair, types[t], 2, pair));
		for (int round = 0; round < ROUNDS; round++) {
			uint64_t length = (uint64_t)random() % 300;
			memset(bytes, (int)length, sizeof bytes);
			if (random() % 2 && last - first < 1000) {
				status_t status = write_now(pair[0], bytes, length);
				CHECK(status == ERR_OK || status == ERR_WOULD_BLOCK);
				if (!status)
					lengths[last++ % 1000] = (uint16_t)length;
			} else {
				status_t status = read_now(pair[1], bytes, length);
				uint16_t sent = first < last ? lengths[first % 1000] : 0;
				uint64_t expected = sent < length ? sent : length;
				CHECK(status == (first < last ? ERR_OK : ERR_WOULD_BLOCK));
				CHECK(status || (answered[0] == expected && (!expected || bytes[expected - 1] == (char)sent)));
				first += !status;
			}
		}
		close_both(pair);
	}
}

static void test_event(void)
{
	handle_t event;
	uint64_t value, sum = 7;
	check_begin("stream.an_event_counts");
	CHECK(!make(STREAM_event, 7, 1, &event));
	for (int round = 0; round < ROUNDS; round++) {
		if (random() % 2) {
			value = random() % 8 ? (uint64_t)random() : UINT64_MAX - 1 - sum - (uint64_t)random() % 3;
			status_t status = write_now(event, &value, sizeof value);
			bool fits = value < UINT64_MAX - sum;
			CHECK(status == (value == UINT64_MAX ? ERR_BAD_ARGUMENT : fits ? ERR_OK : ERR_WOULD_BLOCK));
			sum += status ? 0 : value;
		} else {
			status_t status = read_now(event, &value, sizeof value);
			CHECK(status == (sum ? ERR_OK : ERR_WOULD_BLOCK) && (status || value == sum));
			sum = 0;
		}
	}
	sys_handle_close(event);
}

/* Clients that wait, each a process on a thread of its own. */
static int read_ten(void)
{
	char bytes[10];
	status_t status = call(grant_find("file"), FS_read, sizeof bytes, 0, NULL, 0, bytes, sizeof bytes);
	return status ? -(int)status : (int)answered[0];
}

static int write_much(void)
{
	static char bytes[100000];
	status_t status = call(grant_find("file"), FS_write, sizeof bytes, 0, bytes, sizeof bytes, NULL, 0);
	return status ? -(int)status : (int)answered[0];
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

/* Starts a client that uses `file` and lets it come to wait. */
static struct fake_process *start_client(int (*start)(void), handle_t file)
{
	struct fake_process *client = fake_process_create("client", start);
	fake_grant(client, "file", file);
	fake_start(client);
	pause_ms(30);
	return client;
}

static void test_waiting(void)
{
	static char much[100000];
	handle_t pair[2];
	char byte;
	check_begin("stream.a_reader_waits_and_gets_what_comes");
	CHECK(!make(STREAM_pipe, 0, 2, pair));
	struct fake_process *client = start_client(read_ten, pair[0]);
	CHECK(!write_now(pair[1], "0123456789ABC", 13) && answered[0] == 13);
	CHECK(fake_stop(client) == 10);
	CHECK(!read_now(pair[0], much, 99) && answered[0] == 3 && !memcmp(much, "ABC", 3));
	check_begin("stream.a_writer_waits_for_room");
	client = start_client(write_much, pair[1]);
	CHECK(ready(pair[1]) == 0);
	uint64_t sum = 0;
	while (sum < 100000 && !read_now(pair[0], much, sizeof much))
		sum += answered[0];
	CHECK(sum == 100000 && fake_stop(client) == 100000);
	check_begin("stream.a_call_that_is_asked_to_end_tells_what_was_done");
	client = start_client(read_ten, pair[0]);
	CHECK(fake_interrupt(fake_number(client)) && fake_stop(client) == -ERR_INTERRUPTED);
	client = start_client(write_much, pair[1]);
	CHECK(fake_interrupt(fake_number(client)) && fake_stop(client) == STREAM_CAPACITY);
	CHECK(!read_now(pair[0], much, sizeof much) && answered[0] == STREAM_CAPACITY);
	CHECK(read_now(pair[0], &byte, 1) == ERR_WOULD_BLOCK);
	check_begin("stream.those_who_wait_hear_of_the_end");
	client = start_client(read_ten, pair[0]);
	sys_handle_close(pair[1]);
	CHECK(fake_stop(client) == 0);
	sys_handle_close(pair[0]);
}

static void test_watch(void)
{
	handle_t pair[2], notify;
	uint64_t bits;
	check_begin("stream.a_watch_is_told_once");
	CHECK(!make(STREAM_pipe, 0, 2, pair) && !sys_notify_create(&notify));
	for (int round = 0; round < 3; round++) {
		for (uint32_t next = 0; next < 2; next++) {
			struct message message = {.label = FS_watch, .word = {FS_READY_READ | next * FS_WATCH_NEXT, 4}};
			extras_add_handle(extras_begin(), notify, RIGHTS_ALL, 0);
			CHECK(!sys_channel_call_x(pair[0], &message) && !message.label &&
			        message.word[0] == (next ? FS_READY_READ : 0));
			CHECK(sys_notify_wait(notify, UINT64_MAX, DEADLINE_NOW, &bits) == ERR_TIMED_OUT);
			CHECK(!write_now(pair[1], "x", 1) && !write_now(pair[1], "y", 1));
			CHECK(!sys_notify_wait(notify, UINT64_MAX, DEADLINE_NOW, &bits) && bits == 4);
			CHECK(sys_notify_wait(notify, UINT64_MAX, DEADLINE_NOW, &bits) == ERR_TIMED_OUT);
		}
		CHECK(!read_now(pair[0], model, sizeof model) && answered[0] == 4);
	}
	close_both(pair);
	sys_handle_close(notify);
}

/* Its other end goes with what ends in parts. */
static void settle(handle_t pipe)
{
	for (int i = 0; i < 200 && !(ready(pipe) & FS_READY_HANGUP); i++)
		pause_ms(10);
	CHECK(ready(pipe) == FS_READY_HANGUP);
}

static void test_passing(void)
{
	handle_t pair[2], pipe[2], got;
	char byte;
	check_begin("stream.a_passed_end_is_the_same_pipe");
	CHECK(!make(STREAM_pair, STREAM_TYPE_STREAM, 2, pair) && !make(STREAM_pipe, 0, 2, pipe));
	CHECK(!pass(pair[0], pipe[1]));
	sys_handle_close(pipe[1]);
	CHECK(read_now(pipe[0], &byte, 1) == ERR_WOULD_BLOCK);
	CHECK(!take(pair[1], &got) && got && !write_now(got, "x", 1) && !read_now(pipe[0], &byte, 1) && byte == 'x');
	sys_handle_close(got);
	CHECK(!read_now(pipe[0], &byte, 1) && answered[0] == 0);
	check_begin("stream.what_is_passed_on_and_on_is_the_same_still");
	for (int round = 0; round < 100; round++) {
		CHECK(!pass(pair[0], pipe[0]) && !take(pair[1], &got));
		sys_handle_close(pipe[0]);
		pipe[0] = got;
	}
	CHECK(!read_now(pipe[0], &byte, 1) && answered[0] == 0);
	sys_handle_close(pipe[0]);
	check_begin("stream.handles_on_their_way_are_bounded");
	unsigned count = 0;
	status_t status;
	while (!(status = pass(pair[0], session)))
		count++;
	CHECK(status == ERR_QUOTA && count == 256);
	close_both(pair);
	check_begin("stream.sockets_that_hold_each_other_end");
	for (int round = 0; round < 20; round++) {
		handle_t rings[5][2];
		CHECK(!make(STREAM_pipe, 0, 2, pipe));
		for (int i = 0; i < 5; i++)
			CHECK(!make(STREAM_pair, STREAM_TYPE_STREAM, 2, rings[i]));
		for (int i = 0; i < 5; i++)
			CHECK(!pass(rings[i][0], rings[(i + 1) % 5][random() % 2]) &&
			        !pass(rings[i][1], rings[(i + 4) % 5][1]));
		CHECK(!pass(rings[random() % 5][0], pipe[1]));
		sys_handle_close(pipe[1]);
		for (int i = 0; i < 5; i++)
			close_both(rings[i]);
		settle(pipe[0]);
		sys_handle_close(pipe[0]);
	}
}

/* More of it than is taken apart at once, and in all of the rounds more than an account holds. */
static void test_backlog(void)
{
	struct stream_name name = {5, "\0many"};
	handle_t listener, clients[40], pipe[2];
	char byte;
	check_begin("stream.a_listener_ends_with_all_that_waits_in_its_backlog");
	for (int round = 0; round < 40; round++) {
		CHECK(!make(STREAM_pipe, 0, 2, pipe) && !make(STREAM_socket, STREAM_TYPE_STREAM, 1, &listener));
		CHECK(!call(listener, STREAM_bind, 0, 0, &name, sizeof name, NULL, 0) &&
		        !plain(listener, STREAM_listen, 100, 0));
		for (int i = 0; i < 40; i++) {
			CHECK(!make(STREAM_socket, STREAM_TYPE_STREAM, 1, &clients[i]));
			CHECK(!call(clients[i], STREAM_connect, FS_TRANSFER_NO_WAIT, 0, &name, sizeof name, NULL, 0));
			for (int packet = 0; packet < 20; packet++)
				CHECK(!write_now(clients[i], "x", 1));
		}
		CHECK(!pass(clients[round], pipe[1]));
		sys_handle_close(pipe[1]);
		sys_handle_close(listener);
		CHECK(call(clients[0], STREAM_connect, FS_TRANSFER_NO_WAIT, 0, &name, sizeof name, NULL, 0));
		settle(pipe[0]);
		for (int i = 0; i < 40; i++) {
			CHECK(!read_now(clients[i], &byte, 1) && !answered[0] &&
			        write_now(clients[i], "x", 1) == ERR_BROKEN_PIPE);
			sys_handle_close(clients[i]);
		}
		sys_handle_close(pipe[0]);
	}
}

/* Anything, in any order, with any words: it must answer. */
static void test_nonsense(void)
{
	static const uint32_t labels[] = {
#define STREAM_OP(label, ...) label,
#include "abi/proto/stream.def"
#undef STREAM_OP
	        FS_read, FS_write, FS_watch, FS_fstat, FS_available, FS_seek};
	static char buffer[512];
	handle_t open[64] = {0};
	check_begin("stream.nonsense_is_answered");
	srandom(5);
	for (int round = 0; round < 3 * ROUNDS; round++) {
		handle_t *place = &open[random() % 64], to = *place ? *place : session;
		if (random() % 8 == 0 && *place) {
			sys_handle_close(*place);
			*place = HANDLE_NONE;
			continue;
		}
		for (unsigned i = 0; i < sizeof buffer; i++)
			buffer[i] = (char)(random() % 3);
		buffer[0] = (char)(random() % 12);
		buffer[1] = 0;
		uint64_t words[2];
		for (int i = 0; i < 2; i++)
			words[i] = random() % 16 ? (uint64_t)random() % 9 : UINT64_MAX >> random() % 64;
		struct message message = {.label = labels[(unsigned long)random() % (sizeof labels / sizeof *labels)],
		        .word = {words[0], words[1] | FS_TRANSFER_NO_WAIT, (uint64_t)random() % 600, (uint64_t)random()}};
		message.word[0] |= message.label == STREAM_accept || message.label == STREAM_connect ? FS_TRANSFER_NO_WAIT : 0;
		struct message_extras *send = extras_begin();
		send->readable = (struct message_buffer){(uintptr_t)buffer, (uint64_t)random() % sizeof buffer};
		send->writable = (struct message_buffer){(uintptr_t)buffer, (uint64_t)random() % sizeof buffer};
		if (random() % 4 == 0)
			extras_add_handle(send, open[random() % 64] ? open[random() % 64] : session, RIGHTS_ALL, 0);
		if (send->handle_count && !send->handles[0])
			send->handle_count = 0;
		control_block()->received.handle_count = 0;
		CHECK(sys_channel_call_x(to, &message) == ERR_OK);
		for (unsigned i = 0; !message.label && i < control_block()->received.handle_count; i++) {
			handle_t *to_keep = &open[random() % 64];
			if (*to_keep)
				sys_handle_close(*to_keep);
			*to_keep = control_block()->received.handles[i];
		}
		control_block()->received.handle_count = 0;
	}
	for (int i = 0; i < 64; i++)
		if (open[i])
			sys_handle_close(open[i]);
}

int main(void)
{
	handle_t receiver;
	srandom(1);
	streamd = fake_process_create("streamd", stream_main);
	if (sys_channel_create(&receiver) || sys_channel_mint(receiver, 1, RIGHTS_ALL, &session))
		abort();
	fake_grant(streamd, "export.stream", receiver);
	sys_handle_close(receiver);
	fake_start(streamd);
	CHECK(plain(session, FS_read, 0, 0) == ERR_NOT_SUPPORTED);
	size_t handles = fake_handle_count(streamd);
	test_pipe();
	test_sockets();
	test_event();
	test_waiting();
	test_watch();
	test_passing();
	test_backlog();
	test_nonsense();
	check_begin("stream.nothing_is_left");
	for (int i = 0; i < 100 && fake_handle_count(streamd) > handles; i++)
		pause_ms(10);
	fake_settle();
	CHECK(fake_handle_count(streamd) == handles);
	sys_handle_close(session);
	CHECK(fake_stop(streamd) == EXIT_FAILURE);
	return check_result();
}
