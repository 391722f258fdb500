/* Frames: copies by handle, lengths that change while others have them mapped, and memory of the other kinds. */
#include "abi/exception.h"
#include "tests/guest/native/test.h"

#define READ_WRITE (MAP_READ | MAP_WRITE)

static volatile uint64_t *word_at(uint64_t address)
{
	return (volatile uint64_t *)address;
}

static void copies(void)
{
	enum { PAGES = 40 };
	handle_t frame, reader;
	uint64_t at, copied = 0, resident, length;
	uint32_t flags;

	test_begin("what_is_written_to_a_frame_is_read_from_it_at_every_offset");
	OK(sys_frame_create(PAGES * PAGE - 5, 0, &frame));
	OK(sys_frame_info(frame, &length, &resident, &flags));
	CHECK_IS(length, PAGES * PAGE);
	CHECK_IS(resident, 0);
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, READ_WRITE, 0, 0, &at));
	for (unsigned i = 0; i < PAGES * PAGE / 8; i++)
		word_at(at)[i] = i * 0x9e3779b97f4a7c15ull;
	OK(sys_frame_write(frame, 0, (void *)at, PAGES * PAGE, &copied));
	CHECK_IS(copied, PAGES * PAGE);
	for (unsigned i = 0; i < 60; i++) {
		static uint8_t buffer[3 * PAGE];
		uint64_t offset = random_next() % (PAGES * PAGE), size = random_next() % sizeof buffer;
		uint64_t rest = PAGES * PAGE - offset;
		OK(sys_frame_read(frame, offset, buffer, size, &copied));
		CHECK_IS(copied, size < rest ? size : rest);
		CHECK(!memcmp(buffer, (void *)(at + offset), copied));
	}

	test_next("a_copy_ends_with_the_frame_or_with_the_memory");
	OK(sys_frame_read(frame, PAGES * PAGE, (void *)at, 8, &copied));
	CHECK_IS(copied, 0);
	OK(sys_frame_read(frame, UINT64_MAX, (void *)at, 8, &copied));
	CHECK_IS(copied, 0);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at + 2 * PAGE, (PAGES - 2) * PAGE));
	OK(sys_frame_read(frame, 0, (void *)(at + 8), 10 * PAGE, &copied));
	CHECK_IS(copied, 2 * PAGE - 8);
	OK(sys_frame_write(frame, 0, (void *)(at + 8), 10 * PAGE, &copied));
	CHECK_IS(copied, 2 * PAGE - 8);
	CHECK_IS(sys_frame_read(frame, 0, (void *)(at + 2 * PAGE), 8, &copied), ERR_BAD_ADDRESS);
	CHECK_IS(sys_frame_read(frame, 0, (void *)0xffffffff80000000, 8, &copied), ERR_BAD_ADDRESS);
	CHECK_IS(sys_frame_write(frame, 0, (void *)(USER_TOP - 4), 8, &copied), ERR_BAD_ADDRESS);
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, MAP_READ));
	CHECK_IS(sys_frame_read(frame, 0, (void *)at, 8, &copied), ERR_BAD_ADDRESS);
	OK(sys_frame_write(frame, 0, (void *)at, 8, &copied));

	test_next("others_read_as_far_as_its_end_was_set");
	OK(sys_handle_duplicate(frame, RIGHT_READ, &reader));
	OK(sys_frame_set_end(frame, PAGE + 5));
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, READ_WRITE));
	OK(sys_frame_read(reader, PAGE, (void *)at, 64, &copied));
	CHECK_IS(copied, 5);
	OK(sys_frame_read(reader, PAGE + 5, (void *)at, 64, &copied));
	CHECK_IS(copied, 0);
	OK(sys_frame_read(reader, 8, (void *)at, 10 * PAGE, &copied));
	CHECK_IS(copied, PAGE - 3);
	OK(sys_frame_read(frame, PAGE, (void *)at, 64, &copied));
	CHECK_IS(copied, 64);
	CHECK_IS(sys_frame_set_end(reader, 0), ERR_NO_RIGHT);
	OK(sys_frame_set_end(frame, 0));
	OK(sys_frame_read(reader, 0, (void *)at, 64, &copied));
	CHECK_IS(copied, 0);
	OK(sys_frame_set_end(frame, UINT64_MAX));
	OK(sys_frame_read(reader, 0, (void *)at, 64, &copied));
	CHECK_IS(copied, 64);
	OK(sys_handle_close(reader));

	test_next("a_handle_without_the_right_neither_writes_nor_resizes");
	OK(sys_handle_duplicate(frame, RIGHT_READ, &reader));
	CHECK_IS(sys_frame_write(reader, 0, (void *)at, 8, &copied), ERR_NO_RIGHT);
	CHECK_IS(sys_frame_resize(reader, PAGE), ERR_NO_RIGHT);
	CHECK_IS(sys_frame_info(reader, &length, &resident, &flags), ERR_NO_RIGHT);
	CHECK_IS(sys_frame_read(HANDLE_SELF_VMEM, 0, (void *)at, 8, &copied), ERR_WRONG_TYPE);
	OK(sys_handle_close(reader));
	OK(sys_handle_close(frame));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, 2 * PAGE));

	test_begin("a_frame_is_copied_onto_memory_that_is_a_mapping_of_itself");
	OK(sys_frame_create(4 * PAGE, 0, &frame));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 4 * PAGE, READ_WRITE, frame, 0, &at));
	*word_at(at) = 7;
	OK(sys_frame_read(frame, 0, (void *)(at + PAGE), PAGE, &copied));
	CHECK_IS(*word_at(at + PAGE), 7);
	OK(sys_frame_write(frame, 2 * PAGE, (void *)at, PAGE, &copied));
	CHECK_IS(*word_at(at + 2 * PAGE), 7);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, 4 * PAGE));
	OK(sys_handle_close(frame));
}

