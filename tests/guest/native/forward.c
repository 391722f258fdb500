/* channel_forward: a call goes on to another server with all that it brought, and the first server is free. */
#include "tests/guest/native/test.h"

static handle_t first, first_sender, second, second_sender, notify;
static char text[] = "buffers go with the call";

static void caller(void *argument)
{
	struct message message = {.label = 1, .word = {1, 2, 3, 4, 5, 6}};
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uint64_t)text, sizeof text};
	send->word_count = 2;
	control_block()->send_words[0] = 21;
	control_block()->send_words[1] = 22;
	extras_add_handle(send, notify, RIGHTS_ALL, 0);
	status_t expected = argument ? *(status_t *)argument : ERR_OK;
	CHECK_IS(sys_channel_call_x(first_sender, &message), expected);
	if (!expected)
		CHECK_IS(message.label, 99);
}

static void make(void)
{
	channel_make(&first, 10, &first_sender);
	channel_make(&second, 20, &second_sender);
	OK(sys_notify_create(&notify));
}

static void unmake(void)
{
	OK(sys_handle_close(first));
	OK(sys_handle_close(first_sender));
	OK(sys_handle_close(second));
	OK(sys_handle_close(second_sender));
	OK(sys_handle_close(notify));
}

/* Receives at the second and answers. */
static void finish(void *argument)
{
	(void)argument;
	struct message message;
	char read[sizeof text];
	uint64_t copied;
	OK(sys_channel_recv(second, DEADLINE_NEVER, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CALL);
	CHECK_IS(message.label, 50);
	CHECK_IS(message.word[5], 66);
	struct message_extras received = control_block()->received;
	CHECK_IS(received.stamp, 20);
	CHECK_IS(received.caller, start_block->process_number);
	CHECK_IS(received.word_count, 2);
	CHECK_IS(control_block()->received_words[1], 22);
	CHECK_IS(received.handle_count, 1);
	OK(sys_notify_signal(received.handles[0], 4));
	OK(sys_handle_close(received.handles[0]));
	OK(sys_reply_read(HANDLE_SELF_REPLY, 0, read, sizeof read, &copied));
	CHECK(!memcmp(read, text, sizeof text));
	message.label = 99;
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
}

static void goes_on(bool waiting)
{
	struct thread client, server;
	struct message message;
	uint64_t bits;
	make();
	if (waiting) {
		thread_begin(&server, finish, 0);
		pause_ms(2);
	}
	thread_begin(&client, caller, 0);
	OK(sys_channel_recv(first, DEADLINE_NEVER, &message));
	message = (struct message){.label = 50, .word = {11, 22, 33, 44, 55, 66}};
	OK(sys_channel_forward(second_sender, &message));
	CHECK_IS(sys_reply_send(HANDLE_SELF_REPLY, &message), ERR_BAD_HANDLE);
	if (!waiting)
		thread_begin(&server, finish, 0);
	thread_join(&server);
	thread_join(&client);
	OK(sys_notify_wait(notify, 4, DEADLINE_NOW + 1, &bits));
	unmake();
}

static void ends(void)
{
	test_begin("a_call_that_cannot_be_forwarded_stays_with_all_that_it_brought");
	struct thread client;
	struct message message;
	make();
	thread_begin(&client, caller, 0);
	OK(sys_channel_recv(first, DEADLINE_NEVER, &message));
	OK(sys_handle_close(second));
	CHECK_IS(sys_channel_forward(second_sender, &message), ERR_PEER_CLOSED);
	OK(sys_notify_signal(control_block()->received.handles[0], 1));
	OK(sys_handle_close(control_block()->received.handles[0]));
	message.label = 99;
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&client);
	OK(sys_channel_create(&second));

	test_next("a_forwarded_call_hears_that_its_second_server_is_gone");
	static status_t closed = ERR_PEER_CLOSED;
	OK(sys_handle_close(second_sender));
	OK(sys_channel_mint(second, 20, RIGHTS_ALL, &second_sender));
	thread_begin(&client, caller, &closed);
	OK(sys_channel_recv(first, DEADLINE_NEVER, &message));
	OK(sys_channel_forward(second_sender, &message));
	OK(sys_handle_close(second));
	thread_join(&client);
	OK(sys_channel_create(&second));
	unmake();
}

/* Two calls, one after the other: the first is handed on, the second comes to who has handed it on. */
struct twice {
	bool with_handle;
	uint64_t deadline;
	status_t first, second;
	uint32_t label[2];
};

static void call_twice(void *argument)
{
	struct twice *twice = argument;
	struct message message = {.label = 1, .word = {1, 2, 3, 4, 5, 6}};
	struct message_extras *send = extras_begin();
	send->deadline = twice->deadline;
	send->readable = (struct message_buffer){(uint64_t)text, sizeof text};
	send->word_count = 2;
	control_block()->send_words[1] = 22;
	if (twice->with_handle)
		extras_add_handle(send, notify, RIGHTS_ALL, 0);
	twice->first = sys_channel_call_x(first_sender, &message);
	twice->label[0] = message.label;
	message = (struct message){.label = 2};
	twice->second = sys_channel_call(first_sender, &message);
	twice->label[1] = message.label;
}

