/*
 * The server kit on a kernel of the test's own: what a server's table promises holds for calls of any shape, objects live as
 * long as their senders and no client has more than its share, saved and forwarded calls are answered once, nothing leaks.
 */
/* sources: tests/host/sample_server.c tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/server_state.c user/lib/found.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread */
#include "sample_server.h"

#include <stdlib.h>

#include "abi/proto/fs.h"
#include "abi/proto/protocols.h"
#include "check.h"
#include "fake/calls.h"
#include "user/lib/grants.h"

/* A server in a process of its own and a session of the caller's. */
static struct fake_process *start(int (*main)(void), uint64_t stamp, handle_t *out_session)
{
	handle_t receiver;
	struct fake_process *process = fake_process_create("server", main);
	CHECK(!sys_channel_create(&receiver));
	CHECK(!sys_channel_mint(receiver, stamp, RIGHTS_ALL, out_session));
	fake_grant(process, "export", receiver);
	sys_handle_close(receiver);
	return process;
}

static handle_t session;
static struct fake_process *process;
static size_t handles_at_rest;

static status_t call(handle_t to, uint32_t label, uint64_t a, uint64_t b, uint64_t c, struct message *out)
{
	*out = (struct message){.label = label, .word = {a, b, c}};
	status_t status = sys_channel_call_x(to, out);
	return status ? status + 1000 : out->label;
}

static status_t simple_call(handle_t to, uint32_t label, uint64_t a, uint64_t b, struct message *out)
{
	extras_begin();
	return call(to, label, a, b, 0, out);
}

static void test_dispatch(void)
{
	struct message message = {.label = OP_ADD, .word = {2, 3}};
	check_begin("server: a call is handled by the operation of its label, with stamp and caller");
	CHECK(!sys_channel_call(session, &message) && !message.label);
	CHECK(message.word[0] == 5 && message.word[5] == 7 && message.word[4] == fake_number(fake_self()));
	check_begin("server: an error is the label, and no words come with it");
	CHECK(simple_call(session, OP_ADD, 99, 3, &message) == ERR_CHANGED && !message.word[0]);
	check_begin("server: labels with the same hash are told apart");
	CHECK(!simple_call(session, 0x202, 0, 0, &message) && message.word[0] == 202);
	CHECK(!simple_call(session, OP_ADD, 0, 0, &message) && message.word[0] == 0);
	CHECK(simple_call(session, 0x303, 0, 0, &message) == ERR_BAD_CALL);
	check_begin("server: it tells the versions of the protocols that it speaks, and of no others");
	CHECK(simple_call(session, PROTOCOL_version, PROTOCOL_NUMBER_fs, 0, &message) == ERR_OK);
	CHECK(message.word[0] == PROTOCOL_VERSION_fs);
	CHECK(simple_call(session, PROTOCOL_version, PROTOCOL_NUMBER_tty, 0, &message) == ERR_NOT_SUPPORTED);
	CHECK(simple_call(session, PROTOCOL_version, 0, 0, &message) == ERR_NOT_SUPPORTED);
	CHECK(simple_call(session, PROTOCOL_version, UINT64_MAX, 0, &message) == ERR_NOT_SUPPORTED);
	check_begin("server: unknown labels are no calls");
	CHECK(simple_call(session, 0x100, 0, 0, &message) == ERR_BAD_CALL);
	CHECK(simple_call(session, 0x201, 0, 0, &message) == ERR_BAD_CALL);
	CHECK(simple_call(session, 0, 0, 0, &message) == ERR_BAD_CALL);
	CHECK(simple_call(session, 0xffff, 0, 0, &message) == ERR_BAD_CALL);
	check_begin("server: a table that names a label twice or is too long is refused");
	struct server_operation many[SERVER_OPERATIONS_MAX + 1] = {{.label = 5}, {.label = 6}, {.label = 5}};
	struct server bad = {.operations = many, .operation_count = 3};
	CHECK(server_begin(&bad, 0) == ERR_BAD_ARGUMENT);
	bad.operation_count = 2;
	CHECK(!server_begin(&bad, 0));
	for (unsigned i = 0; i <= SERVER_OPERATIONS_MAX; i++)
		many[i].label = i * 257;
	bad.operation_count = SERVER_OPERATIONS_MAX;
	CHECK(!server_begin(&bad, 0));
	bad.operation_count++;
	CHECK(server_begin(&bad, 0) == ERR_BAD_ARGUMENT);
}

