/* Long words and handles in messages: all of them arrive, with the rights that were given, or none and nothing has changed. */
#include "tests/guest/native/test.h"

static handle_t receiver, sender;

struct give {
	handle_t handles[MESSAGE_HANDLES];
	uint32_t rights[MESSAGE_HANDLES];
	unsigned count, words;
	uint8_t move_mask;
	status_t expected;
	handle_t got; /* first handle of the answer */
};

static void caller(void *argument)
{
	struct give *give = argument;
	struct message message = {.label = 4};
	struct message_extras *send = extras_begin();
	for (unsigned i = 0; i < give->count && i < MESSAGE_HANDLES; i++)
		extras_add_handle(send, give->handles[i], give->rights[i], 0);
	send->handle_count = (uint8_t)give->count;
	send->move_mask = give->move_mask;
	send->word_count = (uint8_t)give->words;
	for (unsigned i = 0; i < give->words && i < MESSAGE_LONG_WORDS; i++)
		control_block()->send_words[i] = i * 3 + 1;
	CHECK_IS(sys_channel_call_x(sender, &message), give->expected);
	bool extras = message.info & RECEIVED_EXTRAS && control_block()->received.handle_count;
	give->got = extras ? control_block()->received.handles[0] : HANDLE_NONE;
}

static uint32_t rights_of(handle_t handle, uint32_t *out_type)
{
	uint32_t rights = 0;
	uint64_t object;
	*out_type = OBJECT_NONE;
	if (sys_handle_info(handle, out_type, &rights, &object))
		return 0;
	return rights;
}

/* The caller's thread is of this process too, so that a moved handle comes back under another name. */
static void handles_arrive(void)
{
	test_begin("handles_and_long_words_arrive_with_a_call");
	struct thread client;
	struct message message = {0};
	struct give give = {.count = 8, .words = 32, .move_mask = 0x55, .expected = ERR_OK};
	uint32_t type;
	for (unsigned i = 0; i < 8; i++) {
		OK(sys_notify_create(&give.handles[i]));
		give.rights[i] = i < 4 ? RIGHT_SIGNAL | RIGHT_TRANSFER : RIGHTS_ALL;
	}
	channel_make(&receiver, 1, &sender);
	thread_begin(&client, caller, &give);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	const struct message_extras received = control_block()->received;
	CHECK_IS(message.info, RECEIVED_CALL | RECEIVED_EXTRAS);
	CHECK_IS(received.handle_count, 8);
	CHECK_IS(received.word_count, 32);
	CHECK_IS(received.readable.length | received.writable.length, 0);
	for (unsigned i = 0; i < 32; i++)
		CHECK_IS(control_block()->received_words[i], i * 3 + 1);
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&client);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t rights = rights_of(received.handles[i], &type);
		CHECK_IS(type, OBJECT_NOTIFY);
		CHECK_IS(rights, received.rights[i]);
		CHECK_IS(!!(rights & RIGHT_WAIT), i >= 4);
		bool moved = give.move_mask >> i & 1;
		rights_of(give.handles[i], &type);
		CHECK_IS(type, moved ? OBJECT_NONE : OBJECT_NOTIFY);
		if (!moved)
			OK(sys_handle_close(give.handles[i]));
		OK(sys_handle_close(received.handles[i]));
	}
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

/* Once a server waits, and once it comes later. */
static void refused(struct give *give, bool waiting)
{
	struct thread client;
	struct message message;
	if (waiting) {
		thread_begin_at(&client, 4, caller, give);
		CHECK_IS(sys_channel_recv(receiver, now() + 10 * MS, &message), ERR_TIMED_OUT);
	} else {
		thread_begin(&client, caller, give);
		pause_ms(2);
		CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
	}
	thread_join(&client);
}

