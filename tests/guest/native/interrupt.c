/* Calls that were received and are asked to end: what their servers hear, and every order of that and of other ends. */
#include "abi/exception.h"
#include "tests/guest/native/upcalls.h"

static handle_t receiver, sender;

/* A thread that calls, and can be interrupted. */
struct client {
	struct thread thread;
	uint8_t hold;
	uint64_t deadline;
	handle_t sender, notify;
	status_t result;
	struct message answer;
	uint32_t count, pending; /* upcalls, and what was told while held off */
};

static void call(void *argument)
{
	struct client *client = argument;
	client->notify = upcalls_begin(false);
	*hold_off() = client->hold;
	client->answer = (struct message){.label = 7, .word = {1, 2, 3}};
	extras_begin()->deadline = client->deadline;
	client->result = sys_channel_call_x(client->sender, &client->answer);
	client->count = upcalls.count;
	client->pending = *upcall_pending();
	upcalls_end(client->notify);
}

static void client_begin(struct client *client, uint8_t hold)
{
	*client = (struct client){.hold = hold, .deadline = DEADLINE_NEVER, .sender = sender};
	thread_begin(&client->thread, call, client);
}

static void client_interrupt(struct client *client)
{
	OK(sys_notify_signal(client->notify, 1));
}

static handle_t receive_and_save(handle_t from)
{
	struct message message;
	handle_t reply = HANDLE_NONE;
	OK(sys_channel_recv(from, now() + 1000 * MS, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CALL);
	CHECK_IS(message.label, 7);
	OK(sys_reply_save(&reply));
	return reply;
}

static void expect_interrupt(handle_t from, handle_t reply)
{
	struct message message = {0};
	OK(sys_channel_recv(from, DEADLINE_NOW, &message));
	CHECK_IS(message.info, RECEIVED_INTERRUPT);
	CHECK_IS(message.word[0], reply);
}

static void expect_nothing(handle_t from)
{
	struct message message = {0};
	CHECK_IS(sys_channel_recv(from, DEADLINE_NOW, &message), ERR_TIMED_OUT);
}

static void answer(handle_t reply, uint32_t label, uint64_t word)
{
	struct message message = {.label = label, .word = {word}};
	OK(sys_reply_send(reply, &message));
}

static void begin(const char *name)
{
	test_begin(name);
	channel_make(&receiver, 9, &sender);
}

static void end(void)
{
	expect_nothing(receiver);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void saved(void)
{
	struct client client;
	struct message message = {0};
	handle_t reply;
	begin("a_server_hears_that_the_caller_of_a_saved_call_is_asked_to_end_it");
	client_begin(&client, HOLD_NONE);
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	OK(sys_channel_recv(receiver, DEADLINE_NOW, &message));
	CHECK_IS(message.info, RECEIVED_INTERRUPT);
	CHECK_IS(message.word[0], reply);
	CHECK_IS(control_block()->received.stamp, 9);
	struct process_info self;
	OK(sys_process_info(HANDLE_SELF_PROCESS, &self));
	CHECK_IS(control_block()->received.caller, self.number);
	CHECK_IS(upcalls.count, 0);
	answer(reply, ERR_OK, 55);
	thread_join(&client.thread);
	CHECK_IS(client.result, ERR_OK);
	CHECK_IS(client.answer.word[0], 55);
	CHECK_IS(client.count, 1);
	CHECK_IS(upcalls.frame.rdi, 55);
	end();

	begin("a_server_hears_of_it_once");
	client_begin(&client, HOLD_NONE);
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	client_interrupt(&client);
	expect_interrupt(receiver, reply);
	client_interrupt(&client);
	expect_nothing(receiver);

	test_next("who_has_the_call_told_once_more_hears_of_it_once_more");
	struct message again;
	OK(sys_reply_message(reply, 0, &again));
	CHECK_IS(again.label, 7);
	expect_interrupt(receiver, reply);
	expect_nothing(receiver);
	answer(reply, ERR_INTERRUPTED, 0);
	thread_join(&client.thread);
	CHECK_IS(client.answer.label, ERR_INTERRUPTED);
	CHECK_IS(client.count, 1);

	test_next("the_next_call_of_the_same_thread_is_asked_for_anew");
	client_begin(&client, HOLD_ASK);
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	expect_interrupt(receiver, reply);
	answer(reply, ERR_INTERRUPTED, 0);
	thread_join(&client.thread);
	CHECK_IS(client.count, 0);
	CHECK_IS(client.pending, 1);
	end();

	begin("a_call_that_is_held_off_is_left_alone");
	client_begin(&client, HOLD_UPCALLS);
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	expect_nothing(receiver);
	answer(reply, ERR_OK, 0);
	thread_join(&client.thread);
	CHECK_IS(client.count, 0);
	CHECK_IS(client.pending, 1);
	end();
}

/* A server that waits in the kernel is woken by the request. */
static handle_t waiting_reply;
static struct message heard;

static void wait_for_interrupt(void *argument)
{
	(void)argument;
	waiting_reply = receive_and_save(receiver);
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &heard));
	answer(waiting_reply, ERR_INTERRUPTED, 0);
}