static status_t echo(const char *from, uint64_t readable, char *to, uint64_t writable, uint64_t a, uint64_t b, uint64_t c)
{
	struct message message;
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t)from, readable};
	send->writable = (struct message_buffer){(uintptr_t)to, writable};
	return call(session, OP_ECHO, a, b, c, &message);
}

static void test_buffers(void)
{
	char out[8] = {0};
	check_begin("server: buffers are read and written where asked, and nowhere else");
	CHECK(!echo("hello", 5, out, 8, 1, 3, 2) && !memcmp(out, "\0\0ell\0\0", 8));
	CHECK(!echo("hello", 5, out, 8, 5, 0, 8));
	CHECK(echo("hello", 3, out, 8, 0, 1, 0) == ERR_BAD_ARGUMENT);
	CHECK(echo("hello", 5, out, 1, 0, 1, 0) == ERR_BAD_ARGUMENT);
	CHECK(echo("hello", 5, out, 8, 3, 3, 0) == ERR_BAD_ARGUMENT);
	CHECK(echo("hello", 5, out, 8, 6, 0, 0) == ERR_BAD_ARGUMENT);
	CHECK(echo("hello", 5, out, 8, UINT64_MAX, 2, 0) == ERR_BAD_ARGUMENT);
	CHECK(echo("hello", 5, out, 8, 2, UINT64_MAX, 0) == ERR_BAD_ARGUMENT);
	CHECK(echo("hello", 5, out, 8, 0, 4, 5) == ERR_BAD_ARGUMENT);
}

static handle_t open_object(uint64_t value, status_t *out_status)
{
	struct message message;
	*out_status = simple_call(session, OP_OPEN, value, 0, &message);
	return *out_status ? HANDLE_NONE : control_block()->received.handles[0];
}

static void test_objects(void)
{
	struct message message;
	status_t status;
	check_begin("server: an object is found by its sender until the last one is closed");
	handle_t one = open_object(11, &status), two = open_object(22, &status), copy;
	CHECK(!simple_call(one, OP_VALUE, 0, 0, &message) && message.word[0] == 11);
	CHECK(!simple_call(two, OP_VALUE, 0, 0, &message) && message.word[0] == 22);
	CHECK(!sys_handle_duplicate(two, RIGHTS_ALL, &copy));
	sys_handle_close(one);
	sys_handle_close(two);
	fake_settle();
	CHECK(sample_objects == 1);
	CHECK(!simple_call(copy, OP_VALUE, 0, 0, &message) && message.word[0] == 22);
	check_begin("server: an operation is offered to sessions or to objects only");
	CHECK(simple_call(copy, OP_OPEN, 0, 0, &message) == ERR_NOT_SUPPORTED);
	CHECK(simple_call(session, OP_VALUE, 0, 0, &message) == ERR_NOT_SUPPORTED);
	CHECK(!simple_call(copy, OP_ADD, 1, 2, &message));
	sys_handle_close(copy);
	fake_settle();
	CHECK(sample_objects == 0);
	check_begin("server: an object opened by a handler that then fails is closed");
	CHECK(simple_call(session, OP_FAIL_OPEN, 0, 0, &message) == ERR_IO);
	fake_settle();
	CHECK(sample_objects == 0);
	CHECK(fake_handle_count(process) == handles_at_rest);
}

/* The lease; its keeper is *out_keeper. */
static handle_t lease_of(handle_t base, handle_t *out_keeper)
{
	struct message message;
	CHECK(!simple_call(base, FS_lease, 0, 0, &message) && control_block()->received.handle_count == 2);
	*out_keeper = control_block()->received.handles[1];
	return control_block()->received.handles[0];
}

