/*
 * What is short travels within a message (abi/message.h), what is longer as a buffer, and neither handler nor client can tell: names
 * and bytes around the boundary between the two, results at all lengths, and messages that nobody's stubs would make.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/server_state.c user/lib/found.c */
/* sources: user/lib/fs.c user/lib/fs_names.c user/lib/fs_call.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread */
#include "user/lib/server.h"

#include <sched.h>
#include <stdlib.h>

#include "check.h"
#include "fake/calls.h"
#include "user/lib/fs.h"
#include "user/lib/grants.h"

#define BYTES 1024u

enum { OP_PARTS = 0x101 + 0x200, OP_SAVE, OP_ANSWER, OP_FORWARD };

static char path[FS_PATH_MAX], second[FS_PATH_MAX], stored[BYTES];
static uint64_t carried_calls; /* whose bytes were in the message */
static handle_t saved;

static status_t read_path(struct request *request)
{
	carried_calls += request_carried(request, request->word[0], request->word[1]) != NULL;
	return request_read_path(request, request->word[0], request->word[1], path);
}

static status_t handle_stat(struct request *request)
{
	status_t status = read_path(request);
	struct fs_stat stat = {.size = strlen(path), .mode = 0644, .change_ns = 77};
	return status ? status : request_write(request, 0, &stat, sizeof stat);
}

static status_t handle_readlink(struct request *request)
{
	status_t status = read_path(request);
	request->answer.word[0] = strlen(path);
	return status ? status : request_write(request, 0, path, strlen(path));
}

static status_t handle_rename(struct request *request)
{
	status_t status = read_path(request);
	return status ? status : request_read_path(request, request->word[2], request->word[3], second);
}

static status_t handle_write(struct request *request)
{
	if (request->word[0] > sizeof stored)
		return ERR_TOO_LARGE;
	carried_calls += request_carried(request, 0, request->word[0]) != NULL;
	request->answer.word[0] = request->word[0];
	return request_read(request, 0, stored, request->word[0]);
}

static status_t handle_read(struct request *request)
{
	uint64_t length = request->word[0] < sizeof stored ? request->word[0] : sizeof stored;
	request->answer.word[0] = length;
	return request_write(request, 0, stored, length);
}

/* Two pieces of `stored`: words 0, 1 and 2, 3 are offset and length. */
static status_t handle_parts(struct request *request)
{
	const uint64_t *word = request->word;
	if (word[1] > sizeof stored || word[3] > sizeof stored)
		return ERR_TOO_LARGE;
	status_t status = request_write(request, word[0], stored, word[1]);
	if (!status)
		status = request_write(request, word[2], stored + word[1] / 2, word[3]);
	return !status && word[4] ? (status_t)word[4] : status;
}

/* Writes, and is answered only later. */
static status_t handle_save(struct request *request)
{
	status_t status = request_write(request, 0, stored, request->word[0]);
	return status ? status : request_save(request, &saved);
}

static status_t handle_answer(struct request *request)
{
	(void)request;
	struct answer answer = {.word = {1}};
	answer_send(saved, ERR_OK, &answer);
	return ERR_OK;
}

static status_t handle_forward(struct request *request)
{
	uint64_t word[MESSAGE_WORDS] = {request->word[0] + 1, request->word[1] - 1, 1};
	request->label = FS_stat;
	return request_forward(request, grant_find("next"), word);
}

static const struct server_operation operations[] = {
        {.label = FS_stat, .name = "stat", .handle = handle_stat},
        {.label = FS_readlink, .name = "readlink", .handle = handle_readlink},
        {.label = FS_rename, .name = "rename", .handle = handle_rename},
        {.label = FS_write, .name = "write", .handle = handle_write},
        {.label = FS_read, .name = "read", .handle = handle_read},
        {.label = OP_PARTS, .name = "parts", .handle = handle_parts},
        {.label = OP_SAVE, .name = "save", .handle = handle_save},
        {.label = OP_ANSWER, .name = "answer", .handle = handle_answer},
        {.label = OP_FORWARD, .name = "forward", .handle = handle_forward},
};

static struct server server = {
        .name = "sample", .operations = operations, .operation_count = sizeof operations / sizeof *operations};
static struct server next = {
        .name = "next", .operations = operations, .operation_count = sizeof operations / sizeof *operations};

static int serve(void)
{
	return server_begin(&server, grant_find("export")) ? 1 : (int)server_run(&server);
}

