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

void test_buffers(void)
{
	across_processes();
	bad_buffers();
}
