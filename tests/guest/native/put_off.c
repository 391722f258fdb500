/* Calls that are put off with the wait for the next message: the name that waits for them, and who runs meanwhile. */
#include "tests/guest/native/test.h"

static handle_t receiver, sender;

/* Answers every second call, and the one that it put off before that: with the sum of both numbers. The call behind 0 is its last. */
static void pairing_server(void *argument)
{
	struct message message;
	handle_t first = 0, place;
	uint64_t number = 0;
	(void)argument;
	OK(sys_reply_reserve(&place));
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	while (message.word[0]) {
		if (first) {
			struct message answer = {.label = 2, .word = {number + message.word[0]}};
			OK(sys_reply_send(first, &answer));
			first = 0;
			OK(sys_channel_reply_recv(receiver, &answer));
			message = answer;
			continue;
		}
		number = message.word[0];
		first = control_block()->reply_place;
		OK(sys_channel_save_recv(receiver, DEADLINE_NEVER, &message));
	}
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
}

#define ROUNDS 1000u

static void paired_caller(void *argument)
{
	uint64_t base = (uintptr_t)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct message message = {.label = 1, .word = {base + i, 7, 8, 9, 10, 11}};
		OK(sys_channel_call(sender, &message));
		CHECK_IS(message.label, 2);
		CHECK(message.word[0] > base);
		for (unsigned w = 1; w < MESSAGE_WORDS; w++)
			CHECK(message.word[w] == 0 || message.word[w] == w + 6);
	}
}

/* The CPU goes from the server, which waits, to whoever is ready, one way or the other. */
static void pairs(void)
{
	struct thread server, callers[2];
	struct message last = {0};
	test_begin("calls_that_are_put_off_are_answered_with_what_came_after_them");
	channel_make(&receiver, 1, &sender);
	thread_begin(&server, pairing_server, 0);
	thread_begin_at(&callers[0], MAIN_PRIORITY, paired_caller, (void *)1000000);
	thread_begin_at(&callers[1], MAIN_PRIORITY, paired_caller, (void *)2000000);
	thread_join(&callers[0]);
	thread_join(&callers[1]);
	OK(sys_channel_call(sender, &last));
	thread_join(&server);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static status_t answered;
static uint64_t answer_word;
static char buffer[64];

static void caller(void *argument)
{
	struct message message = {.label = 1, .word = {1}};
	(void)argument;
	extras_begin()->writable = (struct message_buffer){(uintptr_t)buffer, sizeof buffer};
	answered = sys_channel_call_x(sender, &message);
	answer_word = message.word[0];
}

static void begin(struct thread *thread, const char *name)
{
	struct message message;
	test_begin(name);
	channel_make(&receiver, 1, &sender);
	thread_begin(thread, caller, 0);
	OK(sys_channel_recv(receiver, DEADLINE_NOW, &message));
}

static void end(struct thread *thread, status_t expected)
{
	thread_join(thread);
	CHECK_IS(answered, expected);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void use_name(void *argument)
{
	uint64_t copied;
	*(status_t *)argument = sys_reply_write(control_block()->reply_place, 0, "x", 1, &copied);
}

static void name_is_the_reply(void)
{
	struct thread thread;
	struct message message = {.label = 5, .word = {77}};
	handle_t place, again;
	uint64_t copied;
	begin(&thread, "the_name_of_a_call_to_be_put_off_leads_to_it_at_once");
	OK(sys_reply_reserve(&place));
	OK(sys_reply_reserve(&again));
	CHECK_IS(again, place);
	CHECK_IS(control_block()->reply_place, place);
	OK(sys_reply_write(place, 0, "abc", 3, &copied));
	OK(memcmp(buffer, "abc", 3));
	OK(sys_reply_send(place, &message));
	CHECK_IS(sys_reply_send(place, &message), ERR_BAD_HANDLE);
	CHECK_IS(sys_reply_send(HANDLE_SELF_REPLY, &message), ERR_BAD_HANDLE);
	end(&thread, ERR_OK);
	CHECK_IS(answer_word, 77);
}

static void name_is_the_threads(void)
{
	struct thread thread, stranger;
	struct message message = {.label = 5};
	handle_t place;
	status_t status = ERR_OK;
	uint64_t copied;
	begin(&thread, "until_it_is_put_off_the_name_leads_nowhere_for_others");
	OK(sys_reply_reserve(&place));
	thread_begin(&stranger, use_name, &status);
	thread_join(&stranger);
	CHECK_IS(status, ERR_BAD_HANDLE);
	CHECK_IS(sys_channel_save_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
	CHECK(control_block()->reply_place && control_block()->reply_place != place);
	CHECK_IS(sys_reply_send(HANDLE_SELF_REPLY, &message), ERR_BAD_HANDLE);
	OK(sys_reply_write(place, 0, "x", 1, &copied));
	OK(sys_reply_send(place, &message));
	end(&thread, ERR_OK);
}

static void closing_drops(void)
{
	struct thread thread;
	struct message message;
	handle_t place;
	begin(&thread, "closing_the_name_of_a_call_to_be_put_off_drops_it");
	OK(sys_reply_reserve(&place));
	OK(sys_handle_close(place));
	CHECK_IS(sys_handle_close(place), ERR_BAD_HANDLE);
	CHECK_IS(sys_channel_save_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
	end(&thread, ERR_DROPPED);
}

static void saving_uses_it(void)
{
	struct thread thread;
	struct message message = {0};
	handle_t place, reply;
	begin(&thread, "reply_save_uses_the_reserved_name_up");
	OK(sys_reply_reserve(&place));
	OK(sys_reply_save(&reply));
	CHECK_IS(reply, place);
	CHECK_IS(control_block()->reply_place, 0);
	OK(sys_reply_send(reply, &message));
	end(&thread, ERR_OK);
}

/* A thread that has reserved nothing. */
static void unprepared_server(void *argument)
{
	struct message message;
	(void)argument;
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	CHECK_IS(sys_channel_save_recv(receiver, DEADLINE_NOW, &message), ERR_BAD_STATE);
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	CHECK_IS(sys_channel_save_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
	CHECK(control_block()->reply_place);
}

static void no_name(void)
{
	struct thread server, thread;
	struct message message;
	test_begin("a_call_is_not_put_off_without_a_name");
	channel_make(&receiver, 1, &sender);
	thread_begin(&server, unprepared_server, 0);
	thread_begin(&thread, caller, 0);
	thread_join(&server);
	CHECK_IS(sys_channel_save_recv(sender, DEADLINE_NOW, &message), ERR_WRONG_TYPE);
	CHECK_IS(sys_channel_save_recv(0, DEADLINE_NOW, &message), ERR_BAD_HANDLE);
	end(&thread, ERR_OK);
}

static void reserve_and_end(void *argument)
{
	handle_t place;
	status_t status = sys_reply_reserve(&place);
	if (status)
		*(status_t *)argument = status;
}

/* More threads than a table has room for names. */
static void names_are_given_back(void)
{
	struct thread thread;
	status_t status = ERR_OK;
	test_begin("a_thread_that_ends_gives_its_reserved_name_back");
	uint64_t before = pages_free();
	for (unsigned i = 0; i < 600; i++) {
		thread_begin(&thread, reserve_and_end, &status);
		thread_join(&thread);
	}
	OK(status);
	check_pages_many(before, 600);
}

void test_put_off(void)
{
	pairs();
	name_is_the_reply();
	name_is_the_threads();
	closing_drops();
	saving_uses_it();
	no_name();
	names_are_given_back();
}
