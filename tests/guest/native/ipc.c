/* Calls, answers and receiving: what arrives, in which order, and who runs. */
#include "tests/guest/native/test.h"

static handle_t receiver, sender;
static volatile unsigned order[16], order_count;

/* Answers `count` calls with label + 1 and each word inverted. */
static void inverting_server(void *count)
{
	struct message message = {0};
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	for (uintptr_t i = 1;; i++) {
		message.label++;
		for (unsigned w = 0; w < MESSAGE_WORDS; w++)
			message.word[w] = ~message.word[w];
		if (i == (uintptr_t)count)
			break;
		OK(sys_channel_reply_recv(receiver, &message));
	}
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
}

static void words_pass(void)
{
	test_begin("label_and_words_pass_both_ways");
	struct thread server;
	channel_make(&receiver, 7, &sender);
	thread_begin(&server, inverting_server, (void *)1000);
	for (unsigned i = 0; i < 1000; i++) {
		struct message message = {.label = i * 65};
		for (unsigned w = 0; w < MESSAGE_WORDS; w++)
			message.word[w] = i * 0x123456789ull + w;
		OK(sys_channel_call(sender, &message));
		CHECK_IS(message.label, (i * 65 + 1) & 0xffff);
		CHECK_IS(message.info, 0);
		for (unsigned w = 0; w < MESSAGE_WORDS; w++)
			CHECK_IS(message.word[w], ~(i * 0x123456789ull + w));
	}
	thread_join(&server);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void registers_are_kept(void)
{
	test_begin("rbx_rbp_and_r12_to_r15_are_kept_over_a_call_that_blocks");
	struct thread server;
	channel_make(&receiver, 7, &sender);
	thread_begin(&server, inverting_server, (void *)1);
	uint64_t in[6] = {11, 12, 13, 14, 15, 16}, out[6] = {0};
	uint64_t rax = CALL_REGISTER(SYS_channel_call, 1, sender);
	struct {
		uint64_t *in, *out;
	} both = {in, out};
	__asm__ volatile("push %%rbx; push %%rbp; push %%r12; push %%r13; push %%r14; push %%r15; push %[both]\n"
	                 "mov (%[both]), %%rcx\n"
	                 "mov (%%rcx), %%rbx; mov 8(%%rcx), %%rbp; mov 16(%%rcx), %%r12; mov 24(%%rcx), %%r13\n"
	                 "mov 32(%%rcx), %%r14; mov 40(%%rcx), %%r15; syscall\n"
	                 "pop %%rcx; mov 8(%%rcx), %%rcx\n"
	                 "mov %%rbx, (%%rcx); mov %%rbp, 8(%%rcx); mov %%r12, 16(%%rcx); mov %%r13, 24(%%rcx)\n"
	                 "mov %%r14, 32(%%rcx); mov %%r15, 40(%%rcx)\n"
	                 "pop %%r15; pop %%r14; pop %%r13; pop %%r12; pop %%rbp; pop %%rbx"
	                 : "+a"(rax)
	                 : [both] "D"(&both)
	                 : "rcx", "r11", "rsi", "rdx", "r10", "r8", "r9", "memory", "cc");
	OK(CALL_ERROR(rax));
	for (unsigned i = 0; i < 6; i++)
		CHECK_IS(out[i], 11 + i);
	thread_join(&server);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

/* A caller that says its number. */
static void numbered_caller(void *number)
{
	struct message message = {.label = 1, .word = {(uintptr_t)number}};
	OK(sys_channel_call(sender, &message));
	CHECK_IS(message.word[0], (uintptr_t)number + 100);
}

static void receive_all(unsigned count)
{
	struct message message = {0};
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	for (unsigned i = 0; i < count; i++) {
		order[order_count++] = (unsigned)message.word[0];
		message.word[0] += 100;
		if (i + 1 < count)
			OK(sys_channel_reply_recv(receiver, &message));
		else
			OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	}
}

static void order_of_calls(void)
{
	static const unsigned priorities[] = {10, 12, 10, 12, 11, 12}, expected[] = {1, 3, 5, 4, 0, 2};
	struct thread callers[6];
	test_begin("queued_calls_are_received_by_priority_and_then_in_their_order");
	channel_make(&receiver, 1, &sender);
	order_count = 0;
	/* They run one after the other while this thread sleeps, and all find nobody that receives. */
	for (unsigned i = 0; i < 6; i++) {
		thread_begin_at(&callers[i], priorities[i], numbered_caller, (void *)(uintptr_t)i);
		pause_ms(2);
	}
	receive_all(6);
	for (unsigned i = 0; i < 6; i++) {
		CHECK_IS(order[i], expected[i]);
		thread_join(&callers[i]);
	}
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void states_are_checked(void)
{
	struct message message = {0};
	test_begin("answering_and_receiving_are_refused_in_the_wrong_state");
	struct thread caller;
	channel_make(&receiver, 3, &sender);
	CHECK_IS(sys_channel_reply_recv(receiver, &message), ERR_BAD_STATE);
	CHECK_IS(sys_reply_send(HANDLE_SELF_REPLY, &message), ERR_BAD_HANDLE);
	handle_t reply;
	CHECK_IS(sys_reply_save(&reply), ERR_BAD_STATE);
	CHECK_IS(sys_channel_forward(sender, &message), ERR_BAD_STATE);
	thread_begin(&caller, numbered_caller, (void *)5);
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CALL);
	CHECK_IS(control_block()->received.stamp, 3);
	CHECK_IS(control_block()->received.caller, start_block->process_number);
	CHECK_IS(control_block()->received.deadline, DEADLINE_NEVER);
	struct message none = {0};
	CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &none), ERR_BAD_STATE);
	message.word[0] = 105;
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	CHECK_IS(sys_reply_send(HANDLE_SELF_REPLY, &message), ERR_BAD_HANDLE);
	thread_join(&caller);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void saved_replies(void)
{
	struct thread callers[3];
	handle_t reply[3];
	test_begin("saved_replies_are_answered_in_any_order");
	channel_make(&receiver, 1, &sender);
	for (unsigned i = 0; i < 3; i++) {
		struct message message = {0};
		thread_begin(&callers[i], numbered_caller, (void *)(uintptr_t)i);
		OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
		CHECK_IS(message.word[0], i);
		OK(sys_reply_save(&reply[i]));
	}
	for (unsigned i = 3; i-- > 0;) {
		struct message answer = {.word = {100 + i}};
		handle_t copy;
		CHECK_IS(sys_handle_duplicate(reply[i], RIGHTS_ALL, &copy), ERR_NO_RIGHT);
		OK(sys_reply_send(reply[i], &answer));
		CHECK_IS(sys_reply_send(reply[i], &answer), ERR_BAD_HANDLE);
		thread_join(&callers[i]);
	}
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static volatile bool spinning, stop_spinning;

static void spinner(void *count)
{
	uint64_t rounds = 0;
	spinning = true;
	while (!stop_spinning)
		rounds++;
	if (count)
		*(uint64_t *)count = rounds;
}

static volatile uint64_t answered_at;

static void urgent_caller(void *argument)
{
	(void)argument;
	struct message message = {0};
	pause_ms(5); /* until the spinner has the CPU */
	OK(sys_channel_call(sender, &message));
	answered_at = now();
	stop_spinning = true;
}

static void priority_is_lent(void)
{
	test_begin("a_server_runs_at_the_priority_of_the_request_that_it_serves");
	struct thread server, middle, caller;
	channel_make(&receiver, 1, &sender);
	stop_spinning = false;
	thread_begin_at(&server, 8, inverting_server, (void *)1);
	thread_begin_at(&caller, 20, urgent_caller, 0);
	thread_begin_at(&middle, 12, spinner, 0);
	thread_join(&caller);
	thread_join(&middle);
	thread_join(&server);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void slices(void)
{
	test_begin("threads_of_one_priority_share_the_time");
	uint64_t counts[2] = {0, 0};
	struct thread one, two;
	stop_spinning = false;
	thread_begin_at(&one, 4, spinner, &counts[0]);
	thread_begin_at(&two, 4, spinner, &counts[1]);
	pause_ms(200);
	stop_spinning = true;
	thread_join(&one);
	thread_join(&two);
	CHECK(counts[0] > counts[1] / 8 && counts[1] > counts[0] / 8);

	test_begin("a_thread_of_higher_priority_interrupts_a_lower_one");
	stop_spinning = spinning = false;
	thread_begin_at(&one, 4, spinner, 0);
	pause_ms(20);
	CHECK(spinning);
	stop_spinning = true;
	thread_join(&one);
}

static void vector_state(void)
{
	test_begin("vector_registers_are_kept_over_an_interruption_and_lost_over_a_call");
	static struct thread other;
	stop_spinning = false;
	thread_begin_at(&other, MAIN_PRIORITY, spinner, 0);
	uint64_t low = 0x1122334455667788ull, back = 0, end = now() + 60 * MS;
	/* Another thread of the same priority has its slices meanwhile. */
	__asm__ volatile("movq %0, %%xmm7" : : "r"(low) : "xmm7");
	while (now() < end)
		;
	__asm__ volatile("movq %%xmm7, %0" : "=r"(back) : : "xmm7");
	CHECK_IS(back, low);
	stop_spinning = true;
	__asm__ volatile("movq %0, %%xmm7" : : "r"(low) : "xmm7");
	thread_join(&other);
	__asm__ volatile("movq %%xmm7, %0" : "=r"(back) : : "xmm7");
	CHECK_IS(back, 0);
	uint32_t mxcsr;
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	CHECK_IS(mxcsr, 0x1f80);
}

void test_ipc(void)
{
	words_pass();
	registers_are_kept();
	order_of_calls();
	states_are_checked();
	saved_replies();
	priority_is_lent();
	slices();
	vector_state();
}