static void answer_forwarded(void *argument)
{
	struct twice *twice = argument;
	struct message message;
	char read[sizeof text];
	uint64_t copied;
	OK(sys_channel_recv(second, DEADLINE_NEVER, &message));
	const struct message_extras *received = &control_block()->received;
	CHECK_IS(message.info, RECEIVED_CALL | RECEIVED_EXTRAS);
	CHECK_IS(message.label, 50);
	CHECK_IS(message.word[0], 11);
	CHECK_IS(message.word[5], 66);
	CHECK_IS(received->stamp, 20);
	CHECK_IS(received->caller, start_block->process_number);
	CHECK_IS(received->deadline, twice->deadline);
	CHECK_IS(received->word_count, 2);
	CHECK_IS(received->readable.length, sizeof text);
	CHECK_IS(control_block()->received_words[1], 22);
	CHECK_IS(received->handle_count, twice->with_handle);
	if (twice->with_handle)
		OK(sys_handle_close(received->handles[0]));
	OK(sys_reply_read(HANDLE_SELF_REPLY, 0, read, sizeof read, &copied));
	CHECK(!memcmp(read, text, sizeof text));
	if (twice->deadline != DEADLINE_NEVER)
		pause_ms(300);
	message.label = 99;
	CHECK_IS(sys_reply_send(HANDLE_SELF_REPLY, &message), twice->deadline == DEADLINE_NEVER ? ERR_OK : ERR_DEAD);
}

static void goes_on_and_receives(bool waiting, bool with_handle, uint64_t wait_ms)
{
	struct thread client, server;
	struct message message;
	struct twice twice = {.with_handle = with_handle, .deadline = wait_ms ? now() + wait_ms * MS : DEADLINE_NEVER};
	make();
	if (waiting) {
		thread_begin(&server, answer_forwarded, &twice);
		pause_ms(2);
	}
	thread_begin(&client, call_twice, &twice);
	OK(sys_channel_recv(first, DEADLINE_NEVER, &message));
	if (!waiting) /* less urgent than this one, it comes when this one waits */
		thread_begin_at(&server, MAIN_PRIORITY - 1, answer_forwarded, &twice);
	message = (struct message){.label = 50, .word = {11, 22, 33, 44, 55, 66}};
	OK(sys_channel_forward_recv(second_sender, &message));
	CHECK_IS(message.info, RECEIVED_CALL);
	CHECK_IS(message.label, 2);
	CHECK_IS(control_block()->received.stamp, 10);
	message.label = 98;
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&server);
	thread_join(&client);
	CHECK_IS(twice.first, wait_ms ? ERR_TIMED_OUT : ERR_OK);
	CHECK_IS(twice.second, ERR_OK);
	CHECK_IS(twice.label[1], 98);
	if (!wait_ms)
		CHECK_IS(twice.label[0], 99);
	unmake();
}

static void does_not_go_on(void)
{
	struct thread client;
	struct message message = {0};
	struct twice twice = {.deadline = now() + 200 * MS};
	test_begin("a_call_whose_caller_is_gone_is_not_forwarded_and_the_next_is_received");
	make();
	CHECK_IS(sys_channel_forward_recv(second_sender, &message), ERR_BAD_STATE);
	thread_begin(&client, call_twice, &twice);
	OK(sys_channel_recv(first, DEADLINE_NEVER, &message));
	while (now() < twice.deadline)
		pause_ms(1);
	OK(sys_channel_forward_recv(second_sender, &message));
	CHECK_IS(message.label, 2);
	handle_t saved;
	OK(sys_reply_save(&saved));
	struct message none;
	CHECK_IS(sys_channel_recv(second, DEADLINE_NOW, &none), ERR_TIMED_OUT);
	OK(sys_reply_message(saved, first, &none)); /* held again */

	test_next("a_call_that_cannot_be_forwarded_is_still_held_and_nothing_was_received");
	CHECK_IS(sys_channel_forward_recv(first, &message), ERR_WRONG_TYPE);
	OK(sys_handle_close(second));
	CHECK_IS(sys_channel_forward_recv(second_sender, &message), ERR_PEER_CLOSED);
	OK(sys_handle_close(first));
	CHECK_IS(sys_channel_forward_recv(second_sender, &message), ERR_BAD_HANDLE);
	message.label = 97;
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&client);
	CHECK_IS(twice.first, ERR_TIMED_OUT);
	CHECK_IS(twice.label[1], 97);
	OK(sys_channel_create(&first));
	OK(sys_channel_create(&second));
	unmake();
}

void test_forward(void)
{
	test_begin("a_call_is_forwarded_to_a_server_that_waits");
	goes_on(true);
	test_begin("a_call_is_forwarded_to_a_server_that_comes_later");
	goes_on(false);
	ends();
	test_begin("a_call_is_forwarded_to_a_server_that_waits_and_the_next_is_received");
	goes_on_and_receives(true, false, 0);
	test_begin("a_call_is_forwarded_to_a_server_that_comes_later_and_the_next_is_received");
	goes_on_and_receives(false, false, 0);
	test_begin("a_call_with_a_handle_is_forwarded_and_the_next_is_received");
	goes_on_and_receives(true, true, 0);
	test_begin("a_call_that_was_forwarded_while_another_is_received_meets_its_deadline");
	goes_on_and_receives(true, false, 200);
	does_not_go_on();
}
