/* Groups: what is in one takes no more than it may, and nobody outside notices; priorities have a ceiling. */
#include "tests/guest/native/test.h"

#define NONE GROUP_NO_LIMIT

static struct group_amounts used_of(handle_t group)
{
	struct group_amounts used = {0}, limits;
	OK(sys_group_info(group, &used, &limits));
	return used;
}

/* Touches fresh memory until that ends it. */
static uint32_t touch_all(void *argument)
{
	uint64_t at, length = 4096 * PAGE;
	(void)argument;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, length, MAP_READ | MAP_WRITE, 0, 0, &at))
		return 1;
	for (uint64_t offset = 0; offset < length; offset += PAGE)
		*(volatile uint8_t *)(at + offset) = 1;
	return 2;
}

static uint32_t make_frames(void *argument)
{
	status_t status = ERR_OK;
	(void)argument;
	for (unsigned i = 0; !status && i < 10000; i++) {
		handle_t frame;
		status = sys_frame_create(PAGE, 0, &frame);
	}
	return status;
}

static void memory(void)
{
	struct child child;
	struct group_amounts used, limits;

	test_begin("a_process_that_takes_more_than_its_group_may_ends_alone");
	handle_t group = group_make(grant("group"), 600, NONE, NONE, 31);
	child_make_in(&child, group, "hog");
	child_start(&child, touch_all, 0);
	uint32_t status = child_wait(&child);
	CHECK(status >= PROCESS_STATUS_FAULT && status < PROCESS_STATUS_KILLED);
	OK(sys_handle_close(group));

	test_begin("a_group_gets_back_what_its_processes_had");
	group = group_make(grant("group"), 600, 500, 7, 31);
	OK(sys_group_info(group, &used, &limits));
	CHECK(used.pages == 0 && used.objects == 0 && used.processes == 0);
	CHECK(limits.pages == 600 && limits.objects == 500 && limits.processes == 7);
	for (unsigned i = 0; i < 3; i++) {
		child_make_in(&child, group, "objects");
		CHECK(used_of(group).pages && used_of(group).objects && used_of(group).processes == 1);
		child_start(&child, make_frames, 0);
		CHECK_IS(child_wait(&child), ERR_QUOTA);
		for (unsigned wait = 0; wait < 300 && used_of(group).pages; wait++)
			pause_ms(10);
		used = used_of(group);
		CHECK(used.pages == 0 && used.objects == 0 && used.processes == 0);
	}
	OK(sys_handle_close(group));

	test_begin("what_a_group_may_have_bounds_those_below_it");
	group = group_make(grant("group"), 400, NONE, NONE, 31);
	handle_t below = group_make(group, NONE, NONE, NONE, 31);
	child_make_in(&child, below, "below");
	child_start(&child, make_frames, 0);
	CHECK_IS(child_wait(&child), ERR_QUOTA);
	OK(sys_handle_close(group));
	OK(sys_handle_close(below));
}

static void lives(void)
{
	struct child child;
	test_begin("a_group_lives_as_long_as_what_is_charged_to_it");
	handle_t group = group_make(grant("group"), 600, NONE, NONE, 31);
	child_make_in(&child, group, "orphan");
	OK(sys_handle_close(group));
	child_start(&child, make_frames, 0);
	CHECK_IS(child_wait(&child), ERR_QUOTA);

	test_begin("thousands_of_groups_come_and_go");
	for (unsigned i = 0; i < 3000; i++) {
		const struct group_amounts limits = {NONE, NONE, NONE};
		status_t status = sys_group_create(grant("group"), &limits, 31, &group);
		while (status == ERR_FULL) { /* the reaper has its turn */
			pause_ms(1);
			status = sys_group_create(grant("group"), &limits, 31, &group);
		}
		OK(status);
		OK(sys_handle_close(group));
	}

	test_begin("groups_are_not_deeper_than_they_may_be");
	const struct group_amounts limits = {NONE, NONE, NONE};
	handle_t groups[40] = {grant("group")};
	unsigned depth = 0;
	status_t status = ERR_OK;
	while (!status && depth < 39) {
		status = sys_group_create(groups[depth], &limits, 31, &groups[depth + 1]);
		depth += !status;
	}
	CHECK_IS(status, ERR_TOO_LARGE);
	CHECK(depth > 4);
	while (depth)
		OK(sys_handle_close(groups[depth--]));
}