static int serve_next(void)
{
	return server_begin(&next, grant_find("export")) ? 1 : (int)server_run(&next);
}

static struct fake_process *start(int (*main)(void), handle_t *out_session)
{
	handle_t receiver;
	struct fake_process *process = fake_process_create("server", main);
	CHECK(!sys_channel_create(&receiver));
	CHECK(!sys_channel_mint(receiver, 1, RIGHTS_ALL, out_session));
	fake_grant(process, "export", receiver);
	sys_handle_close(receiver);
	return process;
}

static handle_t session;

/* A path of this length in normal form. */
static const char *path_of(size_t length, char *out)
{
	for (size_t i = 0; i < length; i++)
		out[i] = i % 100 ? (char)('a' + i % 26) : '/';
	out[length] = 0;
	return out;
}

static void test_names(void)
{
	static const size_t lengths[] = {1, 2, 7, 8, 9, 255, 256, 257, 300, FS_PATH_MAX - 1};
	char name[FS_PATH_MAX], to[FS_PATH_MAX];
	struct fs_stat stat;
	for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		size_t length = lengths[i];
		check_begin(length <= MESSAGE_SHORT_MAX ? "short: a name up to the boundary arrives within the message"
		                                        : "short: a name beyond the boundary arrives as a buffer");
		carried_calls = 0;
		CHECK(!fs_stat(session, path_of(length, name), 1, DEADLINE_NEVER, &stat));
		CHECK(stat.size == length && stat.mode == 0644 && stat.change_ns == 77 && !strcmp(path, name));
		CHECK(carried_calls == (length <= MESSAGE_SHORT_MAX));
		check_begin("short: and comes back, with nothing behind it");
		memset(to, 'x', sizeof to);
		CHECK(!fs_readlink(session, name, to, sizeof to, DEADLINE_NEVER) && !strcmp(to, name));
		check_begin("short: a second name behind it as well");
		const char *other = "/another/name";
		status_t status = fs_rename(session, name, other, 0, DEADLINE_NEVER);
		CHECK(!status && !strcmp(path, name) && !strcmp(second, other));
	}
	check_begin("short: a name that is too long is refused whichever way it came");
	memset(name, 'a', sizeof name);
	name[0] = '/';
	name[257] = 0;
	CHECK(fs_stat(session, name, 1, DEADLINE_NEVER, &stat) == ERR_NAME_TOO_LONG);
	CHECK(fs_stat(session, "/a//b", 1, DEADLINE_NEVER, &stat) == ERR_BAD_ARGUMENT);
}

static void test_bytes(void)
{
	char from[BYTES], to[BYTES + 16];
	for (unsigned i = 0; i < sizeof from; i++)
		from[i] = (char)(i * 7 + 1);
	check_begin("short: bytes of every length around the boundary arrive whole, and no more come back than were asked for");
	for (uint64_t length = 0; length < 600; length += length == 20 ? 220 : 1) {
		uint64_t bytes = 0;
		carried_calls = 0;
		memset(stored, 0, sizeof stored);
		CHECK(!fs_write(session, from, length, DEADLINE_NEVER, &bytes) && bytes == length);
		CHECK(!memcmp(stored, from, length) && !stored[length] && carried_calls == (length <= MESSAGE_SHORT_MAX));
		memset(to, 'x', sizeof to);
		CHECK(!fs_read(session, to, length, DEADLINE_NEVER, &bytes) && bytes == length);
		CHECK(!memcmp(to, from, length) && to[length] == 'x');
	}
}

/* A message as no stub makes it. */
static status_t call(uint32_t label, const uint64_t *word, unsigned words, struct message_buffer readable,
        struct message_buffer writable, struct message *out)
{
	struct message_extras *send = extras_begin();
	*out = (struct message){.label = label};
	memcpy(out->word, word, sizeof out->word);
	send->word_count = (uint8_t)words;
	send->readable = readable;
	send->writable = writable;
	status_t status = sys_channel_call_x(session, out);
	return status ? status + 1000 : out->label;
}