static void refusals(void)
{
	test_begin("a_call_with_a_handle_that_cannot_be_given_does_not_happen");
	handle_t notify, fixed, single;
	uint32_t type;
	OK(sys_notify_create(&notify));
	OK(sys_handle_duplicate(notify, RIGHTS_ALL & ~RIGHT_TRANSFER, &fixed));
	OK(sys_handle_duplicate(notify, RIGHTS_ALL & ~RIGHT_DUPLICATE, &single));
	channel_make(&receiver, 1, &sender);
	struct give cases[] = {
	        {.handles = {notify, 0}, .count = 2, .move_mask = 1, .expected = ERR_BAD_HANDLE},
	        {.handles = {notify, fixed}, .count = 2, .move_mask = 3, .expected = ERR_NO_RIGHT},
	        {.handles = {notify, single}, .count = 2, .move_mask = 1, .expected = ERR_NO_RIGHT},
	        {.handles = {notify, notify}, .count = 2, .move_mask = 1, .expected = ERR_BAD_ARGUMENT},
	        {.handles = {notify, HANDLE_SELF_PROCESS}, .count = 2, .move_mask = 1, .expected = ERR_NO_RIGHT},
	        {.count = 9, .expected = ERR_TOO_LARGE},
	        {.count = 255, .expected = ERR_TOO_LARGE},
	        {.words = 33, .expected = ERR_TOO_LARGE},
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		refused(&cases[i], false);
		refused(&cases[i], true);
		rights_of(notify, &type);
		CHECK_IS(type, OBJECT_NOTIFY);
	}
	OK(sys_handle_close(single));
	OK(sys_handle_close(fixed));
	OK(sys_handle_close(notify));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));

	test_begin("many_calls_that_cannot_be_delivered_do_not_hold_a_server_up");
	struct give bad = {.handles = {0}, .count = 1, .expected = ERR_BAD_HANDLE}, good = {.expected = ERR_OK};
	static struct thread clients[20];
	struct message message;
	channel_make(&receiver, 1, &sender);
	for (unsigned i = 0; i < 20; i++)
		thread_begin(&clients[i], caller, i == 19 ? &good : &bad);
	pause_ms(3);
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	for (unsigned i = 0; i < 20; i++)
		thread_join(&clients[i]);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void answers(void)
{
	test_begin("handles_and_long_words_arrive_with_an_answer");
	struct thread client;
	struct message message;
	struct give none = {.expected = ERR_OK};
	static handle_t notify;
	uint32_t type;
	channel_make(&receiver, 1, &sender);
	OK(sys_notify_create(&notify));
	thread_begin(&client, caller, &none);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	struct message_extras *send = extras_begin();
	extras_add_handle(send, notify, RIGHT_WAIT, 1);
	extras_add_handle(send, 12345, RIGHT_WAIT, 1);
	CHECK_IS(sys_reply_send_x(HANDLE_SELF_REPLY, &message), ERR_BAD_HANDLE);
	rights_of(notify, &type);
	CHECK_IS(type, OBJECT_NOTIFY);
	send->handle_count = 1;
	OK(sys_reply_send_x(HANDLE_SELF_REPLY, &message));
	CHECK_IS(sys_handle_close(notify), ERR_BAD_HANDLE);
	thread_join(&client);
	CHECK_IS(rights_of(none.got, &type), RIGHT_WAIT);
	CHECK_IS(type, OBJECT_NOTIFY);
	OK(sys_handle_close(none.got));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void late_caller(void *argument)
{
	(void)argument;
	struct message message = {0};
	extras_begin()->deadline = now() + 5 * MS;
	CHECK_IS(sys_channel_call_x(sender, &message), ERR_TIMED_OUT);
}

static void late_answer(void)
{
	test_begin("handles_that_an_answer_moves_to_a_caller_that_is_gone_are_closed");
	struct thread client;
	struct message message;
	handle_t moved, kept;
	channel_make(&receiver, 1, &sender);
	OK(sys_notify_create(&moved));
	OK(sys_notify_create(&kept));
	thread_begin(&client, late_caller, 0);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	thread_join(&client);
	struct message_extras *send = extras_begin();
	extras_add_handle(send, moved, RIGHTS_ALL, 1);
	extras_add_handle(send, kept, RIGHTS_ALL, 0);
	CHECK_IS(sys_reply_send_x(HANDLE_SELF_REPLY, &message), ERR_DEAD);
	CHECK_IS(sys_handle_close(moved), ERR_BAD_HANDLE);
	OK(sys_handle_close(kept));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static uint32_t filling_process(void *argument)
{
	const handle_t *there = argument;
	handle_t copy;
	struct message message;
	while (!sys_handle_duplicate(there[1], RIGHTS_ALL, &copy))
		;
	/* The caller hears of it, not this side; a message without handles comes through. */
	status_t status = sys_channel_recv(there[0], DEADLINE_NEVER, &message);
	if (!status)
		status = sys_reply_send(HANDLE_SELF_REPLY, &message);
	return status ? status : message.label;
}

static void full_table(void)
{
	test_begin("a_message_with_handles_for_a_full_table_is_refused_to_its_sender");
	struct child server;
	static handle_t there[2];
	struct message message = {.label = 1};
	handle_t notify;
	OK(sys_notify_create(&notify));
	channel_make(&receiver, 1, &sender);
	child_make(&server, "full");
	there[0] = child_give(&server, receiver, RIGHTS_ALL);
	there[1] = child_give(&server, notify, RIGHTS_ALL);
	child_start(&server, filling_process, there);
	pause_ms(300);
	struct message_extras *send = extras_begin();
	extras_add_handle(send, notify, RIGHTS_ALL, 1);
	CHECK_IS(sys_channel_call_x(sender, &message), ERR_NO_HANDLES);
	message.label = 77;
	OK(sys_channel_call(sender, &message));
	CHECK_IS(child_wait(&server), 77);
	OK(sys_handle_close(notify));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

void test_extras(void)
{
	handles_arrive();
	refusals();
	answers();
	late_answer();
	full_table();
}
