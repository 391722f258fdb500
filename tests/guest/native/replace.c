/* Replacing what a process runs: by itself, with all its threads, and by another process; what stays, and what goes. */
#include "tests/guest/native/replace.h"

struct replace_shared *replace_shared;
static handle_t shared_frame;

/* The frame of replace_shared words, mapped at one address in this process and in the children. */
#define SHARED_AT 0x200000000ull

void replace_share_begin(void)
{
	uint64_t at;
	OK(sys_frame_create(PAGE, 0, &shared_frame));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, SHARED_AT, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, shared_frame, 0, &at));
	replace_shared = (struct replace_shared *)SHARED_AT;
}

void replace_share_with(handle_t vmem)
{
	uint64_t at;
	OK(sys_vmem_map(vmem, SHARED_AT, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, shared_frame, 0, &at));
}

void replace_share_end(void)
{
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, SHARED_AT, PAGE));
	OK(sys_handle_close(shared_frame));
}

void replace_pause_ns(uint64_t ns)
{
	static const uint32_t never;
	(void)!sys_futex_wait(&never, 0, now() + ns);
}

struct process_replacement replace_next;

static uint32_t replace_at_once(void *argument)
{
	struct process_replacement how = replace_next;
	how.vmem = replace_shared->handle[0];
	how.keep = (uint64_t)&replace_shared->handle[1];
	how.keep_count = (uint32_t)(uintptr_t)argument;
	return 1000 + sys_process_replace(HANDLE_SELF_PROCESS, &how);
}

handle_t replace_give_image(struct child *child, uint32_t (*function)(void *argument), void *argument)
{
	image_make(&replace_next, function, argument);
	replace_share_with(replace_next.vmem);
	handle_t there = child_give(child, replace_next.vmem, RIGHTS_ALL);
	OK(sys_handle_close(replace_next.vmem));
	return there;
}

unsigned replace_handle_count(void)
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
	if (control_block()->self != (uint64_t)control_block() || control_block()->process_number != replace_shared->word[0])
		return 2;
	if (sys_handle_info(replace_shared->handle[1], &type, &rights, &number) || type != OBJECT_NOTIFY ||
	        rights != RIGHT_SIGNAL)
		return 3;
	if (sys_handle_info(replace_shared->handle[2], &type, &rights, &number) != ERR_BAD_HANDLE)
		return 4;
	if (replace_handle_count() != 1)
		return 5;
	if (sys_notify_signal(replace_shared->handle[1], 4) ||
	        sys_notify_wait(replace_shared->handle[1], 4, 0, &signals) != ERR_NO_RIGHT)
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
	replace_share_begin();
	OK(sys_notify_create(&notify));
	OK(sys_notify_create(&replaced));
	child_make(&child, "first");
	replace_share_with(child.vmem);
	replace_shared->word[0] = child.number;
	replace_shared->handle[0] = replace_give_image(&child, second_image, (void *)7);
	replace_shared->handle[1] = child_give(&child, notify, RIGHT_SIGNAL);
	replace_shared->handle[2] = child_give(&child, grant("log"), RIGHT_WRITE);
	memcpy(replace_next.name, "second", 7);
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
	replace_share_end();
}

status_t replace_self(const struct process_replacement *how)
{
	return sys_process_replace(HANDLE_SELF_PROCESS, how);
}

/* Each error, and that the process is as it was: it tries one after the other, and the last one works. */
static uint32_t try_errors(void *argument)
{
	struct process_replacement how = replace_next;
	handle_t keep[3] = {replace_shared->handle[1], replace_shared->handle[2], HANDLE_SELF_THREAD}, old;
	unsigned count = replace_handle_count();
	uint64_t word[MESSAGE_WORDS] = {(uint64_t)&how, sizeof how - 8};
	(void)argument;
	how.vmem = replace_shared->handle[0];
	how.keep = (uint64_t)keep;
	how.keep_count = 3;
	if (call_words(SYS_process_replace, HANDLE_SELF_PROCESS, word) != ERR_BAD_ARGUMENT)
		return 1;
	if (sys_process_replace(HANDLE_SELF_PROCESS, (void *)8) != ERR_BAD_ADDRESS)
		return 2;
	if (replace_self(&how) != ERR_BAD_HANDLE)
		return 3;
	keep[2] = replace_shared->handle[3]; /* closed */
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
	if (sys_handle_duplicate(replace_shared->handle[0], RIGHTS_ALL & ~RIGHT_MANAGE, &old))
		return 10;
	how.vmem = old;
	if (replace_self(&how) != ERR_NO_RIGHT || sys_handle_close(old))
		return 11;
	how.vmem = replace_shared->handle[0];
	how.reserved[1] = 1;
	if (replace_self(&how) != ERR_BAD_ARGUMENT)
		return 12;
	how.reserved[1] = 0;
	how.entry = USER_TOP;
	if (replace_self(&how) != ERR_BAD_ADDRESS)
		return 13;
	how.entry = replace_next.entry;
	how.stack = UINT64_MAX;
	if (replace_self(&how) != ERR_BAD_ADDRESS)
		return 14;
	how.stack = replace_next.stack;
	memset(how.name, 'x', sizeof how.name);
	if (replace_self(&how) != ERR_BAD_ARGUMENT)
		return 15;
	memset(how.name, 0, sizeof how.name);
	if (replace_handle_count() != count)
		return 16;
	how.keep_count = 1;
	return 1000 + replace_self(&how);
}