static void test_hostile_requests(void)
{
	static const char text[] = "/from/the/buffer/and/not/the/words";
	const struct message_buffer nothing = {0, 0}, buffer = {(uintptr_t)text, sizeof text - 1};
	struct fs_stat stat;
	struct message_buffer out = {(uintptr_t)&stat, sizeof stat};
	struct message message;
	uint64_t *words = control_block()->send_words;

	check_begin("short: offsets and lengths are held to what the message has carried");
	memset(words, 0, MESSAGE_LONG_WORDS * sizeof *words);
	memcpy(words, "/a/b", 4);
	CHECK(!call(FS_stat, (uint64_t[6]){0, 4}, 1, nothing, out, &message) && !strcmp(path, "/a/b") && stat.size == 4);
	CHECK(!call(FS_stat, (uint64_t[6]){2, 2}, 1, nothing, out, &message) && !strcmp(path, "/b"));
	CHECK(!call(FS_stat, (uint64_t[6]){8, 0}, 1, nothing, out, &message) && !*path);
	CHECK(call(FS_stat, (uint64_t[6]){0, 9}, 1, nothing, out, &message) == ERR_BAD_ARGUMENT);
	CHECK(call(FS_stat, (uint64_t[6]){9, 0}, 1, nothing, out, &message) == ERR_BAD_ARGUMENT);
	CHECK(call(FS_stat, (uint64_t[6]){8, 1}, 1, nothing, out, &message) == ERR_BAD_ARGUMENT);
	carried_calls = 0;
	CHECK(call(FS_stat, (uint64_t[6]){UINT64_MAX, 2}, 1, nothing, out, &message) == ERR_BAD_ARGUMENT);
	CHECK(!carried_calls);
	CHECK(call(FS_stat, (uint64_t[6]){2, UINT64_MAX}, 1, nothing, out, &message) == ERR_NAME_TOO_LONG);
	CHECK(call(FS_write, (uint64_t[6]){257}, 32, nothing, nothing, &message) == ERR_BAD_ARGUMENT);
	CHECK(!call(FS_write, (uint64_t[6]){256}, 32, nothing, nothing, &message));
	CHECK(call(FS_stat, (uint64_t[6]){0, 1}, 0, nothing, out, &message) == ERR_BAD_ARGUMENT);
	check_begin("short: what lies in the padding is no name");
	CHECK(call(FS_stat, (uint64_t[6]){0, 8}, 1, nothing, out, &message) == ERR_BAD_ARGUMENT);
	check_begin("short: more words than there are make no call");
	CHECK(call(FS_stat, (uint64_t[6]){0, 4}, 33, nothing, out, &message) == ERR_TOO_LARGE + 1000);
	CHECK(call(FS_stat, (uint64_t[6]){0, 4}, 255, nothing, out, &message) == ERR_TOO_LARGE + 1000);
	check_begin("short: what reaches beyond the words is read from the buffer, all of it");
	memcpy(words, "/words/////////", 16);
	CHECK(!call(FS_stat, (uint64_t[6]){0, 6}, 2, buffer, out, &message) && !strcmp(path, "/words"));
	CHECK(!call(FS_stat, (uint64_t[6]){0, sizeof text - 1}, 2, buffer, out, &message) && !strcmp(path, text));
	CHECK(!call(FS_stat, (uint64_t[6]){9, 11}, 2, buffer, out, &message) && !strcmp(path, "/buffer/and"));
	CHECK(call(FS_stat, (uint64_t[6]){0, sizeof text}, 2, buffer, out, &message) == ERR_BAD_ARGUMENT);
	CHECK(!call(FS_stat, (uint64_t[6]){0, 6}, 2, (struct message_buffer){(uintptr_t)text, 3}, out, &message));
}

/* What OP_PARTS writes, by the answer or not, beside what it should be. */
static void check_parts(uint32_t flag, uint64_t first, uint64_t first_length, uint64_t next_at, uint64_t next_length)
{
	char to[BYTES], expected[BYTES];
	struct message message;
	const uint64_t word[6] = {first, first_length, next_at, next_length};
	memset(to, 'x', sizeof to);
	memset(expected, 'x', sizeof expected);
	memcpy(expected + first, stored, first_length);
	memcpy(expected + next_at, stored + first_length / 2, next_length);
	struct message_buffer writable = {(uintptr_t)to, sizeof to};
	CHECK(!call(OP_PARTS | flag, word, 0, (struct message_buffer){0, 0}, writable, &message));
	uint64_t carried = message.info & RECEIVED_EXTRAS ? control_block()->received.word_count * 8 : 0;
	memcpy(to, control_block()->received_words, carried);
	uint64_t end = first + first_length > next_at + next_length ? first + first_length : next_at + next_length;
	CHECK(!memcmp(to, expected, end) && (flag || !carried));
	for (uint64_t i = end; i < carried; i++) /* what fills up the last word is zeros, and nothing of the server's */
		CHECK(!to[i] && i < end + 8);
}

