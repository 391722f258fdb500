/* Buffers: what a receiver reads and writes in its caller's memory. */
#include "tests/guest/native/test.h"

#define SIZE (1024 * 1024 + 777)

static handle_t receiver, sender;
static uint8_t pattern[SIZE] __attribute__((aligned(4096))), copy[SIZE] __attribute__((aligned(4096)));

struct want {
	struct message_buffer readable, writable;
	status_t expected;
};

/* In a process of its own: copies what it was given on the readable side to the writable one, inverted. */
static uint32_t copying_process(void *argument)
{
	handle_t there = *(handle_t *)argument;
	struct message message;
	uint64_t copied;
	if (sys_channel_recv(there, DEADLINE_NEVER, &message) || !(message.info & RECEIVED_EXTRAS))
		return 1;
	uint64_t length = control_block()->received.readable.length;
	if (length != SIZE || control_block()->received.writable.length != SIZE)
		return 2;
	if (sys_reply_read(HANDLE_SELF_REPLY, 0, copy, SIZE + 1000, &copied) || copied != SIZE)
		return 3;
	for (unsigned i = 0; i < SIZE; i++)
		copy[i] = (uint8_t)~copy[i];
	/* In parts that begin and end anywhere. */
	for (uint64_t at = 0; at < SIZE; at += copied) {
		uint64_t part = SIZE - at < 70001 ? SIZE - at : 70001;
		if (sys_reply_write(HANDLE_SELF_REPLY, at, copy + at, part, &copied) || copied != part)
			return 4;
	}
	if (sys_reply_read(HANDLE_SELF_REPLY, SIZE, copy, 1, &copied) || copied != 0)
		return 5;
	if (sys_reply_write(HANDLE_SELF_REPLY, UINT64_MAX, copy, 1, &copied) || copied != 0)
		return 6;
	if (sys_reply_read(HANDLE_SELF_REPLY, 0, (void *)8, 1, &copied) != ERR_BAD_ADDRESS)
		return 7;
	if (sys_reply_write(HANDLE_SELF_REPLY, 0, (void *)0xffff800000000000, 1, &copied) != ERR_BAD_ADDRESS)
		return 8;
	return sys_reply_send(HANDLE_SELF_REPLY, &message);
}

