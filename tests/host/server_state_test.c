/*
 * A server with state that ends: a call that it ends in twice is answered so, a state with which it can not begin is given up after some
 * lives, whatever it ends in, and whatever else it does is not lost. And it ends before and behind each entry of the log.
 */
/* sources: tests/host/fake/calls.c tests/host/fake/calls_process.c tests/host/fake/calls_grants.c tests/host/fake/calls_life.c */
/* sources: tests/host/fake/calls_channel.c tests/host/fake/calls_frame.c */
/* sources: user/lib/server.c user/lib/server_objects.c user/lib/lease.c user/lib/server_timer.c user/lib/request.c user/lib/table.c user/lib/pool.c common/path.c */
/* sources: user/lib/state.c user/lib/state_memory.c user/lib/state_stores.c user/lib/server_state.c user/lib/found.c */
/* state: tests/host/counting_server.c */
/* The address sanitizer and ends of threads in the midst of functions do not go together. */
/* flags: -DCALL_TO_FAKE_KERNEL -fno-sanitize=address */
/* libraries: -fno-sanitize=address -lpthread -Wl,--wrap=state_keep_words,--wrap=state_commit */
/* libraries: -Wl,--wrap=__asan_store1_noabort,--wrap=__asan_store4_noabort,--wrap=__asan_store8_noabort */
#include "counting_server.h"

#include "check.h"
#include "fake/calls.h"
#include "user/lib/grants.h"
#include "user/lib/state_area.h"

#define LIVES 6 /* that a state may cost before it is given up: those of user/lib/server_state.c */
#include "tests/points.h"

void point_end(void)
{
	fake_end_here();
}

static struct fake_process *process;
static handle_t session;

static void begin(void)
{
	handle_t receiver, frame = HANDLE_NONE;
	process = fake_process_create("counting", counting_main);
	fake_make_mortal();
	CHECK(!sys_channel_create(&receiver) && !sys_channel_mint(receiver, 7, RIGHTS_ALL, &session));
	CHECK(!sys_frame_create(32ull << 20, 0, &frame));
	fake_grant(process, "export", receiver);
	fake_grant(process, "state", frame);
	sys_handle_close(receiver);
	sys_handle_close(frame);
	fake_start(process);
}

static status_t call(uint32_t label, uint64_t value, uint64_t *out)
{
	struct message message = {.label = label, .word = {value}};
	status_t status = sys_channel_call(session, &message);
	*out = message.word[0];
	return status ? status : message.label;
}

static bool logged(const char *text)
{
	return strstr(fake_log(process), text);
}

static void second_end(void)
{
	uint64_t value;
	check_begin("a call that the server ends in twice is answered SERVER_FAULT, and what it had done is not lost");
	CHECK(!call(COUNTING_add, 5, &value) && value == 5);
	CHECK(call(COUNTING_end, 1, &value) == ERR_SERVER_FAULT);
	CHECK(fake_ends(process) == 2 && logged("was serving at two ends"));
	CHECK(!call(COUNTING_add, 2, &value) && value == 7);
	CHECK(!logged("starts empty"));

	check_begin("a call that it ends in once is served by the next life");
	CHECK(call(COUNTING_end, 0, &value) == ERR_OK && fake_ends(process) == 3);
	CHECK(!call(COUNTING_add, 1, &value) && value == 8);
}

static void everywhere(void)
{
	uint64_t value, sum = 8;
	unsigned ended;
	check_begin("it may end before and behind each entry of the log and each commit: what was answered counts once");
	for (unsigned at = 1;; at++) {
		ended = fake_ends(process);
		points_left = at;
		if (!CHECK(!call(COUNTING_add, at, &value) && value == (sum += at)))
			break;
		fake_settle();
		points_left = 0;
		if (ended == fake_ends(process))
			break;
	}
	CHECK(fake_ends(process) >= 9 && !logged("starts empty"));
}

/* It ends in the same way in each life, until it finds nothing of a predecessor. */
static void given_up(const char *name, enum counting_end where)
{
	struct message message = {.label = COUNTING_open};
	uint64_t value;
	check_begin(name);
	CHECK(!sys_channel_call(session, &message) && !message.label);
	handle_t object = control_block()->received.handles[0];
	unsigned before = fake_ends(process);
	CHECK(!call(COUNTING_add, 1, &value) && value >= 1);
	counting_ends_in = where;
	sys_handle_close(object); /* ends it if nothing else does */
	if (where != COUNTING_ENDS_IN_CLOSE)
		CHECK(call(COUNTING_end, 0, &value) == ERR_OK); /* served by the life that starts empty */
	fake_settle();
	counting_ends_in = COUNTING_ENDS_NOWHERE;
	CHECK(fake_ends(process) - before == 1 + LIVES); /* the one that had served, and those */
	CHECK(logged("has not let it serve anything for several lives; it starts empty"));
	CHECK(!call(COUNTING_add, 3, &value) && value == 3);
}

int main(void)
{
	begin();
	second_end();
	everywhere();
	given_up("a state whose server ends when it looks at it is given up after six lives", COUNTING_ENDS_IN_CHECK);
	given_up("a state whose server ends when it goes on with it is given up likewise", COUNTING_ENDS_IN_RESUME);
	given_up("a state whose server ends when it closes what nobody has is given up likewise", COUNTING_ENDS_IN_CLOSE);
	check_begin("the server ends when its receiver does");
	CHECK(fake_stop(process) == ERR_DEAD);
	return check_result();
}
