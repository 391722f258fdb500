/* What can be asked: about processes, a table's handles, a channel's stamps; and who is told of a process's end. */
#include "tests/guest/native/test.h"

static uint32_t sleep_for_ever(void *argument)
{
	while (argument != (void *)1)
		pause_ms(1000);
	return 1;
}

static uint32_t use_the_cpu(void *argument)
{
	uint64_t end = now() + 30 * MS;
	while (now() < end)
		__builtin_ia32_pause();
	return (uint32_t)(uintptr_t)argument;
}

static void stats_of_a_child(void)
{
	test_begin("process_stats_tells_what_a_process_holds_and_used");
	struct child child;
	struct process_stats stats;
	uint64_t made = now(), at;
	child_make(&child, "a stat/child");
	OK(sys_process_stats(child.process, &stats));
	CHECK_IS(stats.size, sizeof stats);
	CHECK_IS(stats.state, PROCESS_NEW);
	CHECK_IS(stats.number, child.number);
	CHECK_IS(stats.threads, 0);
	CHECK_IS(stats.handles, 0);
	CHECK_IS(stats.mapped_bytes, 0);
	CHECK_IS(stats.resident_pages, 0);
	CHECK_IS(stats.cpu_ns, 0);
	CHECK(stats.start_ns >= made - MS && stats.start_ns <= now() + MS);
	CHECK(!memcmp(stats.name, "a?stat/child", 13));
	OK(sys_vmem_map(child.vmem, 0x10000, 7 * PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, 0, 0, &at));
	OK(sys_vmem_unmap(child.vmem, 0x12000, 2 * PAGE));
	OK(sys_vmem_map(child.vmem, 0x17000, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, 0, 0, &at));
	OK(sys_vmem_protect(child.vmem, 0x14000, PAGE, MAP_READ));
	OK(sys_vmem_protect(child.vmem, 0x14000, PAGE, MAP_READ | MAP_WRITE));
	child_give(&child, grant("log"), RIGHT_WRITE);
	OK(sys_process_stats(child.process, &stats));
	CHECK_IS(stats.mapped_bytes, 6 * PAGE);
	CHECK_IS(stats.handles, 1);
	child_start(&child, use_the_cpu, (void *)7);
	CHECK_IS(sys_process_stats(child.process, (void *)8), ERR_BAD_ADDRESS);
	uint64_t bits;
	OK(sys_notify_wait(child.notify, 1, now() + 20000 * MS, &bits));
	OK(sys_process_stats(child.process, &stats));
	CHECK_IS(stats.state, PROCESS_ENDED);
	CHECK_IS(stats.status, 7);
	CHECK_IS(stats.threads, 0);
	CHECK_IS(stats.handles, 0);
	CHECK_IS(stats.mapped_bytes, 0);
	CHECK(stats.cpu_ns >= 20 * MS);
	OK(sys_process_watch(child.process, child.notify, 1));
	CHECK_IS(child_wait(&child), 7);
}

static void burn(void *argument)
{
	for (uint64_t end = now() + *(uint64_t *)argument; now() < end;)
		__builtin_ia32_pause();
}

static void wait_for(void *argument)
{
	while (!__atomic_load_n((uint32_t *)argument, __ATOMIC_SEQ_CST))
		(void)!sys_futex_wait(argument, 0, DEADLINE_NEVER);
}

static void stats_of_oneself(void)
{
	test_begin("process_stats_counts_the_caller_up_to_now_and_fills_as_much_as_is_known");
	struct process_stats stats, later;
	OK(sys_process_stats(HANDLE_SELF_PROCESS, &stats));
	for (uint64_t end = now() + 3 * MS; now() < end;)
		;
	OK(sys_process_stats(HANDLE_SELF_PROCESS, &later));
	CHECK(later.cpu_ns >= stats.cpu_ns + 2 * MS && later.cpu_ns < stats.cpu_ns + 2000 * MS);
	CHECK(stats.resident_pages && stats.table_pages && stats.mapped_bytes >= stats.resident_pages * PAGE);
	CHECK_IS(stats.threads, 1);
	CHECK_IS(stats.ready_threads, 1);
	static struct thread busy, waiting;
	static uint64_t duration = 30 * MS, never = 0;
	thread_begin_at(&busy, MAIN_PRIORITY, burn, &duration);
	thread_begin(&waiting, wait_for, &never);
	OK(sys_process_stats(HANDLE_SELF_PROCESS, &stats));
	CHECK_IS(stats.threads, 3);
	CHECK_IS(stats.ready_threads, 2);
	__atomic_store_n((uint32_t *)&never, 1, __ATOMIC_SEQ_CST);
	uint32_t woken;
	OK(sys_futex_wake((uint32_t *)&never, 1, &woken));
	thread_join(&busy);
	thread_join(&waiting);
	memset(&stats, 0x55, sizeof stats);
	uint64_t word[MESSAGE_WORDS] = {(uint64_t)&stats, 16};
	OK(call_words(SYS_process_stats, HANDLE_SELF_PROCESS, word));
	CHECK_IS(stats.size, 16);
	CHECK_IS(stats.state, PROCESS_RUNNING);
	CHECK_IS(stats.number, 0x55555555);
}

