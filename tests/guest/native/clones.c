/* Clones of frames: what is shared, what is copied, and that nobody sees it. */
#include "abi/exception.h"
#include "tests/guest/native/test.h"

#define READ_WRITE (MAP_READ | MAP_WRITE)
#define PAGES 200u

static volatile uint64_t *word_at(uint64_t address)
{
	return (volatile uint64_t *)address;
}

static uint64_t map(handle_t frame, uint32_t flags)
{
	uint64_t at = 0;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, flags, frame, 0, &at));
	return at;
}

static void unmap(uint64_t at)
{
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, PAGES * PAGE));
}

static uint64_t read_word(handle_t frame, uint64_t page)
{
	uint64_t word = UINT64_MAX, copied = 0;
	OK(sys_frame_read(frame, page * PAGE, &word, sizeof word, &copied));
	return word;
}

static void write_word(handle_t frame, uint64_t page, uint64_t word)
{
	uint64_t copied = 0;
	OK(sys_frame_write(frame, page * PAGE, &word, sizeof word, &copied));
	CHECK_IS(copied, sizeof word);
}

static handle_t numbered_frame(uint64_t *out_at)
{
	handle_t frame;
	OK(sys_frame_create(PAGES * PAGE, 0, &frame));
	*out_at = map(frame, READ_WRITE);
	for (unsigned i = 0; i < PAGES - 20; i++)
		*word_at(*out_at + i * PAGE) = i + 1;
	return frame;
}

static void contents(void)
{
	test_begin("a_clone_and_its_original_do_not_see_each_others_writes");
	uint64_t at, clone_at;
	handle_t frame = numbered_frame(&at), clone;
	uint64_t before = pages_free();
	OK(sys_frame_clone(frame, &clone));
	CHECK(before - pages_free() < 10);
	clone_at = map(clone, READ_WRITE);
	for (unsigned i = 0; i < PAGES; i++) {
		if (i % 3 == 0)
			*word_at(at + i * PAGE) = 1000 + i;
		if (i % 5 == 0)
			*word_at(clone_at + i * PAGE) = 2000 + i;
		if (i % 7 == 0)
			write_word(frame, i, 3000 + i);
		if (i % 11 == 0)
			write_word(clone, i, 4000 + i);
	}
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t first = i < PAGES - 20 ? i + 1 : 0;
		uint64_t own = i % 7 == 0 ? 3000 + i : i % 3 == 0 ? 1000 + i : first;
		uint64_t other = i % 11 == 0 ? 4000 + i : i % 5 == 0 ? 2000 + i : first;
		CHECK_IS(*word_at(at + i * PAGE), own);
		CHECK_IS(read_word(frame, i), own);
		CHECK_IS(*word_at(clone_at + i * PAGE), other);
		CHECK_IS(read_word(clone, i), other);
	}

	test_next("a_clone_keeps_its_pages_when_the_original_shrinks_or_ends");
	OK(sys_frame_resize(frame, 10 * PAGE));
	OK(sys_frame_resize(frame, PAGES * PAGE));
	CHECK_IS(read_word(frame, 3), 1003);
	CHECK_IS(read_word(frame, 13), 0);
	CHECK_IS(*word_at(at + 13 * PAGE), 0);
	CHECK_IS(read_word(clone, 13), 14);
	unmap(at);
	OK(sys_handle_close(frame));
	CHECK_IS(*word_at(clone_at + 14 * PAGE), 15);
	*word_at(clone_at + 14 * PAGE) = 5;
	CHECK_IS(read_word(clone, 14), 5);
	unmap(clone_at);
	OK(sys_handle_close(clone));
}

