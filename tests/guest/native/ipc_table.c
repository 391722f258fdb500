/*
 * Where a call can be, against what can happen to it: one test per cell, made of the table below. The caller is a process of its
 * own, with a buffer that takes long to fill; the server is this one.
 */
#include "tests/guest/native/test.h"

enum state { QUEUED, RECEIVED, NAMED, SAVED, PUT_OFF, COPYING, ABORTING, STATES };
enum event { REPLY, DEADLINE, KILL, CLOSE, DROP, RESET, UPCALL, EVENTS };

static const char *const state_names[STATES] = {"is_queued", "was_received", "was_received_and_named", "was_saved",
        "was_put_off", "is_being_copied_to", "was_asked_to_end"};
static const char *const event_names[EVENTS] = {"is_answered", "meets_its_deadline", "loses_its_caller", "loses_its_receiver",
        "is_dropped", "has_its_caller_replaced", "is_asked_to_end"};

#define GONE 0x10000u /* the caller hears nothing: it has ended, or is another program */
#define NO_CELL 0x20000u

struct cell {
	uint32_t caller; /* what its call answers */
	uint32_t holder; /* what answering it afterwards answers; of a queued one: what receiving does */
	uint32_t copy;   /* what the copy that goes on answers */
};

static const struct cell cells[STATES][EVENTS] = {
        [QUEUED] = {[REPLY] = {ERR_OK, ERR_OK, 0},
                [DEADLINE] = {ERR_TIMED_OUT, ERR_TIMED_OUT, 0},
                [KILL] = {GONE, ERR_TIMED_OUT, 0},
                [CLOSE] = {ERR_PEER_CLOSED, ERR_BAD_HANDLE, 0},
                [DROP] = {NO_CELL, 0, 0}, /* nobody holds it */
                [RESET] = {GONE, ERR_TIMED_OUT, 0},
                [UPCALL] = {ERR_INTERRUPTED, ERR_TIMED_OUT, 0}},
        [RECEIVED] = {[REPLY] = {ERR_OK, ERR_OK, 0},
                [DEADLINE] = {ERR_TIMED_OUT, ERR_DEAD, 0},
                [KILL] = {GONE, ERR_DEAD, 0},
                [CLOSE] = {ERR_OK, ERR_OK, 0},
                [DROP] = {ERR_DROPPED, ERR_BAD_HANDLE, 0},
                [RESET] = {GONE, ERR_DEAD, 0},
                [UPCALL] = {ERR_OK, ERR_OK, 0}},
        [NAMED] = {[REPLY] = {ERR_OK, ERR_OK, 0},
                [DEADLINE] = {ERR_TIMED_OUT, ERR_DEAD, 0},
                [KILL] = {GONE, ERR_DEAD, 0},
                [CLOSE] = {ERR_OK, ERR_OK, 0},
                [DROP] = {ERR_DROPPED, ERR_BAD_HANDLE, 0},
                [RESET] = {GONE, ERR_DEAD, 0},
                [UPCALL] = {ERR_OK, ERR_OK, 0}},
        [SAVED] = {[REPLY] = {ERR_OK, ERR_OK, 0},
                [DEADLINE] = {ERR_TIMED_OUT, ERR_DEAD, 0},
                [KILL] = {GONE, ERR_DEAD, 0},
                [CLOSE] = {ERR_OK, ERR_OK, 0},
                [DROP] = {ERR_DROPPED, ERR_BAD_HANDLE, 0},
                [RESET] = {GONE, ERR_DEAD, 0},
                [UPCALL] = {ERR_OK, ERR_OK, 0}},
        [PUT_OFF] = {[REPLY] = {ERR_OK, ERR_OK, 0},
                [DEADLINE] = {ERR_TIMED_OUT, ERR_DEAD, 0},
                [KILL] = {GONE, ERR_DEAD, 0},
                [CLOSE] = {ERR_OK, ERR_OK, 0},
                [DROP] = {ERR_DROPPED, ERR_BAD_HANDLE, 0},
                [RESET] = {GONE, ERR_DEAD, 0},
                [UPCALL] = {ERR_OK, ERR_OK, 0}},
        [COPYING] = {[REPLY] = {ERR_OK, ERR_OK, ERR_BAD_HANDLE},
                [DEADLINE] = {ERR_TIMED_OUT, ERR_DEAD, ERR_DEAD},
                [KILL] = {GONE, ERR_DEAD, ERR_DEAD},
                [CLOSE] = {ERR_OK, ERR_OK, ERR_OK},
                [DROP] = {ERR_DROPPED, ERR_BAD_HANDLE, ERR_BAD_HANDLE},
                [RESET] = {GONE, ERR_DEAD, ERR_DEAD},
                [UPCALL] = {ERR_OK, ERR_OK, ERR_OK}},
        [ABORTING] = {[REPLY] = {ERR_OK, ERR_OK, 0},
                [DEADLINE] = {ERR_TIMED_OUT, ERR_DEAD, 0},
                [KILL] = {GONE, ERR_DEAD, 0},
                [CLOSE] = {ERR_OK, ERR_OK, 0},
                [DROP] = {ERR_DROPPED, ERR_BAD_HANDLE, 0},
                [RESET] = {GONE, ERR_DEAD, 0},
                [UPCALL] = {ERR_OK, ERR_OK, 0}},
};

