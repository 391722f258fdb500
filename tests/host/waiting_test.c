/*
 * Saved calls that wait their turn: they are answered in their order, and one that is asked to end is given back with what was
 * done, without the others losing their place.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c user/lib/pool.c user/lib/waiting.c common/path.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/server_state.c user/lib/found.c */
/* flags: -DCALL_TO_FAKE_KERNEL */
/* libraries: -lpthread */
#include "user/lib/waiting.h"

#include "check.h"
#include "fake/calls.h"
#include "user/lib/grants.h"
#include "user/lib/server.h"

#define WAITERS 4

enum { OP_WAIT = 0x101, OP_ANSWER, OP_COUNT, OP_ROTATE };

static struct waiting_list list = {.most = WAITERS};

/* Word 0 says how much was done already. */
static status_t handle_wait(struct request *request)
{
	return waiting_add(&list, request, 100, request->word[0]);
}

static status_t handle_answer(struct request *request)
{
	if (!list.first)
		return ERR_BAD_STATE;
	waiting_answer(&list, ERR_OK, request->word[0]);
	return ERR_OK;
}

static status_t handle_count(struct request *request)
{
	request->answer.word[0] = list.count;
	return ERR_OK;
}

static status_t handle_rotate(struct request *request)
{
	(void)request;
	waiting_rotate(&list);
	return ERR_OK;
}

static const struct server_operation operations[] = {
        {.label = OP_WAIT, .name = "wait", .handle = handle_wait},
        {.label = OP_ANSWER, .name = "answer", .handle = handle_answer},
        {.label = OP_COUNT, .name = "count", .handle = handle_count},
        {.label = OP_ROTATE, .name = "rotate", .handle = handle_rotate},
};

static struct server server = {
        .name = "waiting", .operations = operations, .operation_count = sizeof operations / sizeof *operations};

static int serve(void)
{
	return server_begin(&server, grant_find("export")) ? 1 : (int)server_run(&server);
}

static handle_t session;
static uint64_t done_before, results[WAITERS];
static struct fake_process *waiters[WAITERS];
static unsigned begun;

static int wait_for_answer(void)
{
	unsigned self = begun;
	struct message message = {.label = OP_WAIT, .word = {done_before}};
	begun++;
	status_t status = sys_channel_call(grant_find("session"), &message);
	results[self] = message.word[0];
	return (int)(status ? status : message.label);
}

static uint64_t call(uint32_t label, uint64_t word)
{
	struct message message = {.label = label, .word = {word}};
	CHECK(!sys_channel_call(session, &message) && !message.label);
	return message.word[0];
}

static void begin_waiters(unsigned count, uint64_t done)
{
	begun = 0;
	done_before = done;
	for (unsigned i = 0; i < count; i++) {
		waiters[i] = fake_process_create("waiter", wait_for_answer);
		fake_grant(waiters[i], "session", session);
		fake_start(waiters[i]);
		while (call(OP_COUNT, 0) != i + 1)
			;
	}
}

static void interrupt(unsigned i)
{
	CHECK(fake_interrupt(fake_number(waiters[i])));
}

int main(void)
{
	handle_t receiver;
	struct message message = {.label = OP_WAIT};
	struct fake_process *process = fake_process_create("server", serve);
	CHECK(!sys_channel_create(&receiver));
	CHECK(!sys_channel_mint(receiver, 7, RIGHTS_ALL, &session));
	fake_grant(process, "export", receiver);
	fake_start(process);

	check_begin("waiting: calls are answered in their order, and one too many is refused");
	begin_waiters(WAITERS, 0);
	CHECK(!sys_channel_call(session, &message) && message.label == ERR_FULL);
	for (unsigned i = 0; i < WAITERS; i++) {
		call(OP_ANSWER, 10 + i);
		CHECK(fake_stop(waiters[i]) == ERR_OK && results[i] == 10 + i);
	}

	check_begin("waiting: one that is asked to end is given back, and the others keep their places");
	begin_waiters(3, 0);
	interrupt(1);
	CHECK(fake_stop(waiters[1]) == ERR_INTERRUPTED);
	CHECK(call(OP_COUNT, 0) == 2);
	call(OP_ANSWER, 20);
	CHECK(fake_stop(waiters[0]) == ERR_OK && results[0] == 20);
	interrupt(2);
	CHECK(fake_stop(waiters[2]) == ERR_INTERRUPTED);
	CHECK(call(OP_COUNT, 0) == 0);

	check_begin("waiting: what was done before is told, and is no error");
	begin_waiters(1, 33);
	interrupt(0);
	CHECK(fake_stop(waiters[0]) == ERR_OK && results[0] == 33);

	check_begin("waiting: the first goes behind the others, and a single one stays where it is");
	begin_waiters(3, 0);
	call(OP_ROTATE, 0);
	for (unsigned i = 0; i < 3; i++) {
		unsigned next = (i + 1) % 3;
		call(OP_ANSWER, 40 + next);
		CHECK(fake_stop(waiters[next]) == ERR_OK && results[next] == 40 + next);
	}
	begin_waiters(1, 0);
	call(OP_ROTATE, 0);
	call(OP_ANSWER, 50);
	CHECK(fake_stop(waiters[0]) == ERR_OK && results[0] == 50);

	fake_stop(process);
	return check_result();
}