static handle_t shared;
static uint64_t shared_at;

/* Touches all pages of a frame, says so, and reads its last one when it is told to. */
static uint32_t use_shared(void *argument)
{
	handle_t notify = *(handle_t *)argument;
	uint64_t bits, at;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, 300 * PAGE, MAP_READ, shared, 0, &at))
		return 1;
	for (unsigned i = 0; i < 300; i++) {
		if (*word_at(at + i * PAGE) != i)
			return 2;
	}
	if (sys_notify_signal(notify, 1) || sys_notify_wait(notify, 2, DEADLINE_NEVER, &bits))
		return 3;
	if (*word_at(at + 9 * PAGE) != 9)
		return 4;
	return (uint32_t)*word_at(at + 10 * PAGE);
}

static void lengths(void)
{
	struct child child;
	static handle_t notify, there;
	uint64_t bits, length, resident;
	uint32_t flags;

	test_begin("a_shrink_takes_pages_away_from_every_process");
	OK(sys_frame_create(300 * PAGE, 0, &shared));
	handle_t own = shared;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 300 * PAGE, READ_WRITE, own, 0, &shared_at));
	for (unsigned i = 0; i < 300; i++)
		*word_at(shared_at + i * PAGE) = i;
	OK(sys_notify_create(&notify));
	child_make(&child, "sharing");
	there = child_give(&child, notify, RIGHTS_ALL);
	shared = child_give(&child, own, RIGHTS_ALL);
	child_start(&child, use_shared, &there);
	OK(sys_notify_wait(notify, 1, DEADLINE_NEVER, &bits));
	OK(sys_frame_resize(own, 10 * PAGE));
	OK(sys_frame_info(own, &length, &resident, &flags));
	CHECK_IS(length, 10 * PAGE);
	CHECK_IS(resident, 10);
	OK(sys_notify_signal(notify, 2));
	CHECK_IS(child_wait(&child), PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT);

	test_next("what_grows_again_is_zero_in_the_same_mapping");
	OK(sys_frame_resize(own, 300 * PAGE));
	CHECK_IS(*word_at(shared_at + 9 * PAGE), 9);
	for (unsigned i = 10; i < 300; i++)
		CHECK_IS(*word_at(shared_at + i * PAGE), 0);
	CHECK_IS(sys_frame_resize(own, 0), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_frame_resize(own, UINT64_MAX), ERR_TOO_LARGE);
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, 0, 301 * PAGE, MAP_READ, own, 0, &bits), ERR_BAD_ARGUMENT);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, shared_at, 300 * PAGE));
	OK(sys_handle_close(own));
	OK(sys_handle_close(notify));

	test_begin("a_frame_lives_as_long_as_its_last_mapping");
	OK(sys_frame_create(PAGE, 0, &own));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, READ_WRITE, own, 0, &shared_at));
	*word_at(shared_at) = 3;
	OK(sys_handle_close(own));
	CHECK_IS(*word_at(shared_at), 3);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, shared_at, PAGE));
}