#define BUFFER_AT 0x500000000ull
#define BUFFER_SIZE (24ull << 20)
#define PROGRAM_STATUS 200u /* of the caller, beside what its call answered */
#define REPLACED_STATUS 77u

static handle_t receiver, sender, reply, there;
static uint64_t caller_deadline;

static uint32_t caller_main(void *argument)
{
	struct message message = {.label = 9};
	struct message_extras *send = extras_begin();
	(void)argument;
	send->deadline = caller_deadline;
	send->writable = (struct message_buffer){BUFFER_AT, BUFFER_SIZE};
	control_block()->hold_off = HOLD_ASK; /* so the entry is never come to */
	if (sys_thread_set_upcall(HANDLE_SELF_THREAD, HANDLE_SELF_NOTIFY, 0x10000))
		return 1;
	return PROGRAM_STATUS + sys_channel_call_x(there, &message);
}

static uint32_t replaced_main(void *argument)
{
	(void)argument;
	return REPLACED_STATUS;
}

static void caller_begin(struct child *caller, enum event event)
{
	uint64_t at;
	child_make(caller, "caller");
	there = child_give(caller, sender, RIGHTS_ALL);
	caller_deadline = event == DEADLINE ? now() + 200 * MS : DEADLINE_NEVER;
	OK(sys_vmem_map(caller->vmem, BUFFER_AT, BUFFER_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED, 0, 0, &at));
	child_start(caller, caller_main, 0);
	pause_ms(2);
}

static struct {
	struct thread thread;
	volatile bool begun, ended;
	status_t status;
} copy;

static void copy_all(void *argument)
{
	uint64_t copied;
	(void)argument;
	copy.begun = true;
	copy.status = sys_reply_write(reply, 0, (void *)BUFFER_AT, BUFFER_SIZE, &copied);
	copy.ended = true;
}

/* The copier is less urgent than this thread, which looks at it a little after it has begun. */
static void copy_begin(void)
{
	uint64_t at;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, BUFFER_AT, BUFFER_SIZE, MAP_READ | MAP_WRITE | MAP_FIXED, 0, 0, &at));
	copy.begun = copy.ended = false;
	thread_begin_at(&copy.thread, MAIN_PRIORITY - 1, copy_all, 0);
	while (!copy.begun)
		pause_ms(1);
	CHECK(!copy.ended || now() > caller_deadline);
}

static void expect_interrupt(void)
{
	struct message message = {0};
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	CHECK_IS(message.info, RECEIVED_INTERRUPT);
	CHECK_IS(message.word[0], reply);
}

