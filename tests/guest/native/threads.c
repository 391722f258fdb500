/* Threads: creation, start, end, registers, foreign calls. */
#include "abi/exception.h"
#include "tests/guest/native/test.h"

static volatile uint32_t ran;

static void count_up(void *argument)
{
	__atomic_fetch_add(&ran, (uint32_t)(uintptr_t)argument, __ATOMIC_RELAXED);
}

static void creation(void)
{
	test_begin("many_threads_run_and_end");
	static struct thread threads[200];
	ran = 0;
	for (unsigned i = 0; i < 200; i++)
		thread_begin(&threads[i], count_up, (void *)1);
	for (unsigned i = 0; i < 200; i++)
		thread_join(&threads[i]);
	CHECK_IS(ran, 200);

	test_begin("a_thread_has_a_control_block_that_names_it");
	handle_t thread;
	uint64_t block;
	uint32_t number;
	OK(sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number));
	const struct control_block *control = (const struct control_block *)block;
	CHECK_IS(control->self, block);
	CHECK_IS(control->thread_number, number);
	CHECK_IS(control->process_number, start_block->process_number);
	CHECK_IS(control->hold_off | control->foreign_rip | control->send.handle_count, 0);

	test_next("a_thread_is_started_once_and_at_addresses_of_its_own_half");
	OK(sys_handle_close(thread));
	OK(sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number));
	CHECK_IS(sys_thread_start(thread, 0xffff800000000000, 0, 0, 0, 0), ERR_BAD_ADDRESS);
	CHECK_IS(sys_thread_start(thread, PAGE, 0x0000800000000000, 0, 0, 0), ERR_BAD_ADDRESS);
	CHECK_IS(sys_thread_start(thread, PAGE, PAGE, 0, 0x0000800000000000, 0), ERR_BAD_ADDRESS);
	CHECK_IS(sys_thread_start(HANDLE_SELF_THREAD, PAGE, PAGE, 0, 0, 0), ERR_BAD_STATE);
	CHECK_IS(sys_thread_set_priority(thread, 32), ERR_BAD_ARGUMENT);
	OK(sys_handle_close(thread));
}

static volatile uint64_t rsi_at_start __attribute__((used)), rdi_at_start __attribute__((used));

/* Notes rsi and ends. */
__asm__(".pushsection .text\n"
        "note_rsi:\n"
        "	mov	%rsi, rsi_at_start(%rip)\n"
        "	mov	%rdi, rdi_at_start(%rip)\n"
        "	mov	$0x1022, %eax\n"
        "	xor	%edi, %edi\n"
        "	xor	%edx, %edx\n"
        "	syscall\n"
        ".popsection\n");
extern const char note_rsi[];

static void begins(void)
{
	test_begin("a_thread_finds_its_control_block_in_rsi_whatever_it_wrote_there");
	handle_t thread;
	uint64_t block;
	uint32_t number;
	OK(sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number));
	((struct control_block *)block)->self = 0;
	OK(sys_thread_start(thread, (uint64_t)note_rsi, PAGE, 5, 0, 0));
	pause_ms(1);
	CHECK_IS(rsi_at_start, block);
	CHECK_IS(rdi_at_start, 5);
	OK(sys_handle_close(thread));

	test_begin("a_thread_without_an_entry_goes_on_with_the_registers_that_it_got");
	OK(sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number));
	struct thread_registers r = {.rip = (uint64_t)note_rsi, .rsi = 1234, .rdi = 9, .rsp = PAGE};
	OK(sys_thread_write_registers(thread, &r));
	OK(sys_thread_start(thread, 0, 1, 6, 1, 1));
	pause_ms(1);
	CHECK_IS(rsi_at_start, 1234);
	CHECK_IS(rdi_at_start, 6);
	OK(sys_handle_close(thread));
}

/* Was never given registers: faults at address 0. */
static uint32_t start_nothing(void *argument)
{
	handle_t thread;
	uint64_t block;
	uint32_t number;
	(void)argument;
	if (sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number) || sys_thread_start(thread, 0, 0, 0, 0, 0))
		return 1;
	pause_ms(1000);
	return 2;
}

static void begins_nowhere(void)
{
	test_begin("a_thread_without_an_entry_or_registers_faults");
	struct child child;
	child_make(&child, "nowhere");
	child_start(&child, start_nothing, 0);
	CHECK_IS(child_wait(&child), PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT);
}

static uint32_t last_word;