static void waiting_server(void)
{
	struct client client;
	struct thread server;
	begin("a_server_that_waits_is_woken_to_hear_it");
	thread_begin(&server, wait_for_interrupt, 0);
	client_begin(&client, HOLD_ASK);
	client_interrupt(&client);
	thread_join(&server);
	thread_join(&client.thread);
	CHECK_IS(heard.info, RECEIVED_INTERRUPT);
	CHECK_IS(heard.word[0], waiting_reply);
	CHECK_IS(client.answer.label, ERR_INTERRUPTED);
	end();
}

static void not_saved(void)
{
	struct client client;
	struct message message;
	handle_t reply;
	begin("a_call_that_was_not_saved_is_asked_for_when_it_is");
	client_begin(&client, HOLD_NONE);
	OK(sys_channel_recv(receiver, DEADLINE_NOW, &message));
	client_interrupt(&client);
	OK(sys_reply_save(&reply));
	expect_interrupt(receiver, reply);
	answer(reply, ERR_OK, 0);
	thread_join(&client.thread);
	CHECK_IS(client.count, 1);
	end();

	begin("a_call_that_is_answered_at_once_is_never_asked_for");
	client_begin(&client, HOLD_NONE);
	OK(sys_channel_recv(receiver, DEADLINE_NOW, &message));
	client_interrupt(&client);
	answer(HANDLE_SELF_REPLY, ERR_OK, 3);
	thread_join(&client.thread);
	CHECK_IS(client.answer.word[0], 3);
	CHECK_IS(client.count, 1);
	end();

	begin("an_answer_that_comes_before_the_server_hears_of_it_takes_the_request_back");
	client_begin(&client, HOLD_NONE);
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	answer(reply, ERR_OK, 4);
	thread_join(&client.thread);
	CHECK_IS(client.answer.word[0], 4);
	CHECK_IS(client.count, 1);
	end();
}

