/* Replacing what a process runs: by itself, with all its threads, and by another process; what stays, and what goes. */
#include "tests/guest/native/test.h"

/* Handles of the child's, where its variables were copied before they were given: set through a shared frame instead. */
#define PLACES 16
struct shared {
	handle_t handle[PLACES];
	uint64_t word[PLACES];
	struct process_replacement second; /* where there are two */
};
static struct shared *shared;
static handle_t shared_frame;

/* The frame of shared words, mapped at one address in this process and in the children. */
#define SHARED_AT 0x200000000ull

static void share_begin(void)
{
	uint64_t at;
	OK(sys_frame_create(PAGE, 0, &shared_frame));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, SHARED_AT, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, shared_frame, 0, &at));
	shared = (struct shared *)SHARED_AT;
}

static void share_with(handle_t vmem)
{
	uint64_t at;
	OK(sys_vmem_map(vmem, SHARED_AT, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, shared_frame, 0, &at));
}

static void share_end(void)
{
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, SHARED_AT, PAGE));
	OK(sys_handle_close(shared_frame));
}

static void pause_ns(uint64_t ns)
{
	static const uint32_t never;
	(void)!sys_futex_wait(&never, 0, now() + ns);
}

/* What the child runs first has `next` ready in handle[0]; handles to keep are handle[1] up to count. */
static struct process_replacement next;

static uint32_t replace_at_once(void *argument)
{
	struct process_replacement how = next;
	how.vmem = shared->handle[0];
	how.keep = (uint64_t)&shared->handle[1];
	how.keep_count = (uint32_t)(uintptr_t)argument;
	return 1000 + sys_process_replace(HANDLE_SELF_PROCESS, &how);
}

static handle_t give_image(struct child *child, uint32_t (*function)(void *argument), void *argument)
{
	image_make(&next, function, argument);
	share_with(next.vmem);
	handle_t there = child_give(child, next.vmem, RIGHTS_ALL);
	OK(sys_handle_close(next.vmem));
	return there;
}

static unsigned handle_count(void)
{
	uint64_t cursor = 0;
	unsigned count = 0;
	handle_t handle;
	uint32_t type, rights;
	while (!sys_handle_walk(&cursor, &handle, &type, &rights))
		count++;
	return count;
}

/* The image that comes second: what it finds. */
static uint32_t second_image(void *argument)
{
	uint64_t fs, number, signals = 0;
	uint32_t type, rights, x87, mxcsr = 0;
	uint16_t control;
	__asm__ volatile("rdfsbase %0" : "=r"(fs));
	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(mxcsr));
	x87 = control;
	if (fs || x87 != 0x37f || mxcsr != 0x1f80)
		return 1;
	if (control_block()->self != (uint64_t)control_block() || control_block()->process_number != shared->word[0])
		return 2;
	if (sys_handle_info(shared->handle[1], &type, &rights, &number) || type != OBJECT_NOTIFY || rights != RIGHT_SIGNAL)
		return 3;
	if (sys_handle_info(shared->handle[2], &type, &rights, &number) != ERR_BAD_HANDLE)
		return 4;
	if (handle_count() != 1)
		return 5;
	if (sys_notify_signal(shared->handle[1], 4) || sys_notify_wait(shared->handle[1], 4, 0, &signals) != ERR_NO_RIGHT)
		return 6;
	return 100 + (uint32_t)(uintptr_t)argument;
}

static uint32_t replace_with_marks(void *argument)
{
	uint32_t mxcsr = 0x1f80 | 0x6000;
	__asm__ volatile("ldmxcsr %0; wrfsbase %1" : : "m"(mxcsr), "r"(0x1000ull));
	(void)!sys_process_set_foreign(HANDLE_SELF_PROCESS, 0x1000);
	return replace_at_once(argument);
}