static void across_processes(void)
{
	test_begin("a_server_reads_and_writes_its_callers_buffers");
	struct child server;
	static handle_t there;
	struct message message = {0};
	for (unsigned i = 0; i < SIZE; i++)
		pattern[i] = (uint8_t)(i * 7 + i / 4096);
	channel_make(&receiver, 1, &sender);
	child_make(&server, "copier");
	there = child_give(&server, receiver, RIGHTS_ALL);
	child_start(&server, copying_process, &there);
	memset(copy, 0, sizeof copy);
	struct message_extras *send = extras_begin();
	send->readable = (struct message_buffer){(uint64_t)pattern, SIZE};
	send->writable = (struct message_buffer){(uint64_t)copy, SIZE};
	OK(sys_channel_call_x(sender, &message));
	bool equal = true;
	for (unsigned i = 0; i < SIZE; i++)
		equal &= (copy[i] ^ pattern[i]) == 0xff;
	CHECK(equal);
	CHECK_IS(child_wait(&server), 0);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void caller(void *argument)
{
	const struct want *want = argument;
	struct message message = {0};
	struct message_extras *send = extras_begin();
	send->readable = want->readable;
	send->writable = want->writable;
	CHECK_IS(sys_channel_call_x(sender, &message), want->expected);
}

static void bad_buffers(void)
{
	test_begin("a_buffer_beyond_user_memory_is_refused_at_the_call");
	const struct want refused[] = {
	        {.readable = {0xffff800000000000, 1}, .expected = ERR_BAD_ADDRESS},
	        {.readable = {USER_TOP - 1, 2}, .expected = ERR_BAD_ADDRESS},
	        {.writable = {PAGE, UINT64_MAX}, .expected = ERR_BAD_ADDRESS},
	        {.writable = {UINT64_MAX, 1}, .expected = ERR_BAD_ADDRESS},
	};
	struct thread client;
	channel_make(&receiver, 1, &sender);
	for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
		thread_begin(&client, caller, (void *)&refused[i]);
		thread_join(&client);
	}

	test_next("a_copy_ends_where_a_buffer_is_not_mapped_or_not_writable");
	uint64_t start, copied;
	struct message message;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 4 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &start));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, start + 2 * PAGE, PAGE));
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, start + PAGE, PAGE, MAP_READ));
	struct want want = {{start, 4 * PAGE}, {start, 4 * PAGE}, ERR_OK};
	thread_begin(&client, caller, &want);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	OK(sys_reply_read(HANDLE_SELF_REPLY, 0, copy, 4 * PAGE, &copied));
	CHECK_IS(copied, 2 * PAGE);
	CHECK_IS(sys_reply_read(HANDLE_SELF_REPLY, 2 * PAGE, copy, PAGE, &copied), ERR_BAD_ADDRESS);
	OK(sys_reply_read(HANDLE_SELF_REPLY, 3 * PAGE, copy, PAGE, &copied));
	CHECK_IS(copied, PAGE);
	OK(sys_reply_write(HANDLE_SELF_REPLY, 0, copy, 4 * PAGE, &copied));
	CHECK_IS(copied, PAGE);
	CHECK_IS(sys_reply_write(HANDLE_SELF_REPLY, PAGE, copy, 1, &copied), ERR_BAD_ADDRESS);
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&client);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, start, 4 * PAGE));

	test_next("a_call_without_buffers_has_none_to_read_or_write");
	struct want nothing = {.expected = ERR_OK};
	thread_begin(&client, caller, &nothing);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	OK(sys_reply_read(HANDLE_SELF_REPLY, 0, copy, 8, &copied));
	CHECK_IS(copied, 0);
	OK(sys_reply_write(HANDLE_SELF_REPLY, 0, copy, 8, &copied));
	CHECK_IS(copied, 0);
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&client);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

struct waiting_caller {
	struct thread thread;
	struct want want;
};

/* Makes a call with these buffers and answers the reply to it. */
static handle_t caller_begin(struct waiting_caller *client, struct message_buffer readable, struct message_buffer writable)
{
	struct message message;
	handle_t reply = HANDLE_NONE;
	client->want = (struct want){readable, writable, ERR_OK};
	thread_begin(&client->thread, caller, &client->want);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	OK(sys_reply_save(&reply));
	return reply;
}

static void caller_end(struct waiting_caller *client, handle_t reply)
{
	struct message message = {0};
	OK(sys_reply_send(reply, &message));
	thread_join(&client->thread);
}

/* A call from a process of its own, with its own `copy`: the pattern must come into it, from where the first page ends. */
static uint32_t reading_process(void *argument)
{
	struct message message = {0};
	memset(copy, 0, sizeof copy);
	extras_begin()->writable = (struct message_buffer){(uint64_t)copy, SIZE};
	if (sys_channel_call_x(*(handle_t *)argument, &message))
		return 1;
	for (unsigned i = 0; i < SIZE; i++) {
		uint8_t expected = i < 5 ? 0 : (uint8_t)((i - 5) * 7 + (i - 5) / 4096);
		if (copy[i] != expected)
			return 2;
	}
	return 0;
}

