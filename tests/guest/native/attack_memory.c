/* Attacks by appetite: everything that can be had, until there is no more. The error is the attacker's, and all comes back. */
#include "abi/exception.h"
#include "tests/guest/native/attack.h"

#define GIB (1ull << 30)
#define WIDE (4096 * GIB)

static bool is_refusal(status_t status)
{
	return status == ERR_NO_MEMORY || status == ERR_QUOTA || status == ERR_NO_HANDLES || status == ERR_TOO_LARGE ||
	        status == ERR_NO_SPACE;
}

static uint32_t touch(uint64_t stride)
{
	uint64_t start = 0;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, WIDE, MAP_READ | MAP_WRITE, 0, 0, &start))
		return 1;
	for (uint64_t at = start; at < start + WIDE; at += stride)
		*(volatile uint8_t *)at = 1;
	return 2;
}

static uint32_t touch_pages(void *argument)
{
	(void)argument;
	return touch(PAGE);
}

static uint32_t touch_tables(void *argument)
{
	(void)argument;
	return touch(2ull << 20);
}

static uint32_t touch_high_tables(void *argument)
{
	(void)argument;
	return touch(GIB);
}

static uint32_t fill_frames(void *argument)
{
	handle_t frame;
	uint64_t copied;
	status_t status = sys_frame_create(64 * GIB, 0, &frame);
	(void)argument;
	for (uint64_t at = 0; !status; at += 64 * PAGE)
		status = sys_frame_write(frame, at, (void *)((uint64_t)start_block & ~(PAGE - 1)), PAGE, &copied);
	return is_refusal(status) ? 0 : status + 1000;
}

static uint32_t make_notifies(void *argument)
{
	handle_t handle;
	status_t status;
	(void)argument;
	do
		status = sys_notify_create(&handle);
	while (!status);
	return is_refusal(status) ? 0 : status + 1000;
}

static uint32_t make_threads(void *argument)
{
	handle_t handle;
	uint64_t block;
	uint32_t number;
	status_t status;
	(void)argument;
	do
		status = sys_thread_create(HANDLE_SELF_PROCESS, &handle, &block, &number);
	while (!status);
	return is_refusal(status) ? 0 : status + 1000;
}

static handle_t group_there;

static uint32_t make_processes(void *argument)
{
	handle_t process, vmem;
	uint32_t number;
	status_t status;
	(void)argument;
	do
		status = sys_process_create(group_there, "many", &process, &vmem, &number);
	while (!status);
	return is_refusal(status) ? 0 : status + 1000;
}

static uint32_t make_mappings(void *argument)
{
	uint64_t address;
	status_t status;
	(void)argument;
	do
		status = sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ, 0, 0, &address);
	while (!status);
	return is_refusal(status) ? 0 : status + 1000;
}

static uint32_t make_contiguous(void *argument)
{
	handle_t handle;
	status_t status;
	(void)argument;
	do
		status = sys_frame_create(4ull << 20, FRAME_CONTIGUOUS, &handle);
	while (!status);
	return is_refusal(status) ? 0 : status + 1000;
}

static uint32_t make_channels(void *argument)
{
	handle_t receiver, sender;
	status_t status = sys_channel_create(&receiver);
	(void)argument;
	for (uint64_t stamp = 0; !status; stamp++) {
		status = sys_channel_mint(receiver, stamp * 0x9e3779b97f4a7c15, RIGHTS_ALL, &sender);
		if (!status)
			status = sys_handle_close(sender); /* it stays, as the message of its end */
	}
	return is_refusal(status) ? 0 : status + 1000;
}

static const struct appetite {
	const char *name;
	uint32_t (*eat)(void *argument);
	uint32_t status;
} appetites[] = {
        {"who_touches_all_pages_ends_alone", touch_pages, PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT},
        {"who_needs_all_tables_ends_alone", touch_tables, PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT},
        {"who_touches_widely_ends_alone", touch_high_tables, 2},
        {"who_fills_a_frame_without_end_is_refused", fill_frames, 0},
        {"who_makes_notifies_without_end_is_refused", make_notifies, 0},
        {"who_makes_threads_without_end_is_refused", make_threads, 0},
        {"who_makes_processes_without_end_is_refused", make_processes, 0},
        {"who_maps_without_end_is_refused", make_mappings, 0},
        {"who_makes_contiguous_frames_without_end_is_refused", make_contiguous, 0},
        {"who_makes_senders_without_end_is_refused", make_channels, 0},
};

#define APPETITES (sizeof appetites / sizeof *appetites)

static handle_t full;

static uint32_t eat_and_keep(void *argument)
{
	const struct appetite *appetite = argument;
	uint64_t bits;
	const volatile handle_t *page_of_variables = &full;
	(void)*page_of_variables;
	appetite->eat(0);
	(void)!sys_notify_signal(full, 1);
	(void)!sys_notify_wait(full, 2, DEADLINE_NEVER, &bits);
	return 0;
}

static void begin(struct child *child, uint32_t (*function)(void *argument), const struct appetite *appetite)
{
	child_make(child, "hungry");
	group_there = child_give(child, grant("group"), RIGHTS_ALL);
	child_start(child, function, (void *)(uintptr_t)appetite);
}

/* What the one that starts all others needs in order to go on. */
static void need_something(void)
{
	uint64_t address;
	handle_t notify;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 64 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &address));
	for (unsigned i = 0; i < 64; i++)
		*(volatile uint8_t *)(address + i * PAGE) = 1;
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, address, 64 * PAGE));
	OK(sys_notify_create(&notify));
	OK(sys_handle_close(notify));
}

void attack_memory(void)
{
	struct child child;
	for (unsigned i = 0; i < APPETITES; i++) {
		test_begin(appetites[i].name);
		uint64_t before = pages_free();
		begin(&child, appetites[i].eat, &appetites[i]);
		CHECK_IS(child_wait(&child), appetites[i].status);
		check_pages(before);
	}
	for (unsigned i = 3; i < APPETITES; i++) {
		uint64_t bits;
		test_begin("the_first_process_lives_while_another_keeps_all");
		say("%s", appetites[i].name);
		uint64_t before = pages_free();
		OK(sys_notify_create(&full));
		handle_t own = full;
		child_make(&child, "full");
		group_there = child_give(&child, grant("group"), RIGHTS_ALL);
		full = child_give(&child, own, RIGHTS_ALL);
		child_start(&child, eat_and_keep, (void *)(uintptr_t)&appetites[i]);
		OK(sys_notify_wait(own, 1, now() + 20000 * MS, &bits));
		need_something();
		child_kill(&child);
		OK(sys_handle_close(own));
		check_pages(before);
	}
}