/* Unmaps its own stack and says so by a word. */
static void leave_without_a_trace(void *argument)
{
	uint64_t *range = argument;
	uint64_t word[MESSAGE_WORDS] = {(uint64_t)&last_word, range[0], range[1]};
	native_call(CALL_REGISTER(SYS_thread_exit, 0, 0), word);
}

static void ends(void)
{
	test_begin("a_thread_ends_with_its_stack_unmapped_and_a_word_cleared_and_woken");
	struct thread thread;
	uint64_t range[2] = {0, 16 * PAGE}, at;
	last_word = 1;
	thread.stack = 0;
	pause_ms(1);
	range[0] = 0;
	/* The range is filled in before the thread runs: it has a lower priority. */
	thread_begin_at(&thread, 4, leave_without_a_trace, range);
	range[0] = thread.stack;
	while (last_word)
		(void)!sys_futex_wait(&last_word, 1, now() + 1000 * MS);
	OK(sys_vmem_map(HANDLE_SELF_VMEM, thread.stack, 16 * PAGE, MAP_READ | MAP_FIXED_EMPTY, 0, 0, &at));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, thread.stack, 16 * PAGE));
	OK(sys_handle_close(thread.handle));
}

static void registers(void)
{
	test_begin("the_registers_of_a_new_thread_can_be_read_and_set_and_those_of_a_running_one_not");
	struct thread_registers r;
	handle_t thread;
	uint64_t block;
	uint32_t number;
	OK(sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number));
	OK(sys_thread_read_registers(thread, &r));
	CHECK_IS(r.rip | r.rsp | r.rax, 0);
	r.rip = 0x1234;
	r.rflags = UINT64_MAX;
	OK(sys_thread_write_registers(thread, &r));
	OK(sys_thread_read_registers(thread, &r));
	CHECK_IS(r.rip, 0x1234);
	CHECK_IS(r.rflags & 0x3000 /* I/O privilege level */, 0);
	CHECK(r.rflags & 0x200);
	r.rip = 0xffff800000000000;
	CHECK_IS(sys_thread_write_registers(thread, &r), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_thread_read_registers(thread, (struct thread_registers *)8), ERR_BAD_ADDRESS);
	CHECK_IS(sys_thread_write_registers(thread, (struct thread_registers *)0xffff800000000000), ERR_BAD_ADDRESS);
	CHECK_IS(sys_thread_read_registers(HANDLE_SELF_THREAD, &r), ERR_BAD_STATE);
	OK(sys_handle_close(thread));
}

/*
 * Answers a foreign call with its number + 1000: the return address and the flags are in the control block, rcx and r11 are
 * free, everything else is the program's.
 */
__asm__(".pushsection .text\n"
        "foreign_entry:\n"
        "	mov	%gs:8, %rcx\n"
        "	mov	8(%rcx), %r11\n"
        "	mov	(%rcx), %rcx\n"
        "	push	%rcx\n"
        "	push	%r11\n"
        "	mov	%gs:8, %rcx\n"
        "	movb	$0, 16(%rcx)\n"
        "	add	$1000, %rax\n"
        "	popf\n"
        "	ret\n"
        ".popsection\n");
extern const char foreign_entry[];

static void foreign_calls(void)
{
	test_begin("a_foreign_call_goes_to_the_processs_own_handler");
	OK(sys_process_set_foreign(HANDLE_SELF_PROCESS, (uint64_t)foreign_entry));
	CHECK_IS(sys_process_set_foreign(HANDLE_SELF_PROCESS, 0xffff800000000000), ERR_BAD_ADDRESS);
	for (uint64_t number = 0; number < 600; number++) {
		uint64_t rax = number, rdi = 77, r8 = 88;
		register uint64_t r8_register __asm__("r8") = r8;
		__asm__ volatile("syscall" : "+a"(rax), "+D"(rdi), "+r"(r8_register) : : "rcx", "r11", "memory", "cc");
		CHECK_IS(rax, number + 1000);
		CHECK_IS(rdi, 77);
		CHECK_IS(r8_register, 88);
	}
	CHECK_IS(control_block()->hold_off, 0);
}

static handle_t receiver, sender, turn;
static uint32_t turn_came;

static void take_turn(void *argument)
{
	uint64_t bits;
	(void)argument;
	OK(sys_notify_wait(turn, 1, now() + 5000 * MS, &bits));
	__atomic_store_n(&turn_came, 1, __ATOMIC_RELEASE);
}

