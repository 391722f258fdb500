/* Calls that end in another way than by an answer: each state that a call can be in, met by each event that can end it. */
#include "tests/guest/native/test.h"

static handle_t receiver, sender;

/* Where the call is when the event comes. */
enum place { QUEUED, RECEIVED, SAVED, PLACES };

struct caller {
	uint64_t deadline;
	status_t expected;
	bool done;
};

static void one_call(void *argument)
{
	struct caller *caller = argument;
	struct message message = {.label = 9};
	struct message_extras *send = extras_begin();
	send->deadline = caller->deadline;
	CHECK_IS(sys_channel_call_x(sender, &message), caller->expected);
	caller->done = true;
}

/* Brings a call of another thread to a place; in SAVED the reply is in *out_reply. */
static void bring_to(enum place place, handle_t *out_reply)
{
	struct message message;
	pause_ms(2);
	if (place == QUEUED)
		return;
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	CHECK_IS(message.label, 9);
	if (place == SAVED)
		OK(sys_reply_save(out_reply));
}

static void deadlines(enum place place, const char *name)
{
	test_begin(name);
	struct caller caller = {now() + 60 * MS, ERR_TIMED_OUT, false};
	struct thread thread;
	handle_t reply = HANDLE_SELF_REPLY;
	struct message message = {0};
	channel_make(&receiver, 1, &sender);
	thread_begin(&thread, one_call, &caller);
	bring_to(place, &reply);
	if (place != QUEUED)
		CHECK_IS(control_block()->received.deadline, caller.deadline);
	thread_join(&thread);
	CHECK(caller.done && now() >= caller.deadline);
	if (place == QUEUED) {
		CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
	} else {
		uint64_t copied;
		CHECK_IS(sys_reply_read(reply, 0, &message, 8, &copied), ERR_DEAD);
		CHECK_IS(sys_reply_send(reply, &message), ERR_DEAD);
		CHECK_IS(sys_reply_send(reply, &message), ERR_BAD_HANDLE);
	}
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void already_passed(void)
{
	test_begin("a_call_whose_deadline_has_passed_does_not_happen");
	struct message message = {0};
	channel_make(&receiver, 1, &sender);
	extras_begin()->deadline = DEADLINE_NOW;
	CHECK_IS(sys_channel_call_x(sender, &message), ERR_TIMED_OUT);
	CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
	CHECK_IS(sys_channel_recv(receiver, now() + 3 * MS, &message), ERR_TIMED_OUT);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void gone_caller_is_no_error(void)
{
	test_begin("a_server_that_answers_a_caller_that_is_gone_receives_the_next");
	struct caller early = {now() + 60 * MS, ERR_TIMED_OUT, false}, late = {DEADLINE_NEVER, ERR_OK, false};
	struct thread first, second;
	struct message message = {0};
	channel_make(&receiver, 1, &sender);
	thread_begin(&first, one_call, &early);
	bring_to(RECEIVED, 0);
	thread_join(&first);
	thread_begin(&second, one_call, &late);
	OK(sys_channel_reply_recv(receiver, &message));
	CHECK_IS(message.label, 9);
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&second);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void receiver_closes(enum place place, const char *name)
{
	test_begin(name);
	struct caller caller = {DEADLINE_NEVER, place == QUEUED ? ERR_PEER_CLOSED : ERR_OK, false};
	struct thread thread;
	handle_t reply = HANDLE_SELF_REPLY;
	struct message message = {0};
	channel_make(&receiver, 1, &sender);
	thread_begin(&thread, one_call, &caller);
	bring_to(place, &reply);
	OK(sys_handle_close(receiver));
	if (place != QUEUED)
		OK(sys_reply_send(reply, &message));
	thread_join(&thread);
	CHECK_IS(sys_channel_call(sender, &message), ERR_PEER_CLOSED);
	OK(sys_handle_close(sender));
}

/* A server thread or process that takes a call and ends with it. */
static void taking_server(void *argument)
{
	struct message message;
	handle_t reply;
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	if (argument)
		OK(sys_reply_save(&reply));
}

static uint32_t taking_process(void *argument)
{
	struct message message;
	handle_t reply;
	handle_t *there = argument;
	if (sys_channel_recv(there[0], DEADLINE_NEVER, &message))
		return 1;
	if (there[1] == SAVED && sys_reply_save(&reply))
		return 2;
	if (there[2])
		return 0;
	for (;;)
		pause_ms(1000); /* until it is killed */
}

static void server_thread_ends(void)
{
	test_begin("the_end_of_the_thread_that_holds_a_call_drops_it");
	struct caller caller = {DEADLINE_NEVER, ERR_DROPPED, false};
	struct thread client, server;
	channel_make(&receiver, 1, &sender);
	thread_begin(&server, taking_server, 0);
	thread_begin(&client, one_call, &caller);
	thread_join(&client);
	thread_join(&server);

	test_next("a_call_that_is_closed_without_an_answer_is_dropped");
	caller = (struct caller){DEADLINE_NEVER, ERR_DROPPED, false};
	struct message message;
	thread_begin(&client, one_call, &caller);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	OK(sys_handle_close(HANDLE_SELF_REPLY));
	thread_join(&client);
	CHECK_IS(sys_channel_reply_recv(receiver, &message), ERR_BAD_STATE);
	handle_t reply;
	thread_begin(&client, one_call, &caller);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	OK(sys_reply_save(&reply));
	OK(sys_handle_close(reply));
	thread_join(&client);
	test_next("the_end_of_the_thread_does_not_drop_a_saved_call");
	caller = (struct caller){now() + 30 * MS, ERR_TIMED_OUT, false};
	thread_begin(&server, taking_server, (void *)1);
	thread_begin(&client, one_call, &caller);
	thread_join(&server);
	thread_join(&client);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void server_process_ends(enum place place, bool killed, const char *name)
{
	test_begin(name);
	struct child server;
	static handle_t there[3];
	struct message message = {0};
	channel_make(&receiver, 1, &sender);
	child_make(&server, "taker");
	there[0] = child_give(&server, receiver, RIGHTS_ALL);
	there[1] = place;
	there[2] = !killed;
	OK(sys_handle_close(receiver));
	child_start(&server, taking_process, there);
	struct caller caller = {DEADLINE_NEVER, place == QUEUED ? ERR_PEER_CLOSED : ERR_DROPPED, false}, other = caller;
	other.expected = ERR_PEER_CLOSED;
	struct thread client, second;
	thread_begin(&client, one_call, &caller);
	pause_ms(3);
	thread_begin(&second, one_call, &other);
	pause_ms(3);
	if (killed)
		child_kill(&server);
	else
		CHECK_IS(child_wait(&server), 0);
	thread_join(&client);
	thread_join(&second);
	CHECK_IS(sys_channel_call(sender, &message), ERR_PEER_CLOSED);
	OK(sys_handle_close(sender));
}

static void receive_until_dead(void *argument)
{
	struct message message;
	*(status_t *)argument = sys_channel_recv(receiver, DEADLINE_NEVER, &message);
}

static void blocked_receiver(void)
{
	test_begin("a_thread_that_receives_hears_that_the_receiver_was_closed");
	struct thread server;
	status_t status = ERR_OK;
	channel_make(&receiver, 1, &sender);
	thread_begin(&server, receive_until_dead, &status);
	pause_ms(3);
	OK(sys_handle_close(receiver));
	thread_join(&server);
	CHECK_IS(status, ERR_DEAD);
	OK(sys_handle_close(sender));
}

static uint32_t calling_process(void *argument)
{
	struct message message = {.label = 9};
	return sys_channel_call(*(handle_t *)argument, &message);
}

/* Stamp 2's only sender is the child's. */
static void caller_is_killed(enum place place, const char *name)
{
	test_begin(name);
	struct child client;
	static handle_t there;
	handle_t own, reply = HANDLE_SELF_REPLY;
	struct message message = {0};
	channel_make(&receiver, 1, &sender);
	OK(sys_channel_mint(receiver, 2, RIGHTS_ALL, &own));
	child_make(&client, "caller");
	there = child_give(&client, own, RIGHTS_ALL);
	OK(sys_handle_close(own));
	child_start(&client, calling_process, &there);
	bring_to(place, &reply);
	if (place != QUEUED)
		CHECK_IS(control_block()->received.caller, client.number);
	child_kill(&client);
	if (place != QUEUED)
		CHECK_IS(sys_reply_send(reply, &message), ERR_DEAD);
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CLOSE);
	CHECK_IS(control_block()->received.stamp, 2);
	CHECK_IS(sys_channel_recv(receiver, now() + 3 * MS, &message), ERR_TIMED_OUT);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void call_with_nothing(void *argument)
{
	struct message message = {0};
	struct message_extras *send = extras_begin();
	(void)argument;
	extras_add_handle(send, 0, RIGHTS_ALL, 1);
	CHECK_IS(sys_channel_call_x(sender, &message), ERR_BAD_HANDLE);
}

static void undeliverable(void)
{
	static struct thread callers[12];
	struct message message = {0};
	test_begin("who_only_looks_whether_there_is_a_call_never_waits_however_many_cannot_be_delivered");
	channel_make(&receiver, 1, &sender);
	for (unsigned i = 0; i < 12; i++)
		thread_begin(&callers[i], call_with_nothing, 0);
	CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
	for (unsigned i = 0; i < 12; i++)
		thread_join(&callers[i]);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

void test_ipc_ends(void)
{
	undeliverable();
	deadlines(QUEUED, "a_queued_call_ends_at_its_deadline_and_was_never_there");
	deadlines(RECEIVED, "a_received_call_ends_at_its_deadline_and_its_reply_is_dead");
	deadlines(SAVED, "a_saved_call_ends_at_its_deadline_and_its_handle_is_dead");
	already_passed();
	gone_caller_is_no_error();
	receiver_closes(QUEUED, "a_queued_call_hears_that_the_receiver_was_closed");
	receiver_closes(RECEIVED, "a_received_call_can_be_answered_after_the_receiver_was_closed");
	receiver_closes(SAVED, "a_saved_call_can_be_answered_after_the_receiver_was_closed");
	server_thread_ends();
	server_process_ends(RECEIVED, false, "a_server_that_ends_drops_the_call_that_it_holds");
	server_process_ends(SAVED, false, "a_server_that_ends_drops_the_calls_that_it_saved");
	server_process_ends(RECEIVED, true, "a_server_that_is_killed_drops_the_call_that_it_holds");
	server_process_ends(SAVED, true, "a_server_that_is_killed_drops_the_calls_that_it_saved");
	blocked_receiver();
	caller_is_killed(QUEUED, "a_killed_caller_takes_its_queued_call_back");
	caller_is_killed(RECEIVED, "a_killed_caller_leaves_a_dead_reply");
	caller_is_killed(SAVED, "a_killed_caller_leaves_a_dead_reply_handle");
}
