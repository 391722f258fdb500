/* Processes: their beginning, their end in every state, and what is told of it. */
#include "tests/guest/native/test.h"

static uint32_t return_argument(void *argument)
{
	return (uint32_t)(uintptr_t)argument;
}

static void statuses(void)
{
	test_begin("a_process_ends_with_the_status_that_it_says");
	struct child child;
	for (unsigned i = 0; i < 20; i++) {
		child_make(&child, "status");
		child_start(&child, return_argument, (void *)(uintptr_t)(i * 13));
		CHECK_IS(child_wait(&child), i * 13);
	}

	test_begin("a_process_that_was_never_started_leaves_nothing");
	handle_t process, vmem, thread;
	uint64_t block;
	uint32_t number;
	OK(sys_process_create(grant("group"), "never", &process, &vmem, &number));
	OK(sys_thread_create(process, &thread, &block, &number));
	OK(sys_handle_close(process));
	OK(sys_handle_close(vmem));
	OK(sys_handle_close(thread));

	test_begin("a_process_that_was_never_started_can_be_killed");
	struct process_info info;
	child_make(&child, "new");
	OK(sys_process_info(child.process, &info));
	CHECK_IS(info.state, PROCESS_NEW);
	CHECK_IS(info.number, child.number);
	OK(sys_thread_create(child.process, &thread, &block, &number));
	child.thread = thread;
	OK(sys_process_kill(child.process, 9));
	pause_ms(2);
	CHECK_IS(sys_thread_start(thread, PAGE, PAGE, 0, 0, 0), ERR_DEAD);
	handle_t there;
	CHECK_IS(sys_process_give(child.process, grant("log"), RIGHT_WRITE, &there), ERR_DEAD);
	CHECK_IS(sys_thread_create(child.process, &there, &block, &number), ERR_DEAD);
	CHECK_IS(child_wait(&child), 9);
}

enum { SPIN, RECV, CALL, NOTIFY, FUTEX, SLEEP, MANY_THREADS, STATES };

static handle_t there[3];
static uint32_t state_word;

static void wait_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		(void)!sys_futex_wait(&state_word, 0, DEADLINE_NEVER);
}

static uint32_t be_in_state(void *argument)
{
	struct message message = {0};
	uint64_t bits;
	static struct thread threads[40];
	switch ((uintptr_t)argument) {
	case SPIN:
		for (;;)
			__builtin_ia32_pause();
	case RECV: return sys_channel_recv(there[0], DEADLINE_NEVER, &message);
	case CALL: return sys_channel_call(there[1], &message);
	case NOTIFY: return sys_notify_wait(there[2], 1, DEADLINE_NEVER, &bits);
	case FUTEX: return sys_futex_wait(&state_word, 0, DEADLINE_NEVER);
	case SLEEP: return sys_futex_wait(&state_word, 0, now() + 1000000 * MS);
	case MANY_THREADS:
		for (unsigned i = 0; i < 40; i++)
			thread_begin(&threads[i], wait_for_ever, 0);
		for (;;)
			__builtin_ia32_pause();
	}
	return 99;
}

static void killed_in_any_state(void)
{
	static const char *const names[STATES] = {"a_process_is_killed_while_it_runs", "a_process_is_killed_while_it_receives",
	        "a_process_is_killed_while_it_calls", "a_process_is_killed_while_it_waits_for_a_notify",
	        "a_process_is_killed_while_it_waits_at_a_futex", "a_process_is_killed_while_it_sleeps",
	        "a_process_is_killed_with_all_its_threads"};
	for (unsigned state = 0; state < STATES; state++) {
		struct child child;
		handle_t receiver, sender, notify;
		test_begin(names[state]);
		channel_make(&receiver, 1, &sender);
		OK(sys_notify_create(&notify));
		child_make(&child, "victim");
		there[0] = child_give(&child, receiver, RIGHTS_ALL);
		there[1] = child_give(&child, sender, RIGHTS_ALL);
		there[2] = child_give(&child, notify, RIGHTS_ALL);
		child_start(&child, be_in_state, (void *)(uintptr_t)state);
		struct process_info info = {0};
		unsigned handles = state == MANY_THREADS ? 43 : 3;
		for (unsigned i = 0; i < 400 && (i == 0 || info.handles != handles); i++) { /* a busy host takes its time */
			pause_ms(5);
			OK(sys_process_info(child.process, &info));
		}
		CHECK_IS(info.state, PROCESS_RUNNING);
		CHECK_IS(info.handles, handles);
		child_kill(&child);
		OK(sys_handle_close(receiver));
		OK(sys_handle_close(sender));
		OK(sys_handle_close(notify));
	}
}

