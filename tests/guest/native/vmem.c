/* Address spaces: rights on real hardware, replacing and unmapping under the hands of other threads, and calls that take long. */
#include "abi/exception.h"
#include "tests/guest/native/test.h"

#define READ_WRITE (MAP_READ | MAP_WRITE)
#define FAULTED (PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT)

static uint64_t map(uint64_t address, uint64_t pages, uint32_t flags, handle_t frame)
{
	uint64_t at = 0;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, address, pages * PAGE, flags, frame, 0, &at));
	return at;
}

static void unmap(uint64_t address, uint64_t pages)
{
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, address, pages * PAGE));
}

static volatile uint64_t *word_at(uint64_t address)
{
	return (volatile uint64_t *)address;
}

/* What a child does to a page that it maps itself: reads, writes or runs it, after it got these rights. */
struct access {
	uint32_t rights;
	char kind;
	uint32_t status;
};

static uint32_t do_access(void *argument)
{
	const struct access *access = argument;
	uint64_t at;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, READ_WRITE, 0, 0, &at))
		return 1;
	*word_at(at) = 0xc3; /* ret */
	if (sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, access->rights))
		return 2;
	if (access->kind == 'r')
		(void)*word_at(at);
	else if (access->kind == 'w')
		*word_at(at) = 5;
	else
		__asm__ volatile("call *%0" : : "r"(at) : "memory");
	return 0;
}

static void rights(void)
{
	static const struct access cases[] = {
	        {0, 'r', FAULTED},
	        {0, 'w', FAULTED},
	        {0, 'x', FAULTED},
	        {MAP_READ, 'r', 0},
	        {MAP_READ, 'w', FAULTED},
	        {MAP_READ, 'x', FAULTED},
	        {READ_WRITE, 'r', 0},
	        {READ_WRITE, 'w', 0},
	        {READ_WRITE, 'x', FAULTED},
	        {MAP_READ | MAP_EXECUTE, 'r', 0},
	        {MAP_READ | MAP_EXECUTE, 'w', FAULTED},
	        {MAP_READ | MAP_EXECUTE, 'x', 0},
	};
	test_begin("the_processor_holds_to_what_protect_says");
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct child child;
		child_make(&child, "access");
		child_start(&child, do_access, (void *)(uintptr_t)&cases[i]);
		CHECK_IS(child_wait(&child), cases[i].status);
	}

	test_begin("memory_keeps_its_content_while_nobody_may_touch_it");
	uint64_t at = map(0, 3, READ_WRITE, 0);
	*word_at(at + PAGE) = 42;
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, at, 3 * PAGE, 0));
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, at, 3 * PAGE, MAP_READ));
	CHECK_IS(*word_at(at + PAGE), 42);
	CHECK_IS(sys_vmem_protect(HANDLE_SELF_VMEM, at, 4 * PAGE, MAP_READ), ERR_BAD_ADDRESS);
	CHECK_IS(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, MAP_WRITE | MAP_EXECUTE), ERR_BAD_ARGUMENT);
	unmap(at, 3);

	test_begin("a_handle_conveys_what_its_mappings_may_ever_be");
	handle_t frame, reader;
	OK(sys_frame_create(PAGE, 0, &frame));
	OK(sys_handle_duplicate(frame, RIGHT_READ | RIGHT_INSPECT, &reader));
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_WRITE, reader, 0, &at), ERR_NO_RIGHT);
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_EXECUTE, reader, 0, &at), ERR_NO_RIGHT);
	at = map(0, 1, MAP_READ, reader);
	CHECK_IS(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, READ_WRITE), ERR_NO_RIGHT);
	CHECK_IS(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, MAP_EXECUTE), ERR_NO_RIGHT);
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, 0));
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, MAP_READ));
	CHECK_IS(*word_at(at), 0);
	unmap(at, 1);
	OK(sys_handle_close(frame));
	OK(sys_handle_close(reader));
}

#define BIG 2000u

/* Another thread that reads all over a range until it is told to stop; it counts pages that are neither old nor new. */
static struct {
	uint64_t start;
	volatile uint32_t stop;
	uint64_t wrong, rounds;
} reader;

static void read_everywhere(void *argument)
{
	(void)argument;
	while (!reader.stop) {
		for (unsigned i = 0; i < BIG; i += 7) {
			uint64_t word = *word_at(reader.start + i * PAGE);
			reader.wrong += word != 0 && word != i + 1;
		}
		reader.rounds++;
		sys_thread_yield();
	}
}