static void on_oneself(void)
{
	struct child child;
	handle_t notify, replaced;
	uint64_t bits;
	struct process_stats stats;
	test_begin("a_process_goes_on_in_another_address_space_with_its_number_and_what_it_kept");
	share_begin();
	OK(sys_notify_create(&notify));
	OK(sys_notify_create(&replaced));
	child_make(&child, "first");
	share_with(child.vmem);
	shared->word[0] = child.number;
	shared->handle[0] = give_image(&child, second_image, (void *)7);
	shared->handle[1] = child_give(&child, notify, RIGHT_SIGNAL);
	shared->handle[2] = child_give(&child, grant("log"), RIGHT_WRITE);
	memcpy(next.name, "second", 7);
	OK(sys_process_watch_replaced(child.process, replaced, 1));
	child_start(&child, replace_with_marks, (void *)1);
	OK(sys_notify_wait(replaced, 1, now() + 1000 * MS, &bits));
	OK(sys_process_watch_replaced(child.process, replaced, 2));
	OK(sys_notify_wait(replaced, 2, DEADLINE_NOW, &bits));
	OK(sys_process_stats(child.process, &stats));
	CHECK(!memcmp(stats.name, "second", 7));
	CHECK_IS(stats.number, child.number);
	CHECK(stats.threads <= 1);
	CHECK_IS(child_wait(&child), 107);
	OK(sys_notify_wait(notify, 4, DEADLINE_NOW, &bits));
	CHECK_IS(sys_notify_wait(replaced, UINT64_MAX, DEADLINE_NOW, &bits), ERR_TIMED_OUT);
	OK(sys_handle_close(notify));
	OK(sys_handle_close(replaced));
	share_end();
}

static status_t replace_self(const struct process_replacement *how)
{
	return sys_process_replace(HANDLE_SELF_PROCESS, how);
}

/* Each error, and that the process is as it was: it tries one after the other, and the last one works. */
static uint32_t try_errors(void *argument)
{
	struct process_replacement how = next;
	handle_t keep[3] = {shared->handle[1], shared->handle[2], HANDLE_SELF_THREAD}, old;
	unsigned count = handle_count();
	uint64_t word[MESSAGE_WORDS] = {(uint64_t)&how, sizeof how - 8};
	(void)argument;
	how.vmem = shared->handle[0];
	how.keep = (uint64_t)keep;
	how.keep_count = 3;
	if (call_words(SYS_process_replace, HANDLE_SELF_PROCESS, word) != ERR_BAD_ARGUMENT)
		return 1;
	if (sys_process_replace(HANDLE_SELF_PROCESS, (void *)8) != ERR_BAD_ADDRESS)
		return 2;
	if (replace_self(&how) != ERR_BAD_HANDLE)
		return 3;
	keep[2] = shared->handle[3]; /* closed */
	if (replace_self(&how) != ERR_BAD_HANDLE)
		return 4;
	how.keep_count = 65537;
	if (replace_self(&how) != ERR_TOO_LARGE)
		return 5;
	how.keep_count = 60000;
	if (replace_self(&how) != ERR_BAD_ADDRESS && replace_self(&how) != ERR_BAD_HANDLE)
		return 6;
	how.keep_count = 2;
	how.keep = USER_TOP - 4;
	if (replace_self(&how) != ERR_BAD_ADDRESS)
		return 7;
	how.keep = (uint64_t)keep;
	how.vmem = HANDLE_SELF_VMEM;
	if (replace_self(&how) != ERR_BAD_STATE)
		return 8;
	how.vmem = HANDLE_SELF_PROCESS;
	if (replace_self(&how) != ERR_WRONG_TYPE)
		return 9;
	if (sys_handle_duplicate(shared->handle[0], RIGHTS_ALL & ~RIGHT_MANAGE, &old))
		return 10;
	how.vmem = old;
	if (replace_self(&how) != ERR_NO_RIGHT || sys_handle_close(old))
		return 11;
	how.vmem = shared->handle[0];
	how.reserved[1] = 1;
	if (replace_self(&how) != ERR_BAD_ARGUMENT)
		return 12;
	how.reserved[1] = 0;
	how.entry = USER_TOP;
	if (replace_self(&how) != ERR_BAD_ADDRESS)
		return 13;
	how.entry = next.entry;
	how.stack = UINT64_MAX;
	if (replace_self(&how) != ERR_BAD_ADDRESS)
		return 14;
	how.stack = next.stack;
	memset(how.name, 'x', sizeof how.name);
	if (replace_self(&how) != ERR_BAD_ARGUMENT)
		return 15;
	memset(how.name, 0, sizeof how.name);
	if (handle_count() != count)
		return 16;
	how.keep_count = 1;
	return 1000 + replace_self(&how);
}