/* More urgent than both others: nobody else looks at the one that it wakes. */
static void wake_and_answer(void *argument)
{
	struct message message = {0};
	(void)argument;
	OK(sys_channel_recv(receiver, DEADLINE_NEVER, &message));
	OK(sys_notify_signal(turn, 1));
	CHECK_IS(sys_channel_reply_recv(receiver, &message), ERR_DEAD); /* closed at the end of the test */
}

static void call_and_spin(void *argument)
{
	struct message message = {0};
	uint32_t *came = argument;
	OK(sys_channel_call(sender, &message));
	uint64_t end = now() + 1000 * MS;
	while (now() < end && !*came)
		*came = __atomic_load_n(&turn_came, __ATOMIC_ACQUIRE);
}

static void equals_after_a_call(void)
{
	struct thread server, waiting, calling;
	uint32_t came = 0;
	test_begin("an_equal_that_a_server_woke_has_its_turn_while_the_servers_caller_goes_on");
	turn_came = 0;
	channel_make(&receiver, 1, &sender);
	OK(sys_notify_create(&turn));
	thread_begin_at(&server, 20, wake_and_answer, 0);
	thread_begin(&waiting, take_turn, 0);
	thread_begin(&calling, call_and_spin, &came);
	OK(sys_handle_close(receiver));
	thread_join(&calling);
	thread_join(&waiting);
	thread_join(&server);
	CHECK_IS(came, 1);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(turn));
}

static void rest_until_told(void *argument)
{
	while (__atomic_load_n((uint32_t *)argument, __ATOMIC_ACQUIRE))
		(void)!sys_futex_wait(argument, 1, DEADLINE_NEVER);
}

static unsigned count_walked(uint32_t *out_oldest)
{
	struct thread_walked walked = {0};
	unsigned count = 0;
	uint32_t last = 0;
	while (!sys_thread_walk(HANDLE_SELF_PROCESS, last, &walked)) {
		CHECK(!last || walked.number < last);
		last = walked.number;
		count++;
	}
	*out_oldest = last;
	return count;
}

static void walking(void)
{
	enum { MANY = 200 };
	static struct thread threads[MANY];
	static uint32_t word = 1;
	struct thread_walked walked;
	struct thread_info self;
	uint32_t oldest, woken;
	test_begin("who_walks_the_threads_of_a_process_meets_each_once");
	OK(sys_thread_info(HANDLE_SELF_THREAD, &self));
	CHECK_IS(count_walked(&oldest), 1);
	CHECK_IS(oldest, self.number);
	for (unsigned i = 0; i < MANY; i++)
		thread_begin(&threads[i], rest_until_told, &word);
	CHECK_IS(count_walked(&oldest), MANY + 1);
	CHECK_IS(oldest, self.number);
	struct thread_info newest, middle;
	OK(sys_thread_info(threads[MANY - 1].handle, &newest));
	OK(sys_thread_info(threads[20].handle, &middle));
	OK(sys_thread_walk(HANDLE_SELF_PROCESS, 0, &walked));
	CHECK(walked.number == newest.number && walked.state == THREAD_WAITS && walked.priority == newest.priority);
	OK(sys_thread_walk(HANDLE_SELF_PROCESS, middle.number + 1, &walked)); /* many steps back, and forth again */
	CHECK_IS(walked.number, middle.number);
	OK(sys_thread_walk(HANDLE_SELF_PROCESS, newest.number, &walked));
	CHECK(walked.number < newest.number && walked.number > middle.number);
	OK(sys_thread_walk(HANDLE_SELF_PROCESS, middle.number, &walked));
	CHECK(walked.number < middle.number);
	__atomic_store_n(&word, 0, __ATOMIC_RELEASE);
	OK(sys_futex_wake(&word, UINT32_MAX, &woken));
	for (unsigned i = 0; i < MANY; i++)
		thread_join(&threads[i]);
	CHECK_IS(count_walked(&oldest), 1);
	OK(sys_thread_walk(HANDLE_SELF_PROCESS, newest.number, &walked)); /* its place is known although it is gone */
	CHECK(walked.number == self.number && walked.state == THREAD_READY);
	CHECK_IS(sys_thread_walk(HANDLE_SELF_PROCESS, self.number, &walked), ERR_NOT_FOUND);
	word = 1;
}

void test_threads(void)
{
	walking();
	equals_after_a_call();
	creation();
	begins();
	begins_nowhere();
	ends();
	registers();
	foreign_calls();
}