static void replacing(void)
{
	test_begin("a_large_mapping_is_replaced_while_another_thread_reads_it");
	uint64_t at = map(0, BIG, READ_WRITE, 0);
	for (unsigned round = 0; round < 5; round++) {
		struct thread other;
		for (unsigned i = 0; i < BIG; i++)
			*word_at(at + i * PAGE) = i + 1;
		reader.start = at;
		reader.stop = 0;
		thread_begin_at(&other, MAIN_PRIORITY, read_everywhere, 0);
		sys_thread_yield();
		CHECK_IS(map(at, BIG, READ_WRITE | MAP_FIXED, 0), at);
		for (unsigned i = 0; i < BIG; i++)
			CHECK_IS(*word_at(at + i * PAGE), 0);
		reader.stop = 1;
		thread_join(&other);
	}
	CHECK_IS(reader.wrong, 0);
	CHECK(reader.rounds >= 5); /* one for each time that it was let run, more if it came in between */
	unmap(at, BIG);
}

/* Reads a page again and again, until it is gone under its hands. */
static void read_until_gone(void *argument)
{
	while (true)
		(void)*word_at(*(uint64_t *)argument);
}

static uint32_t unmap_under_a_thread(void *argument)
{
	struct thread other;
	static uint64_t at;
	(void)argument;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ, 0, 0, &at))
		return 1;
	thread_begin_at(&other, MAIN_PRIORITY, read_until_gone, &at);
	sys_thread_yield();
	if (sys_vmem_unmap(HANDLE_SELF_VMEM, at, PAGE))
		return 2;
	pause_ms(1000);
	return 3;
}

static void unmapping(void)
{
	test_begin("what_is_unmapped_is_gone_for_other_threads_too");
	struct child child;
	child_make(&child, "unmap");
	child_start(&child, unmap_under_a_thread, 0);
	CHECK_IS(child_wait(&child), FAULTED);

	test_begin("a_heap_shrinks_and_grows_with_zeros");
	uint64_t at = map(0, BIG, 0, 0);
	map(at, BIG, READ_WRITE | MAP_FIXED, 0);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < BIG; i++) {
			CHECK_IS(*word_at(at + i * PAGE), i < 10 && round ? 1 : 0);
			*word_at(at + i * PAGE) = 1;
		}
		unmap(at + 10 * PAGE, BIG - 10);
		map(at + 10 * PAGE, BIG - 10, READ_WRITE | MAP_FIXED_EMPTY, 0);
	}
	unmap(at, BIG);

	test_begin("every_second_page_can_be_unmapped_and_the_rest_at_once");
	at = map(0, BIG, READ_WRITE, 0);
	for (unsigned i = 0; i < BIG; i++)
		*word_at(at + i * PAGE) = i;
	for (unsigned i = 0; i < BIG; i += 2)
		unmap(at + i * PAGE, 1);
	for (unsigned i = 1; i < BIG; i += 2)
		CHECK_IS(*word_at(at + i * PAGE), i);
	unmap(at, BIG);
	CHECK_IS(sys_vmem_protect(HANDLE_SELF_VMEM, at + PAGE, PAGE, MAP_READ), ERR_BAD_ADDRESS);
}

static void walking(void)
{
	test_begin("a_walk_meets_every_mapping_once_in_order");
	handle_t vmem, frame;
	uint64_t at, start, end, offset;
	uint32_t flags;
	OK(sys_vmem_create(&vmem));
	CHECK_IS(sys_vmem_walk(vmem, 0, &start, &end, &flags, &offset), ERR_NOT_FOUND);
	OK(sys_frame_create(4 * PAGE, 0, &frame));
	OK(sys_vmem_map(vmem, 16 * PAGE, 2 * PAGE, MAP_READ | MAP_FIXED, frame, PAGE, &at));
	OK(sys_vmem_map(vmem, 20 * PAGE, PAGE, READ_WRITE | MAP_FIXED | MAP_SHARE, frame, 2 * PAGE, &at));
	OK(sys_vmem_map(vmem, 21 * PAGE, PAGE, MAP_WRITE | MAP_FIXED | MAP_NO_INHERIT, 0, 0, &at));
	CHECK_IS(sys_vmem_map(vmem, 0, PAGE, MAP_SHARE | MAP_NO_INHERIT, 0, 0, &at), ERR_BAD_ARGUMENT);
	OK(sys_vmem_walk(vmem, 17 * PAGE, &start, &end, &flags, &offset));
	CHECK_IS(start, 16 * PAGE);
	CHECK_IS(end, 18 * PAGE);
	CHECK_IS(flags, MAP_READ);
	CHECK_IS(offset, PAGE);
	OK(sys_vmem_walk(vmem, end, &start, &end, &flags, &offset));
	CHECK_IS(start, 20 * PAGE);
	CHECK_IS(flags, READ_WRITE | MAP_SHARE);
	CHECK_IS(offset, 2 * PAGE);
	OK(sys_vmem_walk(vmem, end, &start, &end, &flags, &offset));
	CHECK_IS(start, 21 * PAGE);
	CHECK_IS(end, 22 * PAGE);
	CHECK_IS(flags, READ_WRITE | MAP_NO_INHERIT);
	CHECK_IS(sys_vmem_walk(vmem, end, &start, &end, &flags, &offset), ERR_NOT_FOUND);
	CHECK_IS(sys_vmem_walk(vmem, UINT64_MAX, &start, &end, &flags, &offset), ERR_NOT_FOUND);
	OK(sys_handle_close(vmem));
	OK(sys_handle_close(frame));
}

