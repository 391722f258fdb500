/* What is refused where a process is replaced, and replacing while others do the same, kill, or end. */
#include "tests/guest/native/replace.h"

static void refused(void)
{
	struct child child;
	struct process_replacement how;
	uint64_t bits;
	test_begin("a_process_that_has_ended_is_not_replaced");
	replace_share_begin();
	child_make(&child, "ended");
	OK(sys_process_kill(child.process, 5));
	OK(sys_notify_wait(child.notify, 1, now() + 1000 * MS, &bits));
	image_make(&how, replace_second_life, 0);
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
	replace_shared->handle[1] = 0;
	OK(sys_process_replace(child.process, &how));
	CHECK_IS(child_wait(&child), 1);
	OK(sys_handle_close(how.vmem));
	replace_share_end();
}

/* Two threads of a process replace it at once, with long lists; and somebody kills it meanwhile. */
static handle_t long_list[20000];
static void replace_too(void *argument)
{
	struct process_replacement how = argument ? replace_shared->second : replace_next;
	how.vmem = replace_shared->handle[(uintptr_t)argument];
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
		long_list[i] = replace_shared->handle[2];
	thread_begin_at(&other, MAIN_PRIORITY, replace_too, (void *)1);
	replace_shared->word[6] = 1;
	replace_too(argument);
	return 1;
}

static uint32_t succeeded(void *argument)
{
	(void)argument;
	return replace_handle_count() == 1 ? 77 : 2;
}

static void races(void)
{
	struct child child;
	test_begin("two_threads_that_replace_their_process_at_once_do_it_once");
	replace_share_begin();
	for (unsigned round = 0; round < 10; round++) {
		child_make(&child, "twice");
		replace_share_with(child.vmem);
		replace_shared->handle[1] = replace_give_image(&child, succeeded, 0);
		replace_shared->second = replace_next;
		replace_shared->handle[0] = replace_give_image(&child, succeeded, 0);
		replace_shared->handle[2] = child_give(&child, grant("log"), RIGHT_WRITE);
		child_start(&child, replace_twice, 0);
		CHECK_IS(child_wait(&child), 77);
	}
	replace_share_end();

	test_begin("a_process_can_be_killed_at_any_moment_of_its_replacement");
	replace_share_begin();
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	for (unsigned round = 0; round < 100; round++) {
		child_make(&child, "killed");
		replace_share_with(child.vmem);
		replace_shared->word[6] = 0;
		replace_shared->handle[1] = replace_give_image(&child, replace_spin, 0);
		replace_shared->second = replace_next;
		replace_shared->handle[0] = replace_give_image(&child, replace_spin, 0);
		replace_shared->handle[2] = child_give(&child, grant("log"), RIGHT_WRITE);
		child_start(&child, round % 2 ? replace_twice : replace_many_threads, 0);
		replace_pause_ns((round % 2 ? 1 : 20) * MS + round * 30000);
		child_kill(&child);
	}
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, MAIN_PRIORITY));
	replace_share_end();
}

/* Who replaces another process is killed meanwhile: it has happened, or nothing has. */
static uint32_t replace_victim(void *argument)
{
	static handle_t keep[30000];
	struct process_replacement how = replace_next;
	for (unsigned i = 0; i < 30000; i++)
		keep[i] = replace_shared->handle[2];
	(void)argument;
	how.vmem = replace_shared->handle[0];
	how.keep = (uint64_t)keep;
	how.keep_count = 30000;
	replace_shared->word[6] = 1;
	return 100 + sys_process_replace(replace_shared->handle[1], &how);
}

static void killed_supervisor(void)
{
	struct child victim, supervisor;
	test_begin("a_supervisor_that_is_killed_while_it_replaces_a_process_has_done_it_or_not");
	replace_share_begin();
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	for (unsigned round = 0; round < 30; round++) {
		child_make(&victim, "victim");
		child_make(&supervisor, "supervisor");
		replace_share_with(victim.vmem);
		replace_share_with(supervisor.vmem);
		replace_shared->word[6] = 0;
		replace_shared->handle[2] = child_give(&victim, grant("log"), RIGHT_WRITE);
		replace_shared->handle[0] = replace_give_image(&supervisor, succeeded, 0);
		child_start(&victim, replace_spin, 0);
		replace_shared->handle[1] = child_give(&supervisor, victim.process, RIGHTS_ALL);
		child_start(&supervisor, replace_victim, 0);
		while (!__atomic_load_n(&replace_shared->word[6], __ATOMIC_ACQUIRE))
			replace_pause_ns(50000);
		replace_pause_ns(round * 20000);
		OK(sys_process_kill(supervisor.process, PROCESS_STATUS_KILLED));
		child_wait(&supervisor);
		OK(sys_process_kill(victim.process, PROCESS_STATUS_KILLED));
		uint32_t status = child_wait(&victim);
		CHECK(status == PROCESS_STATUS_KILLED || status == 77);
	}
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, MAIN_PRIORITY));
	replace_share_end();
}

void test_replace_races(void)
{
	refused();
	races();
	killed_supervisor();
}