static void test_leases(void)
{
	struct message message;
	status_t status;
	handle_t keeper, other, object, lease, second;
	check_begin("server: what comes through a lease is served as through what was leased, and is operations on names only");
	lease = lease_of(session, &keeper);
	CHECK(!simple_call(lease, OP_WHO, 0, 0, &message) && message.word[0] == 7 && !message.word[1]);
	CHECK(simple_call(lease, OP_ADD, 1, 2, &message) == ERR_NOT_SUPPORTED);
	CHECK(simple_call(lease, OP_OPEN, 1, 2, &message) == ERR_NOT_SUPPORTED);
	CHECK(simple_call(lease, FS_lease, 0, 0, &message) == ERR_NOT_SUPPORTED);
	CHECK(simple_call(lease, FS_end_lease, 0, 0, &message) == ERR_BAD_CALL);
	CHECK(!simple_call(lease, PROTOCOL_version, 1, 0, &message));
	CHECK(simple_call(keeper, OP_WHO, 0, 0, &message) == ERR_NOT_SUPPORTED);
	object = open_object(11, &status);
	second = lease_of(object, &other);
	CHECK(!simple_call(second, OP_WHO, 0, 0, &message) && message.word[0] > UINT32_MAX && message.word[1] == 11);
	CHECK(simple_call(second, OP_VALUE, 0, 0, &message) == ERR_NOT_SUPPORTED);

	check_begin("server: a lease is ended at once by its keeper, and by the end of what was leased");
	CHECK(!simple_call(keeper, FS_end_lease, 0, 0, &message));
	CHECK(simple_call(lease, OP_WHO, 0, 0, &message) == ERR_DEAD);
	CHECK(simple_call(keeper, FS_end_lease, 0, 0, &message) == ERR_DEAD);
	CHECK(!simple_call(second, OP_WHO, 0, 0, &message));
	sys_handle_close(object);
	fake_settle();
	CHECK(sample_objects == 0 && simple_call(second, OP_WHO, 0, 0, &message) == ERR_DEAD);
	sys_handle_close(keeper);
	sys_handle_close(lease);
	sys_handle_close(second);
	sys_handle_close(other);
	lease = lease_of(session, &keeper);
	sys_handle_close(keeper);
	fake_settle();
	CHECK(simple_call(lease, OP_WHO, 0, 0, &message) == ERR_DEAD);
	sys_handle_close(lease);
	fake_settle();
	CHECK(fake_handle_count(process) == handles_at_rest);

	check_begin("server: leases are counted for who makes them, and given back with either side");
	handle_t sides[8], objects[2];
	for (int i = 0; i < 8; i += 2)
		sides[i] = lease_of(session, &sides[i + 1]);
	CHECK(simple_call(session, FS_lease, 0, 0, &message) == ERR_QUOTA);
	sys_handle_close(sides[0]);
	fake_settle();
	CHECK(simple_call(sides[1], FS_end_lease, 0, 0, &message) == ERR_DEAD);
	objects[0] = open_object(1, &status);
	CHECK(simple_call(session, FS_lease, 0, 0, &message) == ERR_QUOTA); /* there is room for one side only */
	fake_settle();
	objects[1] = open_object(1, &status);
	CHECK(objects[0] && objects[1] && !open_object(1, &status) && status == ERR_QUOTA);
	for (int i = 0; i < 9; i++)
		sys_handle_close(i < 7 ? sides[i + 1] : objects[i - 7]);
	fake_settle();
	CHECK(sample_objects == 0 && fake_handle_count(process) == handles_at_rest);
}

static void test_limits(void)
{
	struct fake_process *first = fake_self(), *second = fake_process_create("second", NULL);
	status_t status = ERR_OK;
	handle_t copy = HANDLE_NONE;
	check_begin("server: a client has its share of objects and no more, all together the server's");
	fake_grant(second, "session", session);
	for (int i = 0; i < 8; i++)
		CHECK(open_object(1, &status) && !status);
	CHECK(!open_object(1, &status) && status == ERR_QUOTA);
	fake_become(second);
	copy = session;
	session = grant_find("session");
	for (int i = 0; i < 4; i++)
		CHECK(open_object(1, &status) && !status);
	CHECK(!open_object(1, &status) && status == ERR_FULL);
	check_begin("server: a client's death closes its objects and gives its share back");
	fake_close_handles(second);
	fake_settle();
	CHECK(sample_objects == 8);
	fake_become(first);
	session = copy;
	CHECK(!open_object(1, &status) && status == ERR_QUOTA);
}