static void times_of_threads(void)
{
	test_begin("thread_info_tells_a_thread_its_own_time_and_number_and_not_that_of_others");
	struct thread_info self, later, info;
	struct process_stats stats;
	static struct thread thread;
	static uint64_t duration = 20 * MS;
	OK(sys_thread_info(HANDLE_SELF_THREAD, &self));
	CHECK_IS(self.number, control_block()->thread_number);
	CHECK_IS(self.priority, MAIN_PRIORITY);
	thread_begin(&thread, burn, &duration);
	while (__atomic_load_n(&thread.ended, __ATOMIC_SEQ_CST))
		pause_ms(1);
	OK(sys_thread_info(thread.handle, &info));
	CHECK(info.number != self.number && info.cpu_ns >= duration / 2);
	OK(sys_thread_info(HANDLE_SELF_THREAD, &later));
	CHECK(later.cpu_ns >= self.cpu_ns && later.cpu_ns - self.cpu_ns < info.cpu_ns);
	OK(sys_process_stats(HANDLE_SELF_PROCESS, &stats));
	CHECK(stats.cpu_ns >= info.cpu_ns + later.cpu_ns - self.cpu_ns);
	thread_join(&thread);
}

/* Whether a walk from the beginning meets a handle, once; counts all. */
static bool walk_meets(handle_t wanted, uint32_t wanted_type, uint32_t wanted_rights, unsigned *out_count)
{
	uint64_t cursor = 0;
	unsigned met = 0;
	handle_t handle;
	uint32_t type, rights;
	status_t status;
	for (*out_count = 0; !(status = sys_handle_walk(&cursor, &handle, &type, &rights)); ++*out_count) {
		if (handle == wanted && type == wanted_type && rights == wanted_rights)
			met++;
	}
	CHECK_IS(status, ERR_NOT_FOUND);
	return met == 1;
}

static void walks(void)
{
	static handle_t many[3000];
	struct process_info info;
	unsigned count;
	uint64_t cursor = UINT64_MAX;
	handle_t handle;
	uint32_t type, rights;
	test_begin("a_walk_over_handles_meets_each_once");
	OK(sys_process_info(HANDLE_SELF_PROCESS, &info));
	for (unsigned i = 0; i < 3000; i++)
		OK(sys_handle_duplicate(grant("log"), RIGHT_READ | RIGHT_DUPLICATE, &many[i]));
	CHECK(walk_meets(many[2999], OBJECT_LOG, RIGHT_READ | RIGHT_DUPLICATE, &count));
	CHECK_IS(count, info.handles + 3000);
	for (unsigned i = 0; i < 2999; i++)
		OK(sys_handle_close(many[i]));
	CHECK(walk_meets(many[2999], OBJECT_LOG, RIGHT_READ | RIGHT_DUPLICATE, &count));
	CHECK_IS(count, info.handles + 1);
	OK(sys_handle_close(many[2999]));
	CHECK(!walk_meets(many[2999], OBJECT_LOG, RIGHT_READ | RIGHT_DUPLICATE, &count));
	CHECK_IS(count, info.handles);
	CHECK_IS(sys_handle_walk(&cursor, &handle, &type, &rights), ERR_NOT_FOUND);
}

/* All stamps of the channel; answers their number, and in *out_sum the sum of them. */
static uint64_t tell_stamps(handle_t receiver, uint64_t at_once, uint64_t *out_sum)
{
	uint64_t cursor = 0, stamps[64], written, count = 0;
	*out_sum = 0;
	do {
		OK(sys_channel_stamps(receiver, &cursor, stamps, at_once, &written));
		CHECK(written <= at_once);
		for (uint64_t i = 0; i < written; i++)
			*out_sum += stamps[i];
		count += written;
	} while (cursor && count < 10000);
	return count;
}