static void copy_across_processes(void)
{
	test_begin("a_server_copies_from_one_callers_buffer_to_anothers");
	struct waiting_caller writer;
	struct child reader;
	struct message message;
	static handle_t there;
	uint64_t copied;
	for (unsigned i = 0; i < SIZE; i++)
		pattern[i] = (uint8_t)(i * 7 + i / 4096);
	channel_make(&receiver, 1, &sender);
	handle_t from = caller_begin(&writer, (struct message_buffer){(uint64_t)pattern, SIZE}, (struct message_buffer){0});
	child_make(&reader, "reader");
	there = child_give(&reader, sender, RIGHTS_ALL);
	child_start(&reader, reading_process, &there);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	OK(sys_reply_copy(from, HANDLE_SELF_REPLY, 0, 5, UINT64_MAX, &copied));
	CHECK_IS(copied, SIZE - 5);
	OK(sys_reply_copy(from, HANDLE_SELF_REPLY, SIZE, 0, 1, &copied));
	CHECK_IS(copied, 0);
	OK(sys_reply_copy(from, HANDLE_SELF_REPLY, 0, UINT64_MAX, 1, &copied));
	CHECK_IS(copied, 0);
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	CHECK_IS(child_wait(&reader), 0);
	caller_end(&writer, from);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void copy_between_odd_buffers(void)
{
	test_begin("a_copy_between_callers_fills_fresh_pages_and_ends_where_one_may_not_write");
	struct waiting_caller one, other;
	uint64_t start, copied;
	channel_make(&receiver, 1, &sender);
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 8 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &start));
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, start + 6 * PAGE, PAGE, MAP_READ));
	handle_t from = caller_begin(&one, (struct message_buffer){start, 4 * PAGE}, (struct message_buffer){start, PAGE});
	handle_t to = caller_begin(&other, (struct message_buffer){0}, (struct message_buffer){start + 4 * PAGE, 4 * PAGE});
	*(volatile uint64_t *)(start + 3 * PAGE - 8) = 0x1122334455667788;
	OK(sys_reply_copy(from, to, PAGE, 0, 4 * PAGE, &copied));
	CHECK_IS(copied, 2 * PAGE);
	CHECK_IS(*(volatile uint64_t *)(start + 6 * PAGE - 8), 0x1122334455667788);
	CHECK_IS(*(volatile uint64_t *)(start + 4 * PAGE), 0);
	CHECK_IS(sys_reply_copy(from, to, 0, 2 * PAGE, 1, &copied), ERR_BAD_ADDRESS);

	test_next("a_copy_between_callers_may_be_within_one_call");
	OK(sys_reply_copy(from, from, 3 * PAGE - 8, 16, 8, &copied));
	CHECK_IS(copied, 8);
	CHECK_IS(*(volatile uint64_t *)(start + 16), 0x1122334455667788);

	test_next("a_copy_between_callers_needs_two_replies_and_finds_the_buffers_that_are_there");
	CHECK_IS(sys_reply_copy(from, receiver, 0, 0, 8, &copied), ERR_WRONG_TYPE);
	CHECK_IS(sys_reply_copy(from, HANDLE_SELF_REPLY, 0, 0, 8, &copied), ERR_BAD_HANDLE);
	CHECK_IS(sys_reply_copy(sender, to, 0, 0, 8, &copied), ERR_WRONG_TYPE);
	OK(sys_reply_copy(to, from, 0, 0, 8, &copied));
	CHECK_IS(copied, 0);
	caller_end(&one, from);
	caller_end(&other, to);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, start, 8 * PAGE));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void late_caller(void *argument)
{
	struct message message = {0};
	extras_begin()->deadline = *(uint64_t *)argument;
	CHECK_IS(sys_channel_call_x(sender, &message), ERR_TIMED_OUT);
}

static void copy_of_gone_callers(void)
{
	test_begin("a_copy_from_or_to_a_caller_that_is_gone_is_refused");
	struct waiting_caller other;
	struct thread late;
	struct message message = {0};
	uint64_t copied, deadline = now() + 100 * MS; /* not before the call is made, however slow the host */
	handle_t gone;
	channel_make(&receiver, 1, &sender);
	thread_begin(&late, late_caller, &deadline);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	OK(sys_reply_save(&gone));
	thread_join(&late);
	handle_t to =
	        caller_begin(&other, (struct message_buffer){(uint64_t)copy, 8}, (struct message_buffer){(uint64_t)copy, 8});
	CHECK_IS(sys_reply_copy(gone, to, 0, 0, 8, &copied), ERR_DEAD);
	CHECK_IS(sys_reply_copy(to, gone, 0, 0, 8, &copied), ERR_DEAD);
	CHECK_IS(sys_reply_send(gone, &message), ERR_DEAD);
	caller_end(&other, to);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

void test_buffers(void)
{
	copy_across_processes();
	copy_between_odd_buffers();
	copy_of_gone_callers();

	across_processes();
	bad_buffers();
}