/* Answers by switching straight to the caller, once that was interrupted. */
static void answer_and_receive(void *argument)
{
	const bool *interrupted = argument;
	struct message message;
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	while (!__atomic_load_n(interrupted, __ATOMIC_ACQUIRE))
		pause_ms(1);
	message.label = 4;
	OK(sys_channel_reply_recv(receiver, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CLOSE);
}

static void answered_directly(void)
{
	struct client client;
	struct thread server;
	bool interrupted = false;
	test_begin("a_caller_that_its_server_switches_to_is_interrupted_before_it_goes_on");
	channel_make(&receiver, 9, &sender);
	thread_begin(&server, answer_and_receive, &interrupted);
	client_begin(&client, HOLD_NONE);
	client_interrupt(&client);
	CHECK_IS(upcalls.count, 0);
	__atomic_store_n(&interrupted, true, __ATOMIC_RELEASE);
	thread_join(&client.thread);
	CHECK_IS(client.answer.label, 4);
	CHECK_IS(client.count, 1);
	OK(sys_handle_close(sender));
	thread_join(&server);
	OK(sys_handle_close(receiver));
}

static void forwarded(void)
{
	struct client client;
	struct message message = {.label = 7};
	handle_t first, first_sender, reply;
	begin("a_request_goes_along_with_a_call_that_is_handed_on");
	channel_make(&first, 1, &first_sender);
	client = (struct client){.deadline = DEADLINE_NEVER, .sender = first_sender};
	thread_begin(&client.thread, call, &client);
	OK(sys_channel_recv(first, DEADLINE_NOW, &message));
	OK(sys_channel_forward(sender, &message));
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	expect_nothing(first);
	expect_interrupt(receiver, reply);
	answer(reply, ERR_INTERRUPTED, 0);
	thread_join(&client.thread);
	CHECK_IS(client.answer.label, ERR_INTERRUPTED);

	test_next("a_call_that_was_asked_for_is_taken_back_when_it_is_handed_on_into_a_queue");
	client = (struct client){.deadline = DEADLINE_NEVER, .sender = first_sender};
	thread_begin(&client.thread, call, &client);
	OK(sys_channel_recv(first, DEADLINE_NOW, &message));
	client_interrupt(&client);
	OK(sys_channel_forward(sender, &message));
	thread_join(&client.thread);
	CHECK_IS(client.result, ERR_INTERRUPTED);
	expect_nothing(receiver);

	test_next("a_call_that_is_handed_on_and_lies_in_a_queue_is_taken_back");
	client = (struct client){.deadline = DEADLINE_NEVER, .sender = first_sender};
	thread_begin(&client.thread, call, &client);
	OK(sys_channel_recv(first, DEADLINE_NOW, &message));
	OK(sys_channel_forward(sender, &message));
	client_interrupt(&client);
	thread_join(&client.thread);
	CHECK_IS(client.result, ERR_INTERRUPTED);
	OK(sys_handle_close(first_sender));
	OK(sys_handle_close(first));
	end();
}

static void other_ends(void)
{
	struct client client;
	handle_t reply;
	struct message message = {0};
	begin("a_deadline_that_passes_first_takes_the_request_back");
	client = (struct client){.hold = HOLD_ASK, .deadline = now() + 200 * MS, .sender = sender};
	thread_begin(&client.thread, call, &client);
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	thread_join(&client.thread);
	CHECK_IS(client.result, ERR_TIMED_OUT);
	expect_nothing(receiver);
	CHECK_IS(sys_reply_send(reply, &message), ERR_DEAD);
	end();

	begin("a_deadline_that_passes_after_the_request_leaves_a_dead_reply");
	client = (struct client){.hold = HOLD_NONE, .deadline = now() + 200 * MS, .sender = sender};
	thread_begin(&client.thread, call, &client);
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	expect_interrupt(receiver, reply);
	thread_join(&client.thread);
	CHECK_IS(client.result, ERR_TIMED_OUT);
	CHECK_IS(client.count, 1);
	CHECK_IS(sys_reply_send(reply, &message), ERR_DEAD);
	end();

	begin("a_server_that_closes_the_reply_drops_the_call");
	client_begin(&client, HOLD_NONE);
	reply = receive_and_save(receiver);
	client_interrupt(&client);
	OK(sys_handle_close(reply));
	thread_join(&client.thread);
	CHECK_IS(client.result, ERR_DROPPED);
	CHECK_IS(client.count, 1);
	end();

	begin("a_server_that_has_closed_its_receiver_hears_nothing_and_answers");
	client_begin(&client, HOLD_NONE);
	reply = receive_and_save(receiver);
	OK(sys_handle_close(receiver));
	pause_ms(1);
	client_interrupt(&client);
	answer(reply, ERR_OK, 8);
	thread_join(&client.thread);
	CHECK_IS(client.answer.word[0], 8);
	OK(sys_handle_close(sender));

	test_begin("a_call_that_is_saved_after_its_receiver_was_closed_is_answered");
	channel_make(&receiver, 9, &sender);
	client_begin(&client, HOLD_NONE);
	OK(sys_channel_recv(receiver, DEADLINE_NOW, &message));
	OK(sys_handle_close(receiver));
	client_interrupt(&client);
	OK(sys_reply_save(&reply));
	answer(reply, ERR_OK, 8);
	thread_join(&client.thread);
	CHECK_IS(client.answer.word[0], 8);
	OK(sys_handle_close(sender));
}

/* A process that receives on the same channel. */
static uint32_t server_process(void *argument)
{
	handle_t there = *(handle_t *)argument, reply;
	struct message message = {0};
	if (sys_channel_recv(there, now() + 2000 * MS, &message) || sys_reply_save(&reply))
		return 1;
	if (sys_channel_recv(there, now() + 2000 * MS, &message) || message.info != RECEIVED_INTERRUPT)
		return 2;
	if (message.word[0] != reply)
		return 3;
	message.label = 77;
	if (sys_reply_send(reply, &message))
		return 4;
	return 0;
}

static uint32_t dying_process(void *argument)
{
	handle_t there = *(handle_t *)argument, reply;
	struct message message = {0};
	if (sys_channel_recv(there, now() + 2000 * MS, &message) || sys_reply_save(&reply))
		return 1;
	if (sys_channel_recv(there, now() + 2000 * MS, &message) || message.info != RECEIVED_INTERRUPT)
		return 2;
	return 0; /* without an answer */
}

static uint32_t calling_process(void *argument)
{
	struct client client = {.hold = HOLD_NONE, .deadline = DEADLINE_NEVER, .sender = *(handle_t *)argument};
	upcalls_begin(true);
	client.answer.label = 7;
	extras_begin();
	client.result = sys_channel_call_x(client.sender, &client.answer);
	return client.result ? client.result : 100 + client.answer.label;
}

static void between_processes(void)
{
	struct child server;
	struct client client;
	static handle_t there;
	begin("the_process_that_saved_a_call_hears_of_it_and_no_other_that_receives_there");
	child_make(&server, "server");
	there = child_give(&server, receiver, RIGHTS_ALL);
	child_start(&server, server_process, &there);
	pause_ms(1);
	client_begin(&client, HOLD_ASK);
	pause_ms(1);
	client_interrupt(&client);
	expect_nothing(receiver);
	thread_join(&client.thread);
	CHECK_IS(client.answer.label, 77);
	CHECK_IS(child_wait(&server), 0);
	end();

	begin("the_end_of_a_server_that_was_told_drops_the_call");
	child_make(&server, "server");
	there = child_give(&server, receiver, RIGHTS_ALL);
	child_start(&server, dying_process, &there);
	pause_ms(1);
	client_begin(&client, HOLD_ASK);
	pause_ms(1);
	client_interrupt(&client);
	thread_join(&client.thread);
	CHECK_IS(client.result, ERR_DROPPED);
	CHECK_IS(child_wait(&server), 0);
	end();
}

static void ended_callers(void)
{
	struct child caller;
	static handle_t there;
	struct message message = {0};
	begin("the_end_of_a_caller_that_was_asked_takes_the_request_back");
	child_make(&caller, "caller");
	there = child_give(&caller, sender, RIGHTS_ALL);
	child_start(&caller, calling_process, &there);
	handle_t reply = receive_and_save(receiver);
	OK(sys_process_signal(caller.process, 1));
	child_kill(&caller);
	expect_nothing(receiver);
	CHECK_IS(sys_reply_send(reply, &message), ERR_DEAD);

	test_next("a_process_is_asked_by_who_signals_it");
	child_make(&caller, "caller");
	there = child_give(&caller, sender, RIGHTS_ALL);
	child_start(&caller, calling_process, &there);
	reply = receive_and_save(receiver);
	OK(sys_process_signal(caller.process, 1));
	expect_interrupt(receiver, reply);
	answer(reply, 20, 0);
	CHECK_IS(child_wait(&caller), 120);
	end();
}

/* Many saved calls at once: each is asked for, in the order of the bits. */
static void many(void)
{
	static struct client clients[20];
	handle_t replies[20];
	begin("many_callers_are_asked_for_in_order_and_one_that_goes_leaves_the_others");
	for (unsigned i = 0; i < 20; i++) {
		client_begin(&clients[i], HOLD_ASK);
		replies[i] = receive_and_save(receiver);
	}
	for (unsigned i = 0; i < 20; i++)
		client_interrupt(&clients[i]);
	answer(replies[0], 0, 0);
	answer(replies[7], 0, 0);
	answer(replies[19], 0, 0);
	for (unsigned i = 0; i < 20; i++) {
		if (i == 0 || i == 7 || i == 19)
			continue;
		expect_interrupt(receiver, replies[i]);
	}
	expect_nothing(receiver);
	for (unsigned i = 0; i < 20; i++) {
		if (i != 0 && i != 7 && i != 19)
			answer(replies[i], ERR_INTERRUPTED, 0);
		thread_join(&clients[i].thread);
	}
	end();
}

void test_interrupt(void)
{
	saved();
	waiting_server();
	not_saved();
	answered_directly();
	forwarded();
	other_ends();
	between_processes();
	ended_callers();
	many();
}