static void stamps(void)
{
	static handle_t senders[300];
	handle_t receiver, largest;
	struct message message = {0};
	uint64_t sum, expected = UINT64_MAX;
	test_begin("channel_stamps_tells_every_stamp_once_until_its_close_was_received");
	OK(sys_channel_create(&receiver));
	CHECK_IS(tell_stamps(receiver, 64, &sum), 0);
	OK(sys_channel_mint(receiver, UINT64_MAX, RIGHTS_ALL, &largest));
	for (unsigned i = 0; i < 300; i++) {
		OK(sys_channel_mint(receiver, i * 17ull << 20, RIGHTS_ALL, &senders[i]));
		expected += i * 17ull << 20;
	}
	CHECK_IS(tell_stamps(receiver, 64, &sum), 301);
	CHECK_IS(sum, expected);
	CHECK_IS(tell_stamps(receiver, 1, &sum), 301);
	CHECK_IS(sum, expected);
	for (unsigned i = 0; i < 300; i++)
		OK(sys_handle_close(senders[i]));
	pause_ms(1);
	CHECK_IS(tell_stamps(receiver, 7, &sum), 301);
	CHECK_IS(sum, expected);
	for (unsigned i = 0; i < 300; i++)
		OK(sys_channel_recv(receiver, DEADLINE_NOW, &message));
	CHECK_IS(tell_stamps(receiver, 64, &sum), 1);
	CHECK_IS(sum, UINT64_MAX);
	uint64_t cursor = 0, written;
	CHECK_IS(sys_channel_stamps(receiver, &cursor, (uint64_t *)8, 1, &written), ERR_BAD_ADDRESS);
	OK(sys_channel_stamps(receiver, &cursor, (uint64_t *)8, 0, &written));
	CHECK_IS(written, 0);
	OK(sys_handle_close(largest));
	OK(sys_handle_close(receiver));
}

/* The close of the stamp comes when the status can be read, and not before. */
static void exception_sender(void)
{
	struct child child;
	struct process_info info;
	struct message message = {0};
	handle_t receiver, sender;
	test_begin("the_sender_for_exceptions_is_closed_when_its_process_has_ended");
	for (unsigned killed = 0; killed < 2; killed++) {
		OK(sys_channel_create(&receiver));
		OK(sys_channel_mint(receiver, 77, RIGHTS_ALL, &sender));
		child_make(&child, "watched");
		OK(sys_process_set_exception(child.process, sender));
		OK(sys_handle_close(sender));
		child_start(&child, killed ? sleep_for_ever : use_the_cpu, 0);
		CHECK_IS(sys_channel_recv(receiver, now() + 5 * MS, &message), ERR_TIMED_OUT);
		if (killed)
			OK(sys_process_kill(child.process, 3));
		OK(sys_channel_recv(receiver, now() + 10000 * MS, &message));
		CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CLOSE);
		CHECK_IS(control_block()->received.stamp, 77);
		OK(sys_process_info(child.process, &info));
		CHECK_IS(info.state, PROCESS_ENDED);
		CHECK_IS(info.status, killed ? 3 : 0);
		CHECK_IS(info.handles, 0);
		CHECK_IS(child_wait(&child), killed ? 3 : 0);
		OK(sys_handle_close(receiver));
	}

	test_begin("the_sender_for_exceptions_is_closed_with_a_process_that_never_began");
	channel_make(&receiver, 78, &sender);
	child_make(&child, "never");
	OK(sys_process_set_exception(child.process, sender));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(child.process));
	OK(sys_handle_close(child.vmem));
	OK(sys_handle_close(child.notify));
	OK(sys_channel_recv(receiver, now() + 10000 * MS, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_CLOSE);
	OK(sys_handle_close(receiver));
}

static void watch_flags(void)
{
	struct child child;
	handle_t notify;
	uint64_t bits, word[MESSAGE_WORDS];
	test_begin("who_watches_for_a_replacement_is_told_of_the_end_too");
	OK(sys_notify_create(&notify));
	child_make(&child, "watched");
	OK(sys_process_watch_replaced(child.process, notify, 4));
	word[0] = notify, word[1] = 8, word[2] = 2;
	CHECK_IS(call_words(SYS_process_watch, child.process, word), ERR_BAD_ARGUMENT);
	child_start(&child, sleep_for_ever, 0);
	CHECK_IS(sys_notify_wait(notify, UINT64_MAX, DEADLINE_NOW, &bits), ERR_TIMED_OUT);
	OK(sys_process_kill(child.process, PROCESS_STATUS_KILLED));
	OK(sys_notify_wait(notify, UINT64_MAX, now() + 1000 * MS, &bits));
	CHECK_IS(bits, 4);
	CHECK_IS(sys_notify_wait(notify, UINT64_MAX, now() + 3 * MS, &bits), ERR_TIMED_OUT);
	OK(sys_process_watch_replaced(child.process, notify, 16));
	OK(sys_notify_wait(notify, UINT64_MAX, DEADLINE_NOW, &bits));
	CHECK_IS(bits, 16);
	CHECK_IS(child_wait(&child), PROCESS_STATUS_KILLED);
	OK(sys_handle_close(notify));
}

void test_inspect(void)
{
	stats_of_a_child();
	stats_of_oneself();
	times_of_threads();
	walks();
	stamps();
	exception_sender();
	watch_flags();
}