static void generations(void)
{
	enum { CLONES = 30 };
	handle_t frame[CLONES];
	uint64_t at;
	test_begin("clones_of_clones_keep_what_they_were_made_of");
	frame[0] = numbered_frame(&at);
	unmap(at);
	for (unsigned i = 1; i < CLONES; i++) {
		OK(sys_frame_clone(frame[i - 1], &frame[i]));
		write_word(frame[i - 1], i, 77);
	}
	for (unsigned i = 0; i < CLONES; i++) {
		for (unsigned page = 0; page < PAGES - 20; page++)
			CHECK_IS(read_word(frame[i], page), page == i + 1 && i < CLONES - 1 ? 77 : page + 1);
	}
	for (unsigned i = 0; i < CLONES; i += 2)
		OK(sys_handle_close(frame[i]));
	for (unsigned i = 1; i < CLONES; i += 2)
		CHECK_IS(read_word(frame[i], PAGES - 21), PAGES - 20);
	for (unsigned i = 1; i < CLONES; i += 2)
		OK(sys_handle_close(frame[i]));
}

/* Reads a frame through a mapping of its own until a word is there. */
static uint32_t wait_for_word(void *argument)
{
	handle_t frame = *(handle_t *)argument;
	uint64_t at;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGES * PAGE, MAP_READ, frame, 0, &at))
		return 1;
	for (unsigned i = 0; i < PAGES - 20; i++) {
		if (*word_at(at + i * PAGE) != i + 1)
			return 2;
	}
	for (unsigned i = 0; i < 2000 && *word_at(at + 9 * PAGE) != 99; i++)
		pause_ms(1);
	return *word_at(at + 9 * PAGE) == 99 ? 3 : 4;
}

static void mapped_twice(void)
{
	test_begin("a_write_to_a_cloned_frame_is_seen_through_all_its_mappings_and_not_in_the_clone");
	static handle_t there;
	struct child child;
	uint64_t at, again, copied;
	handle_t frame = numbered_frame(&at), clone;
	again = map(frame, MAP_READ);
	child_make(&child, "sharing");
	there = child_give(&child, frame, RIGHTS_ALL);
	child_start(&child, wait_for_word, &there);
	pause_ms(20);
	for (unsigned i = 0; i < PAGES - 20; i++)
		CHECK_IS(*word_at(again + i * PAGE), i + 1);
	OK(sys_frame_clone(frame, &clone));
	*word_at(at + 9 * PAGE) = 99;
	CHECK_IS(*word_at(again + 9 * PAGE), 99);
	CHECK_IS(read_word(frame, 9), 99);
	CHECK_IS(read_word(clone, 9), 10);
	CHECK_IS(child_wait(&child), 3);

	test_next("so_is_what_the_kernel_writes");
	write_word(frame, 20, 55);
	CHECK_IS(*word_at(at + 20 * PAGE), 55);
	CHECK_IS(*word_at(again + 20 * PAGE), 55);
	OK(sys_frame_read(clone, 0, (void *)(at + 21 * PAGE), 16, &copied));
	CHECK_IS(*word_at(again + 21 * PAGE), 1);
	CHECK_IS(read_word(clone, 21), 22);
	unmap(at);
	unmap(again);
	OK(sys_handle_close(frame));
	OK(sys_handle_close(clone));
}

/* More mappings than one step looks after. */
static void mapped_often(void)
{
	enum { MANY = 300 };
	static uint64_t at[MANY];
	handle_t frame, clone;
	uint64_t own, copied;
	test_begin("a_frame_with_many_mappings_is_cloned_and_written_to");
	frame = numbered_frame(&own);
	for (unsigned i = 0; i < MANY; i++) {
		at[i] = map(frame, READ_WRITE);
		CHECK_IS(*word_at(at[i] + PAGE), 2);
	}
	OK(sys_frame_clone(frame, &clone));
	*word_at(at[7] + PAGE) = 70;
	write_word(frame, 2, 71);
	CHECK_IS(read_word(clone, 1), 2);
	OK(sys_handle_close(clone));
	OK(sys_frame_clone(frame, &clone));
	for (unsigned i = 0; i < MANY; i++) {
		CHECK_IS(*word_at(at[i] + PAGE), 70);
		CHECK_IS(*word_at(at[i] + 2 * PAGE), 71);
		unmap(at[i]);
	}
	CHECK_IS(sys_frame_read(clone, PAGE, (void *)own, 8, &copied), ERR_OK);
	CHECK_IS(*word_at(own), 70);
	unmap(own);
	OK(sys_handle_close(frame));
	OK(sys_handle_close(clone));
}