static void bring_to(enum state state, const struct child *caller)
{
	struct message message;
	reply = HANDLE_SELF_REPLY;
	if (state == QUEUED)
		return;
	OK(sys_channel_recv(receiver, now() + 5000 * MS, &message));
	CHECK_IS(message.label, 9);
	if (state == RECEIVED)
		return;
	if (state == NAMED || state == PUT_OFF) {
		OK(sys_reply_reserve(&reply));
		if (state == PUT_OFF)
			CHECK_IS(sys_channel_save_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
		return;
	}
	OK(sys_reply_save(&reply));
	if (state == COPYING) {
		while (caller_deadline != DEADLINE_NEVER && now() + 3 * MS < caller_deadline)
			pause_ms(1);
		copy_begin();
	}
	if (state == ABORTING) {
		OK(sys_process_signal(caller->process, 4));
		expect_interrupt();
	}
}

static void let_happen(enum state state, enum event event, const struct child *caller)
{
	struct process_replacement how;
	struct message message = {.label = 9};
	switch (event) {
	case REPLY:
		if (state == QUEUED)
			OK(sys_channel_recv(receiver, now() + 5000 * MS, &message));
		OK(sys_reply_send(reply, &message));
		break;
	case DEADLINE:
		while (now() < caller_deadline)
			pause_ms(1);
		break;
	case KILL: OK(sys_process_kill(caller->process, PROCESS_STATUS_KILLED)); break;
	case CLOSE: OK(sys_handle_close(receiver)); break;
	case DROP: OK(sys_handle_close(reply)); break;
	case RESET:
		image_make(&how, replaced_main, 0);
		OK(sys_process_replace(caller->process, &how));
		OK(sys_handle_close(how.vmem));
		break;
	case UPCALL:
		OK(sys_process_signal(caller->process, 4));
		if (state == SAVED || state == PUT_OFF || state == COPYING)
			expect_interrupt();
		break;
	case EVENTS: break;
	}
}

/* What the server finds afterwards, and does. */
static void look_at(enum state state, enum event event, const struct cell *cell)
{
	struct message message = {.label = 9};
	if (state == COPYING) {
		thread_join(&copy.thread);
		CHECK_IS(copy.status, cell->copy);
		OK(sys_vmem_unmap(HANDLE_SELF_VMEM, BUFFER_AT, BUFFER_SIZE));
	}
	if (event == REPLY)
		CHECK_IS(sys_reply_send(reply, &message), ERR_BAD_HANDLE);
	else if (state == QUEUED)
		CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &message), cell->holder);
	else
		CHECK_IS(sys_reply_send(reply, &message), cell->holder);
	if (event != CLOSE && !(state == QUEUED && event == UPCALL))
		CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
}

static void test_cell(enum state state, enum event event)
{
	static char name[100];
	const struct cell *cell = &cells[state][event];
	size_t at = 0;
	struct child caller;
	memcpy(name, "a_call_that_", 12);
	at = 12;
	memcpy(name + at, state_names[state], strlen(state_names[state]));
	at += strlen(state_names[state]);
	memcpy(name + at, "_and_", 5);
	at += 5;
	memcpy(name + at, event_names[event], strlen(event_names[event]) + 1);
	test_begin(name);
	channel_make(&receiver, 1, &sender);
	caller_begin(&caller, event);
	bring_to(state, &caller);
	let_happen(state, event, &caller);
	pause_ms(1);
	look_at(state, event, cell);
	uint32_t expected = cell->caller != GONE ? PROGRAM_STATUS + cell->caller
	        : event == KILL                  ? PROCESS_STATUS_KILLED
	                                         : REPLACED_STATUS;
	CHECK_IS(child_wait(&caller), expected);
	if (event != CLOSE)
		OK(sys_handle_close(receiver));
	OK(sys_handle_close(sender));
}

void test_ipc_table(void)
{
	for (enum state state = 0; state < STATES; state++) {
		for (enum event event = 0; event < EVENTS; event++) {
			if (cells[state][event].caller != NO_CELL)
				test_cell(state, event);
		}
	}
}
