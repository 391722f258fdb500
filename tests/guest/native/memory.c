/* Memory as programs see it: what is mapped, what is refused, and that what is unmapped is given back. */
#include "tests/guest/native/test.h"

static void mappings(void)
{
	uint64_t at, other;
	test_begin("fresh_memory_is_zero_and_keeps_what_is_written");
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 64 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &at));
	uint64_t *words = (uint64_t *)at;
	for (unsigned i = 0; i < 64 * PAGE / 8; i++) {
		CHECK_IS(words[i], 0);
		words[i] = i;
	}
	for (unsigned i = 0; i < 64 * PAGE / 8; i++)
		CHECK_IS(words[i], i);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, 64 * PAGE));

	test_begin("a_mapping_is_refused_where_one_is_and_where_none_may_be");
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 64 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &at));
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, at, PAGE, MAP_READ | MAP_FIXED_EMPTY, 0, 0, &other), ERR_EXISTS);
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, 0, 0, MAP_READ, 0, 0, &other), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, USER_TOP, PAGE, MAP_READ | MAP_FIXED, 0, 0, &other), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ | MAP_WRITE | MAP_EXECUTE, 0, 0, &other), ERR_BAD_ARGUMENT);
	CHECK(sys_vmem_map(HANDLE_SELF_VMEM, 0, UINT64_MAX & ~(PAGE - 1), MAP_READ, 0, 0, &other) != ERR_OK);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, 64 * PAGE));

	test_begin("a_frame_is_shared_by_all_its_mappings");
	handle_t frame;
	uint64_t copied;
	OK(sys_frame_create(3 * PAGE, 0, &frame));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 3 * PAGE, MAP_READ | MAP_WRITE, frame, 0, &at));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ, frame, PAGE, &other));
	*(volatile uint64_t *)(at + PAGE + 8) = 99;
	CHECK_IS(*(volatile uint64_t *)(other + 8), 99);
	uint64_t word = 0;
	OK(sys_frame_read(frame, PAGE + 8, &word, 8, &copied));
	CHECK_IS(word, 99);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, 3 * PAGE));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, other, PAGE));
	OK(sys_handle_close(frame));

	test_begin("pages_that_were_unmapped_are_free_again");
	struct machine_stats before, after;
	pause_ms(5);
	OK(sys_machine_stats(grant("machine"), &before));
	for (unsigned round = 0; round < 20; round++) {
		OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 500 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &at));
		for (unsigned i = 0; i < 500; i++)
			*(volatile uint8_t *)(at + i * PAGE) = 1;
		OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, 500 * PAGE));
	}
	pause_ms(5);
	OK(sys_machine_stats(grant("machine"), &after));
	CHECK(after.pages_free + 16 >= before.pages_free);
}

static uint32_t use_up_memory(void *argument)
{
	(void)argument;
	for (;;) {
		uint64_t at;
		if (sys_vmem_map(HANDLE_SELF_VMEM, 0, 1024 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &at))
			return 1;
		for (unsigned i = 0; i < 1024; i++)
			*(volatile uint8_t *)(at + i * PAGE) = 1;
	}
}

static void exhaustion(void)
{
	test_begin("a_process_that_uses_up_all_memory_ends_and_the_others_go_on");
	struct child child;
	struct machine_stats before, after;
	OK(sys_machine_stats(grant("machine"), &before));
	child_make(&child, "greedy");
	child_start(&child, use_up_memory, 0);
	uint32_t status = child_wait(&child);
	CHECK(status == 1 || status == PROCESS_STATUS_FAULT + 14);
	for (unsigned tries = 0; tries < 500; tries++) {
		OK(sys_machine_stats(grant("machine"), &after));
		if (after.pages_free + 64 >= before.pages_free)
			break;
		pause_ms(10);
	}
	CHECK(after.pages_free + 64 >= before.pages_free);
}

void test_memory(void)
{
	mappings();
	exhaustion();
}
