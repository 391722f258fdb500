/*
 * Attacks by copying: processes that are killed while they are copied, that change all of their memory meanwhile, and that have no
 * memory left for it. Nothing of the copies is left, and no copy is wrong.
 */
#include "tests/guest/native/attack.h"
#include "tests/guest/native/fork.h"

#define PIECES 150u
#define PIECE_PAGES 4u

/* Makes one copy after the other, of memory in many pieces. */
static uint32_t copy_for_ever(void *argument)
{
	handle_t process, thread;
	uint32_t number;
	uint64_t block;
	(void)argument;
	for (unsigned i = 0; i < PIECES; i++) {
		uint64_t at;
		if (sys_vmem_map(HANDLE_SELF_VMEM, 0, PIECE_PAGES * PAGE, READ_WRITE | (i % 5 ? 0 : MAP_SHARE), 0, 0, &at))
			return 1;
		for (unsigned page = 0; page < PIECE_PAGES; page++)
			*word_at(at + page * PAGE) = i;
	}
	for (unsigned i = 0;; i++) {
		if (sys_process_clone(i % 8 ? 0 : CLONE_SHARE_VMEM, &process, &thread, &number, &block))
			return 2;
		if (!number)
			sys_process_exit(3);
		if (i % 3 == 0 && sys_handle_close(process))
			return 4;
		if (i % 3 < 2 && sys_handle_close(thread))
			return 5;
	}
}

static void killed(void)
{
	test_begin("a_process_that_is_killed_while_it_is_copied_leaves_nothing_of_the_copy");
	uint64_t before = 0;
	for (unsigned i = 0; i < 60; i++) {
		struct child child;
		child_make(&child, "copying");
		child_start(&child, copy_for_ever, 0);
		uint64_t until = now() + 3 * MS + random_next() % (4 * MS);
		pause_ms(3);
		while (now() < until)
			sys_thread_yield();
		child_kill(&child);
		if (i == 3)
			before = pages_free();
	}
	check_pages(before);
}

static struct {
	uint64_t at, shared;
	volatile uint32_t stop;
} disturbed;

/* All pages of a piece say the same, but for those of one that is being written to. */
static void disturb(void *argument)
{
	uint64_t state = 77 + (uintptr_t)argument;
	while (!disturbed.stop) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		unsigned piece = (unsigned)(state >> 33) % (PIECES / 2) + PIECES / 2;
		uint64_t at = disturbed.at + piece * PIECE_PAGES * PAGE, address;
		switch ((state >> 50) % 4) {
		case 0: (void)!sys_vmem_unmap(HANDLE_SELF_VMEM, at, PIECE_PAGES * PAGE); break;
		case 1:
			(void)!sys_vmem_map(HANDLE_SELF_VMEM, at, PIECE_PAGES * PAGE, READ_WRITE | MAP_FIXED, 0, 0, &address);
			break;
		case 2: (void)!sys_vmem_protect(HANDLE_SELF_VMEM, at, PAGE, state >> 60 & 1 ? MAP_READ : READ_WRITE); break;
		default: sys_thread_yield();
		}
	}
}

/* The lower half belongs to the thread that copies, the upper one is changed by others all the time. */
static uint32_t copy_disturbed(void *argument)
{
	static struct thread threads[3];
	uint32_t wrong = 0;
	(void)argument;
	if (sys_vmem_map(HANDLE_SELF_VMEM, 0, PIECES * PIECE_PAGES * PAGE, READ_WRITE, 0, 0, &disturbed.at) ||
	        sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, READ_WRITE | MAP_SHARE, 0, 0, &disturbed.shared))
		return 1;
	for (uintptr_t i = 0; i < 3; i++)
		thread_begin_at(&threads[i], MAIN_PRIORITY, disturb, (void *)i);
	for (uint64_t round = 1; round < 60; round++) {
		struct fork fork;
		for (unsigned i = 0; i < PIECES / 2 * PIECE_PAGES; i++)
			*word_at(disturbed.at + i * PAGE) = round;
		if (fork_begin(&fork, round)) {
			bool right = true;
			for (unsigned i = 0; i < PIECES / 2 * PIECE_PAGES; i++)
				right &= *word_at(disturbed.at + i * PAGE) == round;
			for (unsigned i = 0; i < PIECES / 2 * PIECE_PAGES; i++)
				*word_at(disturbed.at + i * PAGE) = 1000;
			*word_at(disturbed.shared) += right;
			sys_process_exit(right ? 0 : 1);
		}
		for (unsigned i = 0; i < PIECES / 2 * PIECE_PAGES; i += 3)
			wrong |= *word_at(disturbed.at + i * PAGE) != round;
		wrong |= fork_wait(&fork);
	}
	disturbed.stop = 1;
	for (unsigned i = 0; i < 3; i++)
		thread_join(&threads[i]);
	return *word_at(disturbed.shared) == 59 ? wrong : 2;
}

static void changed_meanwhile(void)
{
	test_begin("a_process_is_copied_while_its_other_threads_change_its_mappings");
	uint64_t before = 0;
	for (unsigned i = 0; i < 4; i++) {
		struct child child;
		child_make(&child, "disturbed");
		child_start(&child, copy_disturbed, 0);
		CHECK_IS(child_wait(&child), 0);
		if (i == 1)
			before = pages_free();
	}
	check_pages(before);
}

/* Takes all memory there is, and gives it back page by page until a copy can be had. */
static uint32_t copy_without_memory(void *argument)
{
	const uint64_t large = 64ull << 30;
	handle_t frame, process, thread;
	uint32_t number, refused = 0, made = 0;
	uint64_t filled = 0, copied, word = 1, block;
	status_t status = sys_frame_create(large, 0, &frame);
	(void)argument;
	for (; !status; filled += !status)
		status = sys_frame_write(frame, filled * PAGE, &word, sizeof word, &copied);
	if (status != ERR_QUOTA && status != ERR_NO_MEMORY)
		return 1;
	while (filled > 1 && made < 6) {
		if (sys_frame_resize(frame, --filled * PAGE))
			return 2;
		status = sys_process_clone(made % 2 ? CLONE_SHARE_VMEM : 0, &process, &thread, &number, &block);
		if (!status && !number)
			sys_process_exit(9);
		if (status == ERR_QUOTA || status == ERR_NO_MEMORY)
			refused++;
		else if (status)
			return 100 + status;
		else if (++made % 3 && (sys_handle_close(process) || sys_handle_close(thread)))
			return 3;
	}
	return made == 6 && refused > 5 ? 0 : 4;
}

static void no_memory(void)
{
	test_begin("a_process_without_memory_for_a_copy_is_refused_and_goes_on");
	uint64_t before = 0;
	for (unsigned i = 0; i < 3; i++) {
		struct child child;
		child_make(&child, "hungry");
		child_start(&child, copy_without_memory, 0);
		CHECK_IS(child_wait(&child), 0);
		if (i == 0)
			before = pages_free();
	}
	check_pages(before);
}

void attack_clones(void)
{
	killed();
	changed_meanwhile();
	no_memory();
}