/* Clones itself, and each clone ends when a word is written to. How many there can be. */
static uint32_t count_clones(void *argument)
{
	enum { MOST = 40 };
	static handle_t process[MOST], thread[MOST];
	uint32_t made = 0, again = 0, number;
	status_t status = ERR_OK;
	(void)argument;
	while (made < MOST && !status) {
		status = sys_process_clone(0, &process[made], &thread[made], &number, 0);
		made += !status;
	}
	if (status != ERR_FULL)
		return 1000 + status;
	for (uint32_t i = 0; i < made; i++) {
		(void)!sys_handle_close(process[i]);
		(void)!sys_handle_close(thread[i]);
	}
	pause_ms(100);
	for (status = ERR_OK; again < MOST && !status; again += !status)
		status = sys_process_clone(0, &process[again], &thread[again], &number, 0);
	return made == again ? made : 2000 + again;
}

static void processes(void)
{
	struct child child, free_child;
	handle_t group;
	test_begin("a_confined_process_makes_no_more_processes_than_it_may");
	const struct group_amounts limits = {NONE, NONE, 6};
	child_make(&child, "bomb");
	OK(sys_process_confine(child.process, &limits, &group));
	uint32_t type, rights;
	uint64_t object;
	OK(sys_handle_info(group, &type, &rights, &object));
	CHECK(type == OBJECT_GROUP && !(rights & RIGHT_CREATE)); /* nobody can make processes by it who could not before */
	CHECK_IS(used_of(group).processes, 1);
	child_start(&child, count_clones, 0);
	child_make(&free_child, "free");
	CHECK_IS(child_wait(&child), 5);
	child_kill(&free_child);
	OK(sys_handle_close(group));

	test_begin("what_a_confined_process_had_stays_charged_where_it_was");
	child_make(&child, "moved");
	const struct group_amounts little = {10, NONE, NONE};
	OK(sys_process_confine(child.process, &little, &group));
	CHECK_IS(used_of(group).pages, 0);
	CHECK_IS(used_of(group).processes, 1);
	child_start(&child, make_frames, 0);
	CHECK(child.thread); /* one object, and an area for vector state, of the few pages */
	CHECK_IS(child_wait(&child), ERR_QUOTA);
	OK(sys_handle_close(group));

	test_begin("limits_can_be_changed_also_below_what_is_used");
	const struct group_amounts nothing = {0, 0, 0}, plenty = {500, 500, 2};
	group = group_make(grant("group"), 500, NONE, NONE, 31);
	child_make_in(&child, group, "changed");
	OK(sys_group_limit(group, &nothing));
	handle_t other, vmem;
	uint32_t number;
	CHECK_IS(sys_process_create(group, "more", &other, &vmem, &number), ERR_QUOTA);
	OK(sys_group_limit(group, &plenty));
	OK(sys_process_create(group, "more", &other, &vmem, &number));
	OK(sys_handle_close(other));
	OK(sys_handle_close(vmem));
	child_kill(&child);
	OK(sys_handle_close(group));

	test_begin("a_process_that_has_ended_is_not_confined");
	child_make(&child, "ended");
	OK(sys_process_kill(child.process, 3));
	uint64_t bits;
	OK(sys_notify_wait(child.notify, 1, now() + 20000 * MS, &bits));
	CHECK_IS(sys_process_confine(child.process, &limits, &group), ERR_DEAD);
	OK(sys_notify_signal(child.notify, 1));
	CHECK_IS(child_wait(&child), 3);
}

static uint32_t ask_for_priorities(void *argument)
{
	struct thread_info info;
	(void)argument;
	if (sys_thread_info(HANDLE_SELF_THREAD, &info))
		return 1;
	if (sys_thread_set_priority(HANDLE_SELF_THREAD, 8) || sys_thread_set_priority(HANDLE_SELF_THREAD, 7))
		return 2;
	for (uint32_t priority = 9; priority < 32; priority++) {
		if (sys_thread_set_priority(HANDLE_SELF_THREAD, priority) != ERR_NO_RIGHT)
			return 3;
	}
	handle_t thread;
	uint64_t block;
	uint32_t number;
	if (sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number) || sys_thread_info(thread, &info))
		return 4;
	return 100 + info.priority;
}

static void ceilings(void)
{
	struct child child;
	struct group_amounts none = {NONE, NONE, NONE};
	handle_t group, below;
	test_begin("no_thread_is_more_urgent_than_its_group_allows");
	group = group_make(grant("group"), NONE, NONE, NONE, 8);
	child_make_in(&child, group, "low");
	child_start(&child, ask_for_priorities, 0);
	CHECK_IS(child_wait(&child), 108);

	test_next("nor_is_one_of_a_group_below");
	below = group_make(group, NONE, NONE, NONE, 31);
	child_make_in(&child, below, "lower");
	child_start(&child, ask_for_priorities, 0);
	CHECK_IS(child_wait(&child), 108);
	OK(sys_handle_close(below));
	OK(sys_handle_close(group));
	CHECK_IS(sys_group_create(grant("group"), &none, 32, &group), ERR_BAD_ARGUMENT);
}

void test_groups(void)
{
	memory();
	lives();
	processes();
	ceilings();
}