static void errors(void)
{
	struct child child;
	handle_t notify;
	test_begin("an_error_of_process_replace_leaves_the_process_as_it_was");
	replace_share_begin();
	OK(sys_notify_create(&notify));
	child_make(&child, "errors");
	replace_share_with(child.vmem);
	replace_shared->word[0] = child.number;
	replace_shared->handle[0] = replace_give_image(&child, second_image, 0);
	replace_shared->handle[1] = child_give(&child, notify, RIGHT_SIGNAL);
	replace_shared->handle[2] = child_give(&child, grant("log"), RIGHT_WRITE);
	replace_shared->handle[3] = replace_shared->handle[2] + 1;
	child_start(&child, try_errors, 0);
	CHECK_IS(child_wait(&child), 100);
	OK(sys_handle_close(notify));
	replace_share_end();
}

/* Its table has nearly all the handles that it can, and it keeps every second one. */
static uint32_t count_kept(void *argument)
{
	(void)argument;
	return replace_handle_count() == replace_shared->word[1] ? 0 : 1;
}

#define MANY 60000u
static uint32_t keep_many(void *argument)
{
	static handle_t keep[MANY];
	struct process_replacement how = replace_next;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		if (sys_handle_duplicate(replace_shared->handle[1], RIGHTS_ALL, &keep[kept]))
			return 1;
		kept += i % 2;
	}
	(void)argument;
	replace_shared->word[1] = kept;
	how.vmem = replace_shared->handle[0];
	how.keep = (uint64_t)keep;
	how.keep_count = kept;
	return 1000 + replace_self(&how);
}

static void whole_tables(void)
{
	struct child child;
	test_begin("a_list_of_handles_to_keep_can_be_as_long_as_the_table");
	replace_share_begin();
	child_make(&child, "many");
	replace_share_with(child.vmem);
	replace_shared->handle[0] = replace_give_image(&child, count_kept, 0);
	replace_shared->handle[1] = child_give(&child, grant("log"), RIGHTS_ALL);
	child_start(&child, keep_many, 0);
	CHECK_IS(child_wait(&child), 0);
	replace_share_end();
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
		if (sys_channel_recv(replace_shared->handle[1], DEADLINE_NEVER, &message))
			break;
		if (argument == (void *)SAVED_REPLY && sys_reply_save(&replace_shared->handle[2]))
			break;
		(void)!sys_notify_wait(replace_shared->handle[3], 1, DEADLINE_NEVER, &bits);
		break;
	case CALLS: (void)!sys_channel_call(replace_shared->handle[4], &message); break;
	case RECEIVES: (void)!sys_channel_recv(thread_receiver, DEADLINE_NEVER, &message); break;
	case WAITS: (void)!sys_notify_wait(replace_shared->handle[3], 1, DEADLINE_NEVER, &bits); break;
	case SLEEPS: pause_ms(100000); break;
	}
	for (;;)
		__builtin_ia32_pause();
}

uint32_t replace_many_threads(void *argument)
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
	status_t kept = sys_reply_send(replace_shared->handle[2], &message);
	if (kept != (argument ? ERR_OK : ERR_BAD_HANDLE))
		return 1;
	if (replace_handle_count() != 1 || sys_channel_recv(replace_shared->handle[1], now() + 100 * MS, &message))
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
	replace_share_begin();
	channel_make(&receiver, 1, &to_child);
	channel_make(&foreign, 9, &to_foreign);
	OK(sys_notify_create(&notify));
	child_make(&child, "threads");
	replace_share_with(child.vmem);
	replace_shared->handle[0] = replace_give_image(&child, answer_what_is_left, (void *)(uintptr_t)keeps);
	replace_shared->handle[1] = child_give(&child, receiver, RIGHTS_ALL);
	replace_shared->handle[3] = child_give(&child, notify, RIGHTS_ALL);
	replace_shared->handle[4] = child_give(&child, to_foreign, RIGHTS_ALL);
	OK(sys_handle_close(receiver));
	OK(sys_handle_close(to_foreign));
	child_start(&child, replace_many_threads, (void *)(keeps ? 2ul : 1ul));
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
	replace_share_end();
}

/* By somebody else. */
uint32_t replace_spin(void *argument)
{
	replace_shared->word[5] = 1;
	while (argument != (void *)1)
		__builtin_ia32_pause();
	return 1;
}

uint32_t replace_second_life(void *argument)
{
	uint32_t type, rights;
	uint64_t number;
	if (replace_handle_count() != 2 || sys_handle_info(replace_shared->handle[1], &type, &rights, &number) ||
	        type != OBJECT_NOTIFY)
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
	return replace_spin(argument);
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
	replace_share_begin();
	OK(sys_notify_create(&notify));
	OK(sys_notify_create(&replaced));
	child_make(&child, "victim");
	replace_share_with(child.vmem);
	replace_shared->word[5] = 0;
	replace_shared->handle[1] = keep[0] = child_give(&child, notify, RIGHT_SIGNAL);
	replace_shared->handle[3] = child_give(&child, notify, RIGHTS_ALL);
	keep[1] = child_give(&child, grant("log"), RIGHT_WRITE);
	if (before != NEW_ONE) {
		child_start(&child, before == RUNNING_ONE ? replace_spin : be_many, 0);
		for (unsigned i = 0; i < 1000 && !__atomic_load_n(&replace_shared->word[5], __ATOMIC_ACQUIRE); i++)
			pause_ms(1);
		CHECK_IS(replace_shared->word[5], 1);
	}
	image_make(&how, replace_second_life, (void *)33);
	replace_share_with(how.vmem);
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
	replace_share_end();
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
	test_replace_races();
}