static void errors(void)
{
	struct child child;
	handle_t notify;
	test_begin("an_error_of_process_replace_leaves_the_process_as_it_was");
	share_begin();
	OK(sys_notify_create(&notify));
	child_make(&child, "errors");
	share_with(child.vmem);
	shared->word[0] = child.number;
	shared->handle[0] = give_image(&child, second_image, 0);
	shared->handle[1] = child_give(&child, notify, RIGHT_SIGNAL);
	shared->handle[2] = child_give(&child, grant("log"), RIGHT_WRITE);
	shared->handle[3] = shared->handle[2] + 1;
	child_start(&child, try_errors, 0);
	CHECK_IS(child_wait(&child), 100);
	OK(sys_handle_close(notify));
	share_end();
}

/* Its table has nearly all the handles that it can, and it keeps every second one. */
static uint32_t count_kept(void *argument)
{
	(void)argument;
	return handle_count() == shared->word[1] ? 0 : 1;
}

#define MANY 60000u
static uint32_t keep_many(void *argument)
{
	static handle_t keep[MANY];
	struct process_replacement how = next;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		if (sys_handle_duplicate(shared->handle[1], RIGHTS_ALL, &keep[kept]))
			return 1;
		kept += i % 2;
	}
	(void)argument;
	shared->word[1] = kept;
	how.vmem = shared->handle[0];
	how.keep = (uint64_t)keep;
	how.keep_count = kept;
	return 1000 + replace_self(&how);
}

static void whole_tables(void)
{
	struct child child;
	test_begin("a_list_of_handles_to_keep_can_be_as_long_as_the_table");
	share_begin();
	child_make(&child, "many");
	share_with(child.vmem);
	shared->handle[0] = give_image(&child, count_kept, 0);
	shared->handle[1] = child_give(&child, grant("log"), RIGHTS_ALL);
	child_start(&child, keep_many, 0);
	CHECK_IS(child_wait(&child), 0);
	share_end();
}

/* Threads in every state, when another one replaces the process. Handles: 1 receiver, 2 the saved call, 3 notify, 4 sender. */
enum { HELD, SAVED_REPLY, CALLS, RECEIVES, WAITS, SLEEPS, SPINS, KINDS };

static handle_t thread_receiver;

static void be(void *argument)
{
	struct message message = {0};
	uint64_t bits;
	switch ((uintptr_t)argument) {
	case HELD:
	case SAVED_REPLY:
		if (sys_channel_recv(shared->handle[1], DEADLINE_NEVER, &message))
			break;
		if (argument == (void *)SAVED_REPLY && sys_reply_save(&shared->handle[2]))
			break;
		(void)!sys_notify_wait(shared->handle[3], 1, DEADLINE_NEVER, &bits);
		break;
	case CALLS: (void)!sys_channel_call(shared->handle[4], &message); break;
	case RECEIVES: (void)!sys_channel_recv(thread_receiver, DEADLINE_NEVER, &message); break;
	case WAITS: (void)!sys_notify_wait(shared->handle[3], 1, DEADLINE_NEVER, &bits); break;
	case SLEEPS: pause_ms(100000); break;
	}
	for (;;)
		__builtin_ia32_pause();
}