static void rights(void)
{
	handle_t frame, reader, clone, type_of;
	uint64_t at;
	test_begin("a_clone_can_be_written_by_who_could_only_read_the_original_and_executed_by_who_could_execute_it");
	OK(sys_frame_create(PAGES * PAGE, 0, &frame));
	OK(sys_handle_duplicate(frame, RIGHT_READ, &reader));
	OK(sys_frame_clone(reader, &clone));
	write_word(clone, 0, 5);
	CHECK_IS(read_word(frame, 0), 0);
	CHECK_IS(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_EXECUTE, clone, 0, &at), ERR_NO_RIGHT);
	OK(sys_handle_close(clone));
	OK(sys_frame_clone(frame, &clone));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_EXECUTE, clone, 0, &at));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, PAGE));
	OK(sys_handle_close(clone));
	OK(sys_handle_close(reader));
	OK(sys_handle_duplicate(frame, RIGHT_WRITE, &reader));
	CHECK_IS(sys_frame_clone(reader, &type_of), ERR_NO_RIGHT);
	OK(sys_handle_close(reader));
	OK(sys_handle_close(frame));

	test_next("ranges_of_physical_memory_cannot_be_cloned");
	CHECK_IS(sys_frame_clone(grant("time"), &clone), ERR_NOT_SUPPORTED);
	OK(sys_frame_create(PAGE, FRAME_CONTIGUOUS, &frame));
	CHECK_IS(sys_frame_clone(frame, &clone), ERR_NOT_SUPPORTED);
	OK(sys_handle_close(frame));
}

/* A page is written without a copy by the last who has it. */
static void last_owner(void)
{
	uint64_t at, before;
	handle_t frame, clone;
	test_begin("the_last_owner_of_a_page_writes_in_place");
	frame = numbered_frame(&at);
	OK(sys_frame_clone(frame, &clone));
	OK(sys_handle_close(clone));
	pause_ms(5);
	before = pages_free();
	for (unsigned i = 0; i < PAGES - 20; i++)
		*word_at(at + i * PAGE) = 5;
	CHECK(before - pages_free() < 5);
	unmap(at);
	OK(sys_handle_close(frame));
}

/* Writes all over a frame while it is cloned, again and again. */
static struct {
	uint64_t at;
	volatile uint32_t stop;
} writer;

static void write_everywhere(void *argument)
{
	(void)argument;
	for (uint64_t n = 1; !writer.stop; n++) {
		for (unsigned i = 0; i < PAGES; i++)
			*word_at(writer.at + i * PAGE) = n;
		sys_thread_yield();
	}
}

static void disturbed(void)
{
	struct thread thread;
	handle_t frame, clone[8];
	uint64_t first[8][PAGES];
	bool same = true;
	test_begin("a_clone_does_not_change_whatever_is_written_to_the_original_meanwhile");
	frame = numbered_frame(&writer.at);
	writer.stop = 0;
	thread_begin_at(&thread, MAIN_PRIORITY, write_everywhere, 0);
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned c = 0; c < 8; c++) {
			OK(sys_frame_clone(frame, &clone[c]));
			for (unsigned i = 0; i < PAGES; i++)
				first[c][i] = read_word(clone[c], i);
			sys_thread_yield();
		}
		for (unsigned c = 0; c < 8; c++) {
			for (unsigned i = 0; i < PAGES; i++)
				same &= read_word(clone[c], i) == first[c][i];
			OK(sys_handle_close(clone[c]));
		}
	}
	CHECK(same);
	writer.stop = 1;
	thread_join(&thread);
	unmap(writer.at);
	OK(sys_handle_close(frame));
}

void test_clones(void)
{
	contents();
	generations();
	mapped_twice();
	mapped_often();
	rights();
	last_owner();
	disturbed();
}