/* Ends in the middle of an unmap that takes long: whoever calls next finishes it. */
static void unmap_all(void *argument)
{
	(void)!sys_vmem_unmap(HANDLE_SELF_VMEM, *(uint64_t *)argument, BIG * PAGE);
}

static void other_spaces(void)
{
	test_begin("another_process_is_mapped_for_before_it_starts");
	handle_t frame;
	struct child child;
	uint64_t copied, at;
	const uint64_t number = 0x1122334455667788;
	OK(sys_frame_create(PAGE, 0, &frame));
	OK(sys_frame_write(frame, 8, &number, sizeof number, &copied));
	child_make(&child, "mapped for");
	OK(sys_vmem_map(child.vmem, 0, PAGE, MAP_READ, frame, 0, &at));
	CHECK_IS(sys_vmem_map(child.vmem, at, PAGE, MAP_READ | MAP_FIXED_EMPTY, frame, 0, &at), ERR_EXISTS);
	CHECK_IS(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, MAP_READ), ERR_BAD_ADDRESS);
	OK(sys_vmem_unmap(child.vmem, at, PAGE));
	OK(sys_handle_close(frame));
	child_kill(&child);

	test_begin("who_waits_for_a_long_unmap_is_not_held_up_by_its_thread");
	struct thread other;
	uint64_t start = map(0, BIG, READ_WRITE, 0);
	for (unsigned i = 0; i < BIG; i++)
		*word_at(start + i * PAGE) = 1;
	thread_begin_at(&other, MAIN_PRIORITY, unmap_all, &start);
	for (unsigned i = 0; i < 50; i++)
		unmap(map(0, 1, READ_WRITE, 0), 1);
	thread_join(&other);
	CHECK_IS(map(start, BIG, READ_WRITE | MAP_FIXED_EMPTY, 0), start);
	CHECK_IS(*word_at(start), 0);
	unmap(start, BIG);
}

static uint64_t resident(void)
{
	struct process_stats stats;
	OK(sys_process_stats(HANDLE_SELF_PROCESS, &stats));
	return stats.resident_pages;
}

static void ready_pages(void)
{
	const uint64_t number = 0x99;
	uint64_t copied, before, at;
	handle_t frame, clone, device;
	test_begin("a_mapping_that_is_ready_has_the_pages_of_its_frame_and_no_others");
	OK(sys_frame_create(200 * PAGE, 0, &frame));
	for (unsigned i = 0; i < 200; i += i < 60 ? 3 : 1)
		OK(sys_frame_write(frame, i * PAGE, &number, sizeof number, &copied));
	before = resident();
	at = map(0, 200, MAP_READ | MAP_READY, frame);
	CHECK_IS(resident() - before, 20 + 68); /* of the first 128 */
	CHECK_IS(*word_at(at + 3 * PAGE), number);
	CHECK_IS(*word_at(at + 4 * PAGE), 0);
	CHECK_IS(*word_at(at + 199 * PAGE), number);
	unmap(at, 200);
	CHECK_IS(resident(), before);
	at = map(0, 200, MAP_READY, frame); /* without access: nothing is there to be found */
	CHECK_IS(resident(), before);
	unmap(at, 200);

	test_next("what_is_written_to_a_ready_page_does_not_show_in_a_clone_of_the_frame");
	OK(sys_frame_clone(frame, &clone));
	at = map(0, 200, READ_WRITE | MAP_READY, frame);
	*word_at(at + 3 * PAGE) = 1;
	uint64_t word = 0;
	OK(sys_frame_read(clone, 3 * PAGE, &word, sizeof word, &copied));
	CHECK_IS(word, number);
	unmap(at, 200);
	OK(sys_handle_close(clone));
	OK(sys_handle_close(frame));

	test_begin("pages_of_contiguous_memory_are_ready_once_they_were_used");
	OK(sys_frame_create(8 * PAGE, FRAME_CONTIGUOUS, &frame));
	before = resident();
	at = map(0, 8, READ_WRITE | MAP_READY, frame);
	CHECK_IS(resident(), before); /* nothing was zeroed yet */
	*word_at(at + 2 * PAGE) = number;
	*word_at(at + 5 * PAGE) = number;
	unmap(at, 8);
	CHECK_IS(resident(), before);
	at = map(0, 8, READ_WRITE | MAP_READY, frame);
	CHECK_IS(resident() - before, 2);
	CHECK_IS(*word_at(at + 5 * PAGE), number);
	for (unsigned i = 0; i < 8; i++)
		CHECK_IS(*word_at(at + i * PAGE), i == 2 || i == 5 ? number : 0);
	unmap(at, 8);
	OK(sys_handle_close(frame));

	test_begin("memory_of_a_device_can_be_asked_to_be_ready");
	OK(sys_frame_create_device(grant("machine"), 0xfec00000, PAGE, CACHE_UNCACHED, &device));
	at = map(0, 1, MAP_READ | MAP_READY, device);
	unmap(at, 1);
	OK(sys_handle_close(device));
}

