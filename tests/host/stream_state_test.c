/*
 * streamd ends anywhere in a change: before and behind each entry of its log, each commit, each saving of a call and each handing of bytes.
 * Its clients see nothing of that: each byte, count and passed handle comes once, and who waits is served.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c tests/host/fake/calls_life.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/state_stores.c user/lib/server_state.c user/lib/found.c */
/* sources: user/servers/streamd/flow.c user/servers/streamd/handing.c user/servers/streamd/ending.c user/servers/streamd/wait.c */
/* state: tests/host/stream_main.c user/servers/streamd/account.c user/servers/streamd/alarm.c user/servers/streamd/cargo.c */
/* state: user/servers/streamd/end.c user/servers/streamd/event.c user/servers/streamd/names.c user/servers/streamd/pipe.c */
/* state: user/servers/streamd/socket.c user/servers/streamd/socket_collect.c user/servers/streamd/socket_connect.c */
/* state: user/servers/streamd/socket_transfer.c user/servers/streamd/packet.c user/servers/streamd/watch.c user/servers/streamd/state.c */
/* The address sanitizer and ends of threads in the midst of functions do not go together. */
/* flags: -DCALL_TO_FAKE_KERNEL -fno-sanitize=address */
/* libraries: -fno-sanitize=address -lpthread -Wl,--wrap=state_keep_words,--wrap=state_keep,--wrap=state_commit,--wrap=request_save */
/* libraries: -Wl,--wrap=__asan_store1_noabort,--wrap=__asan_store4_noabort,--wrap=__asan_store8_noabort */
/* libraries: -Wl,--wrap=handing_give,--wrap=wait_leave,--wrap=answer_give */
#include "abi/proto/stream.h"

#include <stdlib.h>
#include <time.h>

#include "abi/proto/fs.h"
#include "check.h"
#include "fake/calls.h"
#include "stream_main.h"
#include "user/lib/grants.h"
#include "user/lib/server.h"
#include "user/lib/state_area.h"

#include "tests/points.h"

void point_end(void)
{
	fake_end_here();
}

#define MUCH 140000u /* bytes: more than fits into a pipe twice */

static struct fake_process *streamd_process;
static handle_t session;
static _Thread_local uint64_t answered;

static void begin(void)
{
	streamd_process = fake_process_with_state("streamd", stream_main, "export.stream", 64ull << 20, &session);
	fake_start(streamd_process);
	fake_settle();
}

/* A call with a buffer to read from or one to write to, as the image makes it: what is short goes in the message. */
static status_t call(handle_t to, uint32_t label, uint64_t first, uint64_t second, const void *from, uint64_t from_length,
        void *into, uint64_t into_length)
{
	struct message message = {.label = label, .word = {first, second}};
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t)from, from_length};
	send->writable = (struct message_buffer){(uintptr_t)into, into_length};
	if (from_length && from_length <= MESSAGE_SHORT_MAX)
		extras_set_words(send, from, from_length);
	if (into_length && into_length <= MESSAGE_SHORT_MAX)
		message.label |= LABEL_SHORT;
	control_block()->received.handle_count = 0;
	control_block()->received.word_count = 0;
	status_t status = sys_channel_call_x(to, &message);
	answered = message.word[0];
	status = status ? status : message.label;
	if (!status && message.label != LABEL_SHORT && control_block()->received.word_count)
		memcpy(into, control_block()->received_words, answered < into_length ? answered : into_length);
	return status;
}

static bool put(handle_t to, const void *bytes, uint64_t length)
{
	return !call(to, FS_write, length, 0, bytes, length, NULL, 0) && answered == length;
}

/* Exactly these come, at most `part` at a time. */
static bool get_in_parts(handle_t from, const void *bytes, uint64_t length, uint64_t part)
{
	static _Thread_local char got[MUCH];
	for (uint64_t done = 0; done < length; done += answered) {
		uint64_t wanted = length - done < part ? length - done : part;
		if (call(from, FS_read, wanted, 0, NULL, 0, got + done, wanted) || !answered)
			return false;
	}
	/* Others wait for what will never come then. */
	if (!CHECK(!memcmp(got, bytes, length)))
		exit(check_result());
	return true;
}

static bool get(handle_t from, const void *bytes, uint64_t length)
{
	return get_in_parts(from, bytes, length, length);
}

static bool ends_now(handle_t from)
{
	char byte;
	return !call(from, FS_read, 1, 0, NULL, 0, &byte, 1) && !answered;
}

static bool open_two(uint32_t label, uint64_t word, handle_t out[2])
{
	if (call(session, label, word, 0, NULL, 0, NULL, 0) || control_block()->received.handle_count != 2)
		return false;
	memcpy(out, control_block()->received.handles, 2 * sizeof *out);
	return true;
}

static char much[MUCH];

/* Clients that wait, each a process on a thread of its own. */
static int read_short(void)
{
	char byte = 0;
	handle_t file = grant_find("file");
	return !(get(file, "short", 5) && !call(file, FS_read, 1, 0, NULL, 0, &byte, 1) && answered == 1 && byte == '!');
}

static int read_much(void)
{
	return !get(grant_find("file"), much, MUCH);
}

static int write_much(void)
{
	return !put(grant_find("file"), much, MUCH);
}

static int read_event(void)
{
	uint64_t value;
	return call(grant_find("file"), FS_read, 8, 0, NULL, 0, &value, 8) || value != 21;
}