static void test_full_tables(void)
{
	struct message message;
	status_t status;
	check_begin("server: a caller whose handle table is full is told so and leaves no object");
	fake_limit_handles(fake_self(), fake_handle_count(fake_self()));
	CHECK(!open_object(5, &status) && status == ERR_NO_HANDLES);
	fake_limit_handles(fake_self(), 4096);
	fake_settle();
	CHECK(sample_objects == 0);
	check_begin("server: without handles of its own it says so and goes on");
	fake_limit_handles(process, fake_handle_count(process));
	CHECK(!open_object(5, &status) && status == ERR_NO_HANDLES);
	fake_limit_handles(process, 4096);
	handle_t object = open_object(5, &status);
	CHECK(object && !simple_call(object, OP_VALUE, 0, 0, &message) && message.word[0] == 5);
	sys_handle_close(object);
	check_begin("server: an answer that cannot be given becomes an error and not silence");
	CHECK(simple_call(session, OP_BAD_ANSWER, 0, 0, &message) == ERR_BAD_HANDLE);
	CHECK(!simple_call(session, OP_ADD, 1, 1, &message));
	fake_settle();
	CHECK(fake_handle_count(process) == handles_at_rest);
}

static void test_handles(void)
{
	struct message message;
	handle_t notify[3];
	check_begin("server: handles of a call are the handler's if it takes them, and else are closed");
	for (int i = 0; i < 3; i++)
		CHECK(!sys_notify_create(&notify[i]));
	struct message_extras *send = extras_begin();
	extras_add_handle(send, notify[0], RIGHTS_ALL, 1);
	CHECK(call(session, OP_TAKE, 0, 0, 0, &message) == ERR_BAD_ARGUMENT);
	send = extras_begin();
	for (int i = 1; i < 3; i++)
		extras_add_handle(send, notify[i], RIGHTS_ALL, 1);
	CHECK(!call(session, OP_TAKE, 0, 0, 0, &message));
	fake_settle();
	CHECK(fake_handle_count(process) == handles_at_rest + 1);
	handles_at_rest++;
}

/* A client that waits for its answer on a thread of its own. */
static uint64_t waiter_value;
static bool waiter_can_be_interrupted;
static char waiter_buffer[8];

static int wait_for_answer(void)
{
	struct message message;
	extras_begin()->writable = (struct message_buffer){(uintptr_t)waiter_buffer, sizeof waiter_buffer};
	status_t status = call(grant_find("session"), OP_SAVE, waiter_can_be_interrupted, 0, 0, &message);
	waiter_value = message.word[0];
	return (int)status;
}

static struct fake_process *start_waiter(void)
{
	struct fake_process *waiter = fake_process_create("waiter", wait_for_answer);
	fake_grant(waiter, "session", session);
	fake_start(waiter);
	return waiter;
}

/* Repeats until the saved call is there. */
static void release(uint64_t value, uint64_t status)
{
	struct message message;
	while (simple_call(session, OP_RELEASE, value, status, &message) == ERR_BAD_STATE)
		;
}

static void test_saved(void)
{
	check_begin("server: a saved call is answered later, with its buffer reachable until then");
	struct fake_process *waiter = start_waiter();
	release(33, ERR_OK);
	CHECK(fake_stop(waiter) == 0 && waiter_value == 33 && !strcmp(waiter_buffer, "saved"));
	waiter = start_waiter();
	release(44, ERR_IO);
	CHECK(fake_stop(waiter) == ERR_IO && waiter_value == 0);
	fake_settle();
	CHECK(fake_handle_count(process) == handles_at_rest);
}

static void interrupt(struct fake_process *waiter)
{
	while (!fake_interrupt(fake_number(waiter)))
		;
}