static uint32_t many_threads(void *argument)
{
	static struct thread threads[24];
	handle_t never;
	uint64_t block;
	uint32_t number;
	if (sys_channel_create(&thread_receiver) || sys_thread_create(HANDLE_SELF_PROCESS, &never, &block, &number))
		return 1;
	for (uintptr_t i = 0; i < 24; i++) {
		uintptr_t kind = i < KINDS ? i : CALLS + i % (KINDS - CALLS);
		thread_begin_at(&threads[i], kind == SPINS ? 1 : 16, be, (void *)kind);
	}
	pause_ms(20);
	return replace_at_once(argument);
}

/* The call that was queued and never received is still there, and the saved one if it was kept. */
static uint32_t answer_what_is_left(void *argument)
{
	struct message message = {.label = 5};
	status_t kept = sys_reply_send(shared->handle[2], &message);
	if (kept != (argument ? ERR_OK : ERR_BAD_HANDLE))
		return 1;
	if (handle_count() != 1 || sys_channel_recv(shared->handle[1], now() + 100 * MS, &message))
		return 2;
	return sys_reply_send(HANDLE_SELF_REPLY, &message);
}

static handle_t to_child;
struct one_call {
	status_t status;
	uint32_t label;
};

static void call_child(void *argument)
{
	struct one_call *call = argument;
	struct message message = {.label = call->label};
	call->status = sys_channel_call(to_child, &message);
	call->label = message.label;
}

static void with_threads(bool keeps)
{
	struct child child;
	handle_t receiver, notify, foreign, to_foreign;
	struct thread clients[3];
	struct one_call calls[3] = {{99, 31}, {99, 32}, {99, 33}};
	unsigned dropped = 0, answered = 0;
	test_begin(keeps ? "a_saved_call_that_is_kept_is_answered_by_the_next_image"
	                 : "all_threads_of_a_replaced_process_end_and_what_they_owe_is_dropped");
	share_begin();
	channel_make(&receiver, 1, &to_child);
	channel_make(&foreign, 9, &to_foreign);
	OK(sys_notify_create(&notify));
	child_make(&child, "threads");
	share_with(child.vmem);
	shared->handle[0] = give_image(&child, answer_what_is_left, (void *)(uintptr_t)keeps);
	shared->handle[1] = child_give(&child, receiver, RIGHTS_ALL);
	shared->handle[3] = child_give(&child, notify, RIGHTS_ALL);
	shared->handle[4] = child_give(&child, to_foreign, RIGHTS_ALL);
	OK(sys_handle_close(receiver));
	OK(sys_handle_close(to_foreign));
	child_start(&child, many_threads, (void *)(keeps ? 2ul : 1ul));
	for (unsigned i = 0; i < 3; i++)
		thread_begin(&clients[i], call_child, &calls[i]);
	CHECK_IS(child_wait(&child), 0);
	for (unsigned i = 0; i < 3; i++) {
		thread_join(&clients[i]);
		dropped += calls[i].status == ERR_DROPPED;
		answered += calls[i].status == ERR_OK;
	}
	CHECK_IS(dropped, keeps ? 1 : 2);
	CHECK_IS(answered, keeps ? 2 : 1);
	OK(sys_handle_close(to_child));
	OK(sys_handle_close(notify));
	OK(sys_handle_close(foreign));
	share_end();
}

/* By somebody else. */
static uint32_t spin(void *argument)
{
	shared->word[5] = 1;
	while (argument != (void *)1)
		__builtin_ia32_pause();
	return 1;
}

static uint32_t second_life(void *argument)
{
	uint32_t type, rights;
	uint64_t number;
	if (handle_count() != 2 || sys_handle_info(shared->handle[1], &type, &rights, &number) || type != OBJECT_NOTIFY)
		return 1;
	return (uint32_t)(uintptr_t)argument;
}

enum before { NEW_ONE, RUNNING_ONE, THREADS_OF_ALL_KINDS, BEFORE };