/* Whether they have come to wait meanwhile changes nothing of what must come out. */
static void pause_for_others(void)
{
	nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static struct fake_process *start_client(int (*start)(void), handle_t file)
{
	struct fake_process *client = fake_process_create("client", start);
	fake_grant(client, "file", file);
	fake_start(client);
	pause_for_others();
	return client;
}

static bool short_bytes(void)
{
	handle_t pair[2];
	bool good = open_two(STREAM_pipe, 0, pair);
	good = good && put(pair[1], "abcdef", 6) && get(pair[0], "abc", 3) && put(pair[1], "g", 1) && get(pair[0], "defg", 4);
	struct fake_process *client = start_client(read_short, pair[0]);
	good = good && put(pair[1], "sho", 3);
	pause_for_others();
	good = good && put(pair[1], "rt", 2);
	pause_for_others();
	good = good && put(pair[1], "!", 1) && !fake_stop(client);
	good = good && put(pair[1], "last", 4);
	sys_handle_close(pair[1]);
	good = good && get(pair[0], "last", 4) && ends_now(pair[0]);
	sys_handle_close(pair[0]);
	return good;
}

static bool much_bytes(void)
{
	handle_t pair[2];
	bool good = open_two(STREAM_pipe, 0, pair);
	struct fake_process *client = start_client(write_much, pair[1]);
	good = good && get_in_parts(pair[0], much, MUCH, 9000) &&
	        !fake_stop(client); /* the ring is filled anew behind the reader */
	client = start_client(read_much, pair[0]);
	good = good && put(pair[1], much, MUCH) && !fake_stop(client);
	sys_handle_close(pair[0]);
	good = good && call(pair[1], FS_write, 1, 0, "x", 1, NULL, 0) == ERR_BROKEN_PIPE;
	sys_handle_close(pair[1]);
	return good;
}

static bool send_handle(handle_t to, handle_t what)
{
	struct message message = {.label = STREAM_send, .word = {1}};
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t) "p", 1};
	extras_add_handle(send, what, RIGHTS_ALL, 0);
	return !sys_channel_call_x(to, &message) && !message.label;
}

static bool passed_handles(void)
{
	handle_t pair[2], sockets[2], other;
	char byte = 0;
	bool good = open_two(STREAM_pipe, 0, pair) && open_two(STREAM_pair, STREAM_TYPE_STREAM, sockets);
	good = good && put(pair[1], "in it", 5) && send_handle(sockets[0], pair[0]) && send_handle(sockets[0], session);
	sys_handle_close(pair[0]);
	fake_settle();
	good = good && put(sockets[0], "behind", 6);
	good = good && !call(sockets[1], STREAM_receive, 1, 0, NULL, 0, &byte, 1) && byte == 'p' &&
	        control_block()->received.handle_count == 1;
	pair[0] = good ? control_block()->received.handles[0] : HANDLE_NONE;
	good = good && !call(sockets[1], STREAM_receive, 1, 0, NULL, 0, &byte, 1) &&
	        control_block()->received.handle_count == 1;
	other = good ? control_block()->received.handles[0] : HANDLE_NONE;
	good = good && get(sockets[1], "behind", 6) && get(pair[0], "in it", 5);
	sys_handle_close(pair[1]);
	good = good && ends_now(pair[0]);
	sys_handle_close(pair[0]);
	sys_handle_close(other);
	sys_handle_close(sockets[0]);
	good = good && ends_now(sockets[1]);
	sys_handle_close(sockets[1]);
	return good;
}

static bool counts_and_times(void)
{
	uint64_t value = 21;
	bool good = !call(session, STREAM_event, 0, 0, NULL, 0, NULL, 0);
	handle_t event = control_block()->received.handles[0];
	struct fake_process *client = start_client(read_event, event);
	good = good && put(event, &value, 8) && !fake_stop(client);
	good = good && put(event, &value, 8) && put(event, &value, 8) && !call(event, FS_read, 8, 0, NULL, 0, &value, 8) &&
	        value == 42;
	sys_handle_close(event);
	good = good && !call(session, STREAM_timer, 1, 0, NULL, 0, NULL, 0);
	handle_t timer = control_block()->received.handles[0];
	good = good && !call(timer, STREAM_timer_set, server_timer_now() + 200000, 0, NULL, 0, NULL, 0);
	good = good && !call(timer, FS_read, 8, 0, NULL, 0, &value, 8) && value == 1;
	sys_handle_close(timer);
	return good;
}

/* Ends the server at the first point of what is done, then at the second, until there are no more. */
static void everywhere(const char *what, bool (*act)(void))
{
	unsigned ended;
	check_begin(what);
	for (unsigned at = 1;; at++) {
		ended = fake_ends(streamd_process);
		points_left = at;
		bool good = act();
		fake_settle();
		points_left = 0;
		if (!CHECK(good)) {
			printf("at point %u\n", at);
			break;
		}
		if (ended == fake_ends(streamd_process))
			break;
	}
	CHECK(!strstr(fake_log(streamd_process), "starts empty") && !strstr(fake_log(streamd_process), "two ends"));
}

static void nothing_left(void)
{
	size_t before = fake_handle_count(streamd_process);
	check_begin("what was closed leaves no handle in the server");
	CHECK(short_bytes() && much_bytes() && passed_handles() && counts_and_times());
	fake_settle();
	CHECK(fake_handle_count(streamd_process) == before && before < 10);
}

int main(void)
{
	for (unsigned i = 0; i < MUCH; i++)
		much[i] = (char)(i * 7 + i / 253);
	begin();
	everywhere("short bytes come once, wherever streamd ends", short_bytes);
	everywhere("much comes once, whoever waits", much_bytes);
	everywhere("passed handles and what they lead to", passed_handles);
	everywhere("events count once, and it is time for timers", counts_and_times);
	nothing_left();
	CHECK(fake_ends(streamd_process) > 300);
	fake_stop(streamd_process);
	return check_result();
}