static void writing(void)
{
	static char text[3 * PAGE + 100], back[sizeof text];
	uint64_t at, copied = 0, start;
	handle_t vmem, frame, onlooker;
	test_begin("what_is_written_into_another_address_space_is_there");
	for (unsigned i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 7 + i / 256);
	OK(sys_frame_create(8 * PAGE, 0, &frame));
	OK(sys_vmem_create(&vmem));
	OK(sys_vmem_map(vmem, 0, 8 * PAGE, READ_WRITE, frame, 0, &at));
	OK(sys_vmem_write(vmem, at + PAGE - 50, text, sizeof text, &copied));
	CHECK_IS(copied, sizeof text);
	OK(sys_frame_read(frame, PAGE - 50, back, sizeof back, &copied));
	CHECK_IS(memcmp(text, back, sizeof text), 0);
	OK(sys_vmem_write(vmem, at, text, 0, &copied));
	CHECK_IS(copied, 0);

	test_next("nothing_is_written_where_it_may_not");
	CHECK_IS(sys_vmem_write(vmem, at - PAGE, text, 8, &copied), ERR_BAD_ADDRESS);
	OK(sys_vmem_write(vmem, at + 7 * PAGE, text, 2 * PAGE, &copied));
	CHECK_IS(copied, PAGE);
	OK(sys_vmem_write(vmem, USER_TOP - PAGE, text, 0, &copied));
	CHECK_IS(sys_vmem_write(vmem, USER_TOP - 1, text, 2, &copied), ERR_BAD_ADDRESS);
	CHECK_IS(sys_vmem_write(vmem, UINT64_MAX - 4, text, 8, &copied), ERR_BAD_ADDRESS);
	CHECK_IS(sys_vmem_write(vmem, at, text, UINT64_MAX, &copied), ERR_BAD_ADDRESS);
	OK(sys_vmem_protect(vmem, at, PAGE, MAP_READ));
	CHECK_IS(sys_vmem_write(vmem, at, text, 8, &copied), ERR_BAD_ADDRESS);
	OK(sys_vmem_write(vmem, at + PAGE, text, 8, &copied));

	test_next("nothing_is_read_where_it_can_not_be");
	start = map(0, 2, READ_WRITE, 0);
	unmap(start + PAGE, 1);
	CHECK_IS(sys_vmem_write(vmem, at + PAGE, (void *)(start + PAGE), 8, &copied), ERR_BAD_ADDRESS);
	CHECK_IS(sys_vmem_write(vmem, at + PAGE, (void *)0xffff800000000000, 8, &copied), ERR_BAD_ADDRESS);
	*word_at(start + PAGE - 8) = 77;
	OK(sys_vmem_write(vmem, at + 2 * PAGE, (void *)(start + PAGE - 8), 16, &copied));
	CHECK_IS(copied, 8);
	unmap(start, 1);

	test_next("who_may_only_look_at_an_address_space_writes_nothing");
	OK(sys_handle_duplicate(vmem, RIGHT_INSPECT, &onlooker));
	CHECK_IS(sys_vmem_write(onlooker, at + PAGE, text, 8, &copied), ERR_NO_RIGHT);
	OK(sys_handle_close(onlooker));
	OK(sys_handle_close(vmem));
	OK(sys_handle_close(frame));
}

void test_vmem(void)
{
	ready_pages();
	writing();
	rights();
	replacing();
	unmapping();
	walking();
	other_spaces();
}