static void test_results(void)
{
	static const uint64_t cases[][4] = {{0, 5, 5, 6}, {0, 100, 100, 156}, {0, 100, 100, 157}, {0, 256, 256, 1},
	        {0, 257, 0, 4}, {0, 200, 100, 50}, {0, 200, 100, 300}, {0, 9, 3, 2}, {0, 0, 0, 3}, {8, 8, 0, 16},
	        {0, 24, 500, 20}};
	struct message message;
	char to[BYTES];
	for (unsigned i = 0; i < sizeof stored; i++)
		stored[i] = (char)(i % 251 + 1);
	check_begin("short: a result in pieces is the same by the answer and by the buffer");
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		check_parts(LABEL_SHORT, cases[i][0], cases[i][1], cases[i][2], cases[i][3]);
		check_parts(0, cases[i][0], cases[i][1], cases[i][2], cases[i][3]);
	}
	check_begin("short: with an error nothing comes back");
	struct message_buffer writable = {(uintptr_t)to, sizeof to};
	const uint64_t failing[6] = {0, 8, 8, 8, ERR_IO};
	CHECK(call(OP_PARTS | LABEL_SHORT, failing, 0, (struct message_buffer){0, 0}, writable, &message) == ERR_IO);
	CHECK(!(message.info & RECEIVED_EXTRAS));
	check_begin("short: a result is held to the writable buffer whichever way it goes");
	writable.length = 12;
	const uint64_t beyond[6] = {0, 8, 8, 5};
	CHECK(call(OP_PARTS | LABEL_SHORT, beyond, 0, (struct message_buffer){0, 0}, writable, &message) == ERR_BAD_ARGUMENT);
	CHECK(call(OP_PARTS, beyond, 0, (struct message_buffer){0, 0}, writable, &message) == ERR_BAD_ARGUMENT);
}

static int wait_saved(void)
{
	char to[32] = {0};
	struct message message;
	struct message_extras *send = extras_begin();
	message = (struct message){.label = OP_SAVE | LABEL_SHORT, .word = {20}};
	send->writable = (struct message_buffer){(uintptr_t)to, sizeof to};
	return sys_channel_call_x(grant_find("server"), &message) || message.label || memcmp(to, stored, 20) || to[20];
}

static void test_saved_and_forwarded(void)
{
	struct message message;
	struct fs_stat stat;
	check_begin("short: what was kept for the answer of a call that is saved is in its buffer");
	struct fake_process *waiter = fake_process_create("waiter", wait_saved);
	fake_grant(waiter, "server", session);
	fake_start(waiter);
	while (!__atomic_load_n(&saved, __ATOMIC_SEQ_CST))
		sched_yield();
	CHECK(!call(OP_ANSWER, (uint64_t[6]){0}, 0, (struct message_buffer){0, 0}, (struct message_buffer){0, 0}, &message));
	CHECK(fake_stop(waiter) == 0);
	check_begin("short: a call that is handed on carries what it carried, and is answered as it asked");
	memcpy(control_block()->send_words, "//handed/on", 12);
	struct message_buffer out = {(uintptr_t)&stat, sizeof stat};
	CHECK(!call(OP_FORWARD | LABEL_SHORT, (uint64_t[6]){0, 11}, 2, (struct message_buffer){0, 0}, out, &message));
	CHECK(!strcmp(path, "/handed/on") && message.info & RECEIVED_EXTRAS);
	CHECK(control_block()->received.word_count == sizeof stat / 8);
	memcpy(&stat, control_block()->received_words, sizeof stat);
	CHECK(stat.size == 10 && stat.change_ns == 77);
	check_begin("short: a table whose label would be taken for the flag is refused");
	struct server_operation operation = {.label = LABEL_SHORT | 5};
	struct server bad = {.operations = &operation, .operation_count = 1};
	CHECK(server_begin(&bad, 0) == ERR_BAD_ARGUMENT);
}

int main(void)
{
	handle_t next_session;
	check_begin("short: begins");
	struct fake_process *process = start(serve, &session), *behind = start(serve_next, &next_session);
	fake_grant(process, "next", next_session);
	sys_handle_close(next_session);
	fake_start(process);
	fake_start(behind);
	fake_settle();
	test_names();
	test_bytes();
	test_hostile_requests();
	test_results();
	test_saved_and_forwarded();
	fake_stop(process);
	fake_stop(behind);
	return check_result();
}