static uint32_t be_many(void *argument)
{
	static struct thread threads[24];
	(void)!sys_channel_create(&thread_receiver);
	for (uintptr_t i = 0; i < 24; i++)
		thread_begin_at(&threads[i], 4, be, (void *)(RECEIVES + i % (KINDS - RECEIVES)));
	return spin(argument);
}

static void by_another(enum before before)
{
	static const char *const names[BEFORE] = {"a_process_that_was_never_started_begins_by_being_replaced",
	        "a_process_that_runs_is_replaced_by_another", "a_process_with_many_threads_is_replaced_by_another"};
	struct child child;
	struct process_replacement how;
	handle_t notify, replaced, keep[2];
	uint64_t bits;
	test_begin(names[before]);
	share_begin();
	OK(sys_notify_create(&notify));
	OK(sys_notify_create(&replaced));
	child_make(&child, "victim");
	share_with(child.vmem);
	shared->word[5] = 0;
	shared->handle[1] = keep[0] = child_give(&child, notify, RIGHT_SIGNAL);
	shared->handle[3] = child_give(&child, notify, RIGHTS_ALL);
	keep[1] = child_give(&child, grant("log"), RIGHT_WRITE);
	if (before != NEW_ONE) {
		child_start(&child, before == RUNNING_ONE ? spin : be_many, 0);
		for (unsigned i = 0; i < 1000 && !__atomic_load_n(&shared->word[5], __ATOMIC_ACQUIRE); i++)
			pause_ms(1);
		CHECK_IS(shared->word[5], 1);
	}
	image_make(&how, second_life, (void *)33);
	share_with(how.vmem);
	OK(sys_process_watch_replaced(child.process, replaced, 1));
	how.keep = (uint64_t)keep;
	how.keep_count = 2;
	OK(sys_process_replace(child.process, &how));
	OK(sys_notify_wait(replaced, 1, now() + 1000 * MS, &bits));
	status_t status = sys_process_replace(child.process, &how);
	CHECK(status == ERR_BAD_STATE || status == ERR_DEAD); /* its address space is in use, or it has ended already */
	OK(sys_handle_close(how.vmem));
	CHECK_IS(child_wait(&child), 33);
	OK(sys_handle_close(notify));
	OK(sys_handle_close(replaced));
	share_end();
}

static void refused(void)
{
	struct child child;
	struct process_replacement how;
	uint64_t bits;
	test_begin("a_process_that_has_ended_is_not_replaced");
	share_begin();
	child_make(&child, "ended");
	OK(sys_process_kill(child.process, 5));
	OK(sys_notify_wait(child.notify, 1, now() + 1000 * MS, &bits));
	image_make(&how, second_life, 0);
	CHECK_IS(sys_process_replace(child.process, &how), ERR_DEAD);
	OK(sys_process_watch(child.process, child.notify, 1));
	CHECK_IS(child_wait(&child), 5);

	test_next("an_address_space_that_was_refused_can_be_used_again");
	child_make(&child, "again");
	handle_t wrong = grant("log");
	how.keep = (uint64_t)&wrong;
	how.keep_count = 1;
	CHECK_IS(sys_process_replace(child.process, &how), ERR_BAD_HANDLE);
	how.keep_count = PROCESS_KEEP_ALL;
	shared->handle[1] = 0;
	OK(sys_process_replace(child.process, &how));
	CHECK_IS(child_wait(&child), 1);
	OK(sys_handle_close(how.vmem));
	share_end();
}

/* Two threads of a process replace it at once, with long lists; and somebody kills it meanwhile. */
static handle_t long_list[20000];
static void replace_too(void *argument)
{
	struct process_replacement how = argument ? shared->second : next;
	how.vmem = shared->handle[(uintptr_t)argument];
	how.keep = (uint64_t)long_list;
	how.keep_count = 20000;
	status_t status = replace_self(&how);
	if (status != ERR_BAD_STATE)
		sys_process_exit(1000 + status);
	for (;;)
		pause_ms(1000);
}