static void test_interrupted(void)
{
	check_begin("server: a saved call that is asked to end is answered by what was set for it, once");
	waiter_can_be_interrupted = true;
	struct fake_process *waiter = start_waiter();
	interrupt(waiter);
	CHECK(fake_stop(waiter) == 0 && waiter_value == 1 && sample_interrupts == 1);
	check_begin("server: what was answered is not interrupted any more");
	waiter = start_waiter();
	release(33, ERR_OK);
	CHECK(fake_stop(waiter) == 0 && waiter_value == 33);
	CHECK(!fake_interrupt(fake_number(waiter)));
	CHECK(sample_interrupts == 1);
	check_begin("server: a saved call that nothing was set for goes on, or is dropped by a server that says so");
	waiter_can_be_interrupted = false;
	waiter = start_waiter();
	interrupt(waiter);
	release(44, ERR_OK);
	CHECK(fake_stop(waiter) == 0 && waiter_value == 44);
	sample_server.interrupt_drops = true;
	waiter = start_waiter();
	interrupt(waiter);
	CHECK(fake_stop(waiter) == ERR_INTERRUPTED);
	fake_settle();
	CHECK(fake_handle_count(process) == handles_at_rest);
	sample_server.interrupt_drops = false;
	sample_saved = HANDLE_NONE;
}

static void test_forward(void)
{
	struct message message;
	char out[8] = {0};
	check_begin("server: a call handed on is answered from there, with the caller's buffers");
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uintptr_t) "hello", 5};
	send->writable = (struct message_buffer){(uintptr_t)out, sizeof out};
	CHECK(!call(session, OP_FORWARD, 1, 2, 0, &message) && !strcmp(out, "ell"));
}

static void test_bits(void)
{
	struct message message;
	check_begin("server: a bit of its notify calls what it was allotted to");
	CHECK(!simple_call(session, OP_WAKE, 0, 0, &message));
	handle_t notify = control_block()->received.handles[0];
	CHECK(!sys_notify_signal(notify, message.word[0]));
	CHECK(!sys_notify_signal(notify, ~message.word[0]));
	for (int i = 0; i < 100 && !sample_bits; i++)
		CHECK(!simple_call(session, OP_ADD, 0, 0, &message));
	fake_settle();
	CHECK(sample_bits == 1);
	sys_handle_close(notify);
}

static void test_timers(void)
{
	struct message message;
	check_begin("server: a timer fires when it is due, not before, and not when it was cancelled");
	uint64_t deadline = server_timer_now() + 20000000;
	CHECK(!simple_call(session, OP_LATER, deadline, 0, &message) && message.word[0] >= deadline);
}

static void test_restart(void)
{
	struct message message;
	status_t status;
	handle_t receiver, left;
	check_begin("server: what a predecessor on the same receiver opened is dead, and is not confused with new objects");
	CHECK(!sys_channel_create(&receiver));
	CHECK(!sys_channel_mint(receiver, 7, RIGHTS_ALL, &session));
	for (int i = 0; i < 2; i++) {
		process = fake_process_create("server", sample_main);
		fake_grant(process, "export", receiver);
		fake_start(process);
		if (i == 1)
			CHECK(simple_call(left, OP_VALUE, 0, 0, &message) == ERR_DEAD);
		handle_t object = open_object(55, &status);
		CHECK(object && !simple_call(object, OP_VALUE, 0, 0, &message) && message.word[0] == 55);
		if (i == 1)
			sys_handle_close(left);
		fake_settle();
		CHECK(!simple_call(object, OP_VALUE, 0, 0, &message));
		left = object;
		fake_stop(process);
	}
}

int main(void)
{
	handle_t next_session;
	check_begin("server: begins");
	process = start(sample_main, 7, &session);
	struct fake_process *behind = start(sample_next_main, 3, &next_session);
	fake_grant(process, "next", next_session);
	sys_handle_close(next_session);
	fake_start(process);
	fake_start(behind);
	fake_settle();
	handles_at_rest = fake_handle_count(process);
	test_dispatch();
	test_buffers();
	test_objects();
	test_handles();
	test_saved();
	test_interrupted();
	test_forward();
	test_bits();
	handles_at_rest = fake_handle_count(process);
	test_timers();
	test_full_tables();
	test_leases();
	test_limits();
	fake_close_handles(fake_self());
	fake_settle();
	check_begin("server: a session's end is told");
	CHECK(sample_closed_session == 7 && sample_objects == 0);
	check_begin("server: it ends when its receiver does");
	CHECK(fake_stop(process) == ERR_DEAD);
	fake_stop(behind);
	test_restart();
	return check_result();
}
