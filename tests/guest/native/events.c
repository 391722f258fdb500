/* Messages without a caller: stamps that close, and bits of a bound notify. */
#include "tests/guest/native/test.h"

static handle_t receiver, sender;

static void expect_close(uint64_t stamp)
{
	struct message message;
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CLOSE);
	CHECK_IS(control_block()->received.stamp, stamp);
	CHECK_IS(sys_reply_send(HANDLE_SELF_REPLY, &message), ERR_BAD_HANDLE);
}

static void expect_nothing(void)
{
	struct message message;
	CHECK_IS(sys_channel_recv(receiver, now() + 3 * MS, &message), ERR_TIMED_OUT);
}

static void receive_close(void *argument)
{
	expect_close((uintptr_t)argument);
}

static void closings(void)
{
	test_begin("the_receiver_is_told_once_when_the_last_sender_with_a_stamp_is_gone");
	handle_t copy, again;
	channel_make(&receiver, 5, &sender);
	OK(sys_handle_duplicate(sender, RIGHTS_ALL, &copy));
	OK(sys_handle_close(sender));
	expect_nothing();
	OK(sys_handle_close(copy));
	expect_close(5);
	expect_nothing();

	test_next("a_stamp_is_taken_until_its_close_was_received");
	OK(sys_channel_mint(receiver, 6, RIGHTS_ALL, &sender));
	CHECK_IS(sys_channel_mint(receiver, 6, RIGHTS_ALL, &again), ERR_EXISTS);
	OK(sys_handle_close(sender));
	pause_ms(2);
	CHECK_IS(sys_channel_mint(receiver, 6, RIGHTS_ALL, &again), ERR_EXISTS);
	expect_close(6);
	OK(sys_channel_mint(receiver, 6, RIGHTS_ALL, &again));
	struct thread waiter;
	thread_begin(&waiter, receive_close, (void *)6);
	pause_ms(2);
	OK(sys_handle_close(again));
	thread_join(&waiter);

	test_next("closings_of_many_stamps_arrive_in_their_order");
	static handle_t senders[100];
	for (unsigned i = 0; i < 100; i++)
		OK(sys_channel_mint(receiver, i * 0x1000001ull, RIGHTS_ALL, &senders[i]));
	for (unsigned i = 0; i < 100; i++)
		OK(sys_handle_close(senders[i]));
	for (unsigned i = 0; i < 100; i++)
		expect_close(i * 0x1000001ull);

	test_next("closings_that_nobody_received_go_with_the_receiver");
	for (unsigned i = 0; i < 100; i++)
		OK(sys_channel_mint(receiver, i, RIGHTS_ALL, &senders[i]));
	for (unsigned i = 0; i < 50; i++)
		OK(sys_handle_close(senders[i]));
	OK(sys_handle_close(receiver));
	for (unsigned i = 50; i < 100; i++)
		OK(sys_handle_close(senders[i]));
}

static void quiet_caller(void *argument)
{
	struct message message = {0};
	(void)argument;
	OK(sys_channel_call(sender, &message));
}

static void close_after_call(void)
{
	test_begin("a_queued_call_is_received_before_the_close_of_its_stamp");
	struct thread client;
	struct message message;
	channel_make(&receiver, 5, &sender);
	thread_begin(&client, quiet_caller, 0);
	pause_ms(2);
	OK(sys_handle_close(sender));
	pause_ms(2);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CALL);
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	expect_close(5);
	thread_join(&client);
	OK(sys_handle_close(receiver));
}

static void expect_bits(uint64_t bits)
{
	struct message message;
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_NOTIFY);
	CHECK_IS(message.word[0], bits);
}

static void receive_bits(void *argument)
{
	expect_bits((uintptr_t)argument);
}

static void notifies(void)
{
	test_begin("bits_of_a_bound_notify_arrive_as_one_message");
	handle_t notify, second;
	uint64_t bits;
	OK(sys_channel_create(&receiver));
	OK(sys_notify_create(&notify));
	OK(sys_notify_signal(notify, 1));
	OK(sys_channel_bind(receiver, notify));
	expect_bits(1);
	OK(sys_notify_signal(notify, 2));
	OK(sys_notify_signal(notify, 8));
	expect_bits(10);
	expect_nothing();
	struct thread waiter;
	thread_begin(&waiter, receive_bits, (void *)32);
	pause_ms(2);
	OK(sys_notify_signal(notify, 32));
	thread_join(&waiter);

	test_next("bits_that_were_taken_elsewhere_do_not_arrive");
	OK(sys_notify_signal(notify, 3));
	OK(sys_notify_wait(notify, 3, DEADLINE_NOW, &bits));
	CHECK_IS(bits, 3);
	expect_nothing();

	test_next("a_notify_is_bound_to_one_receiver_at_a_time");
	handle_t other;
	OK(sys_channel_create(&other));
	CHECK_IS(sys_channel_bind(other, notify), ERR_BAD_STATE);
	OK(sys_notify_create(&second));
	OK(sys_channel_bind(receiver, second));
	OK(sys_channel_bind(other, notify));
	OK(sys_notify_signal(notify, 1));
	expect_nothing();
	OK(sys_channel_bind(other, 0));
	OK(sys_handle_close(other));

	test_next("a_bound_notify_lives_with_its_receiver");
	handle_t timer;
	OK(sys_timer_create(second, 64, &timer));
	OK(sys_handle_close(second));
	OK(sys_timer_set(timer, now() + 2 * MS, 0));
	expect_bits(64);
	OK(sys_handle_close(timer));
	OK(sys_handle_close(notify));
	OK(sys_handle_close(receiver));
}

static volatile bool stop;
static handle_t flooded;

static void flooder(void *argument)
{
	(void)argument;
	while (!stop)
		OK(sys_notify_signal(flooded, 1));
}

static void nobody_starves(void)
{
	test_begin("calls_come_through_while_a_notify_is_signalled_without_end");
	struct thread noise, client;
	struct message message;
	unsigned events = 0;
	channel_make(&receiver, 1, &sender);
	OK(sys_notify_create(&flooded));
	OK(sys_channel_bind(receiver, flooded));
	stop = false;
	thread_begin(&client, quiet_caller, 0);
	pause_ms(3);
	OK(sys_notify_signal(flooded, 1));
	thread_begin_at(&noise, MAIN_PRIORITY, flooder, 0);
	for (;;) {
		OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
		if (RECEIVED_KIND(message.info) == RECEIVED_CALL)
			break;
		events++;
		OK(sys_notify_signal(flooded, 1));
		if (events > 1000)
			break;
	}
	CHECK(events <= 3);
	stop = true;
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&client);
	thread_join(&noise);
	OK(sys_handle_close(flooded));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

void test_events(void)
{
	closings();
	close_after_call();
	notifies();
	nobody_starves();
}