static uint32_t replace_twice(void *argument)
{
	static struct thread other;
	for (unsigned i = 0; i < 20000; i++)
		long_list[i] = shared->handle[2];
	thread_begin_at(&other, MAIN_PRIORITY, replace_too, (void *)1);
	shared->word[6] = 1;
	replace_too(argument);
	return 1;
}

static uint32_t succeeded(void *argument)
{
	(void)argument;
	return handle_count() == 1 ? 77 : 2;
}

static void races(void)
{
	struct child child;
	test_begin("two_threads_that_replace_their_process_at_once_do_it_once");
	share_begin();
	for (unsigned round = 0; round < 10; round++) {
		child_make(&child, "twice");
		share_with(child.vmem);
		shared->handle[1] = give_image(&child, succeeded, 0);
		shared->second = next;
		shared->handle[0] = give_image(&child, succeeded, 0);
		shared->handle[2] = child_give(&child, grant("log"), RIGHT_WRITE);
		child_start(&child, replace_twice, 0);
		CHECK_IS(child_wait(&child), 77);
	}
	share_end();

	test_begin("a_process_can_be_killed_at_any_moment_of_its_replacement");
	share_begin();
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	for (unsigned round = 0; round < 100; round++) {
		child_make(&child, "killed");
		share_with(child.vmem);
		shared->word[6] = 0;
		shared->handle[1] = give_image(&child, spin, 0);
		shared->second = next;
		shared->handle[0] = give_image(&child, spin, 0);
		shared->handle[2] = child_give(&child, grant("log"), RIGHT_WRITE);
		child_start(&child, round % 2 ? replace_twice : many_threads, 0);
		pause_ns((round % 2 ? 1 : 20) * MS + round * 30000);
		child_kill(&child);
	}
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, MAIN_PRIORITY));
	share_end();
}

/* Who replaces another process is killed meanwhile: it has happened, or nothing has. */
static uint32_t replace_victim(void *argument)
{
	static handle_t keep[30000];
	struct process_replacement how = next;
	for (unsigned i = 0; i < 30000; i++)
		keep[i] = shared->handle[2];
	(void)argument;
	how.vmem = shared->handle[0];
	how.keep = (uint64_t)keep;
	how.keep_count = 30000;
	shared->word[6] = 1;
	return 100 + sys_process_replace(shared->handle[1], &how);
}

static void killed_supervisor(void)
{
	struct child victim, supervisor;
	test_begin("a_supervisor_that_is_killed_while_it_replaces_a_process_has_done_it_or_not");
	share_begin();
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	for (unsigned round = 0; round < 30; round++) {
		child_make(&victim, "victim");
		child_make(&supervisor, "supervisor");
		share_with(victim.vmem);
		share_with(supervisor.vmem);
		shared->word[6] = 0;
		shared->handle[2] = child_give(&victim, grant("log"), RIGHT_WRITE);
		shared->handle[0] = give_image(&supervisor, succeeded, 0);
		child_start(&victim, spin, 0);
		shared->handle[1] = child_give(&supervisor, victim.process, RIGHTS_ALL);
		child_start(&supervisor, replace_victim, 0);
		while (!__atomic_load_n(&shared->word[6], __ATOMIC_ACQUIRE))
			pause_ns(50000);
		pause_ns(round * 20000);
		OK(sys_process_kill(supervisor.process, PROCESS_STATUS_KILLED));
		child_wait(&supervisor);
		OK(sys_process_kill(victim.process, PROCESS_STATUS_KILLED));
		uint32_t status = child_wait(&victim);
		CHECK(status == PROCESS_STATUS_KILLED || status == 77);
	}
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, MAIN_PRIORITY));
	share_end();
}

void test_replace(void)
{
	on_oneself();
	errors();
	whole_tables();
	with_threads(false);
	with_threads(true);
	for (enum before before = 0; before < BEFORE; before++)
		by_another(before);
	refused();
	races();
	killed_supervisor();
}