static void other_kinds(void)
{
	handle_t frame, machine = grant("machine");
	uint64_t at, length, resident, copied, word;
	uint32_t flags;

	test_begin("a_contiguous_frame_is_whole_zero_and_keeps_its_length");
	OK(sys_frame_create(33 * PAGE, FRAME_CONTIGUOUS | FRAME_BELOW_4G, &frame));
	OK(sys_frame_info(frame, &length, &resident, &flags));
	CHECK_IS(resident, 33);
	CHECK_IS(flags, FRAME_CONTIGUOUS | FRAME_BELOW_4G);
	CHECK_IS(sys_frame_resize(frame, PAGE), ERR_NOT_SUPPORTED);
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 33 * PAGE, READ_WRITE, frame, 0, &at));
	for (unsigned i = 0; i < 33 * PAGE / 8; i++)
		CHECK_IS(word_at(at)[i], 0);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, 33 * PAGE));
	OK(sys_handle_close(frame));
	CHECK_IS(sys_frame_create((4ull << 20) + 1, FRAME_CONTIGUOUS, &frame), ERR_TOO_LARGE);
	CHECK_IS(sys_frame_create(PAGE, FRAME_DEVICE, &frame), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_frame_create(0, 0, &frame), ERR_BAD_ARGUMENT);

	test_begin("a_devices_registers_are_mapped_and_not_copied");
	OK(sys_frame_create_device(machine, 0xfed00000, PAGE, CACHE_UNCACHED, &frame)); /* HPET: its identity is never 0 */
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ, frame, 0, &at));
	CHECK(*word_at(at) != 0 && *word_at(at) != UINT64_MAX);
	CHECK_IS(sys_frame_read(frame, 0, &word, 8, &copied), ERR_NOT_SUPPORTED);
	CHECK_IS(sys_frame_write(frame, 0, &word, 8, &copied), ERR_NOT_SUPPORTED);
	CHECK_IS(sys_frame_resize(frame, 2 * PAGE), ERR_NO_RIGHT);
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_EXECUTE, frame, 0, &word), ERR_NO_RIGHT);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, PAGE));
	OK(sys_handle_close(frame));

	test_begin("memory_is_no_device");
	CHECK_IS(sys_frame_create_device(machine, 0x200000, PAGE, CACHE_UNCACHED, &frame), ERR_DENIED);
	CHECK_IS(sys_frame_create_device(machine, 0, 1ull << 32, CACHE_UNCACHED, &frame), ERR_DENIED);
	CHECK_IS(sys_frame_create_device(machine, 1ull << 52, PAGE, CACHE_UNCACHED, &frame), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_frame_create_device(machine, 0xfed00001, PAGE, CACHE_UNCACHED, &frame), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_frame_create_device(machine, 0xfed00000, PAGE, 4, &frame), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_frame_create_device(machine, 0xfed00000, 0, 0, &frame), ERR_BAD_ARGUMENT);
}

void test_frame(void)
{
	copies();
	lengths();
	other_kinds();
}