static void watching(void)
{
	test_begin("everybody_who_watches_is_told_of_the_end_once");
	struct child child;
	handle_t notifies[4];
	uint64_t bits;
	child_make(&child, "watched");
	for (unsigned i = 0; i < 4; i++) {
		OK(sys_notify_create(&notifies[i]));
		OK(sys_process_watch(child.process, notifies[i], 1ull << i));
	}
	OK(sys_process_watch(child.process, notifies[0], 32));
	OK(sys_handle_close(notifies[3]));
	child_start(&child, return_argument, 0);
	for (unsigned i = 0; i < 3; i++) {
		OK(sys_notify_wait(notifies[i], UINT64_MAX, now() + 1000 * MS, &bits));
		CHECK_IS(bits, i ? 1ull << i : 33);
		CHECK_IS(sys_notify_wait(notifies[i], UINT64_MAX, DEADLINE_NOW, &bits), ERR_TIMED_OUT);
	}
	OK(sys_process_watch(child.process, notifies[1], 128));
	OK(sys_notify_wait(notifies[1], UINT64_MAX, DEADLINE_NOW, &bits));
	CHECK_IS(bits, 128);
	CHECK_IS(child_wait(&child), 0);
	for (unsigned i = 0; i < 3; i++)
		OK(sys_handle_close(notifies[i]));

	test_begin("what_a_process_held_is_free_when_its_end_is_told");
	handle_t irq;
	child_make(&child, "driver");
	OK(sys_irq_create(grant("machine"), IRQ_ISA | 7, 0, &irq));
	child_give(&child, irq, RIGHTS_ALL);
	OK(sys_handle_close(irq));
	handle_t other;
	CHECK_IS(sys_irq_create(grant("machine"), IRQ_ISA | 7, 0, &other), ERR_EXISTS);
	child_start(&child, return_argument, 0);
	CHECK_IS(child_wait(&child), 0);
	OK(sys_irq_create(grant("machine"), IRQ_ISA | 7, 0, &other));
	OK(sys_handle_close(other));
}

static void sleep_a_little(void *argument)
{
	(void)argument;
	pause_ms(5);
}

static uint32_t outlive_main_thread(void *argument)
{
	static struct thread thread;
	uint64_t word[MESSAGE_WORDS] = {0};
	thread_begin(&thread, sleep_a_little, 0);
	(void)argument;
	native_call(CALL_REGISTER(SYS_thread_exit, 0, 0), word);
	return 1;
}

static uint32_t kill_itself(void *argument)
{
	(void)argument;
	(void)!sys_process_kill(HANDLE_SELF_PROCESS, 55);
	return 1;
}

static void other_ends(void)
{
	test_begin("a_process_ends_with_its_last_thread");
	struct child child;
	child_make(&child, "threads");
	child_start(&child, outlive_main_thread, 0);
	uint64_t start = now();
	CHECK_IS(child_wait(&child), 0);
	CHECK(now() >= start + 4 * MS);

	test_begin("a_process_can_kill_itself");
	child_make(&child, "suicide");
	child_start(&child, kill_itself, 0);
	CHECK_IS(child_wait(&child), 55);

	test_begin("hundreds_of_processes_come_and_go_and_leave_no_page_behind");
	struct machine_stats before, after;
	for (unsigned round = 0; round < 2; round++) {
		pause_ms(10);
		OK(sys_machine_stats(grant("machine"), &before));
		for (unsigned i = 0; i < 100; i++) {
			child_make(&child, "short");
			child_start(&child, return_argument, (void *)3);
			CHECK_IS(child_wait(&child), 3);
		}
		pause_ms(10);
		OK(sys_machine_stats(grant("machine"), &after));
	}
	CHECK(after.pages_free + 8 >= before.pages_free);
}

void test_processes(void)
{
	statuses();
	killed_in_any_state();
	watching();
	other_ends();
}
