/* process_clone: what a copy has, what it does not have, that neither sees the other, and that nothing is left of either. */
#include "tests/guest/native/fork.h"

#include "abi/exception.h"
#include "tests/guest/native/test.h"
#include "tests/guest/native/upcalls.h"

#define FAULTED (PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT)

status_t fork_try(struct fork *fork, uint64_t argument)
{
	handle_t process = 0, thread = 0;
	uint32_t number = 0;
	status_t status = sys_process_clone(0, &process, &thread, &number, 0);
	if (status)
		return status;
	if (!number) {
		fork->is_copy = true;
		fork->argument = process;
		return ERR_OK;
	}
	*fork = (struct fork){process, thread, 0, number, 0, false};
	OK(sys_notify_create(&fork->notify));
	OK(sys_process_watch(process, fork->notify, 1));
	OK(sys_thread_start(thread, 0, 0, argument, 0, 0));
	return ERR_OK;
}

bool fork_begin(struct fork *fork, uint64_t argument)
{
	fork->is_copy = false;
	OK(fork_try(fork, argument));
	return fork->is_copy;
}

uint32_t fork_wait(struct fork *fork)
{
	uint64_t bits;
	struct process_info info = {0};
	OK(sys_notify_wait(fork->notify, 1, now() + 20000 * MS, &bits));
	OK(sys_process_info(fork->process, &info));
	CHECK_IS(info.state, PROCESS_ENDED);
	OK(sys_handle_close(fork->thread));
	OK(sys_handle_close(fork->process));
	OK(sys_handle_close(fork->notify));
	return info.status;
}

static uint64_t global = 1;

static void memory(void)
{
	struct fork fork;
	test_begin("a_copy_goes_on_where_its_original_called_with_memory_of_its_own");
	uint64_t at = map(100, READ_WRITE, 0), local = 3;
	for (unsigned i = 0; i < 90; i++)
		*word_at(at + i * PAGE) = i + 1;
	if (fork_begin(&fork, 1234)) {
		bool same = fork.argument == 1234 && global == 1 && local == 3;
		for (unsigned i = 0; i < 100; i++)
			same &= *word_at(at + i * PAGE) == (i < 90 ? i + 1 : 0);
		global = 7;
		local = 8;
		for (unsigned i = 0; i < 100; i++)
			*word_at(at + i * PAGE) = 99;
		sys_process_exit(same && global == 7 && local == 8 ? 5 : 6);
	}
	for (unsigned i = 0; i < 100; i += 2)
		*word_at(at + i * PAGE) = 50;
	CHECK_IS(fork_wait(&fork), 5);
	CHECK(global == 1 && local == 3);
	for (unsigned i = 0; i < 100; i++)
		CHECK_IS(*word_at(at + i * PAGE), i % 2 == 0 ? 50 : i < 90 ? i + 1 : 0);
	unmap(at, 100);

	test_next("what_the_original_writes_after_the_call_is_not_in_a_copy_that_runs_later");
	at = map(10, READ_WRITE, 0);
	*word_at(at) = 1;
	handle_t process, thread;
	uint32_t number;
	OK(sys_process_clone(0, &process, &thread, &number, 0));
	if (!number)
		sys_process_exit((uint32_t)*word_at(at) + (uint32_t)process);
	*word_at(at) = 2;
	handle_t notify;
	uint64_t bits;
	struct process_info info = {0};
	OK(sys_notify_create(&notify));
	OK(sys_process_watch(process, notify, 1));
	OK(sys_thread_start(thread, 0, 0, 10, 0, 0));
	status_t status = sys_thread_start(thread, 0, 0, 10, 0, 0);
	CHECK(status == ERR_BAD_STATE || status == ERR_DEAD); /* it runs, or has ended already */
	OK(sys_notify_wait(notify, 1, now() + 20000 * MS, &bits));
	OK(sys_process_info(process, &info));
	CHECK_IS(info.status, 11);
	OK(sys_handle_close(process));
	OK(sys_handle_close(thread));
	OK(sys_handle_close(notify));
	unmap(at, 10);
}

static void inheritance(void)
{
	struct fork fork;
	handle_t frame, reader;
	test_begin("mappings_are_shared_copied_or_left_out_as_they_were_made");
	uint64_t shared = map(4, READ_WRITE | MAP_SHARE, 0), private = map(4, READ_WRITE, 0),
	         absent = map(4, READ_WRITE | MAP_NO_INHERIT, 0);
	OK(sys_frame_create(4 * PAGE, 0, &frame));
	uint64_t both = map(4, READ_WRITE | MAP_SHARE, frame), own = map(4, READ_WRITE, frame);
	*word_at(shared) = *word_at(private) = *word_at(absent) = *word_at(both) = 1;
	if (fork_begin(&fork, 0)) {
		bool right = *word_at(shared) == 1 && *word_at(private) == 1 && *word_at(both) == 1 && *word_at(own) == 1;
		*word_at(shared) = *word_at(shared + PAGE) = 2;
		*word_at(private) = 3;
		*word_at(both) = *word_at(both + PAGE) = 4;
		right &= *word_at(own) == 1 && *word_at(own + PAGE) == 0;
		*word_at(own) = 5;
		right &= *word_at(both) == 4;
		if (!right)
			sys_process_exit(1);
		*word_at(absent) = 1;
		sys_process_exit(2);
	}
	CHECK_IS(fork_wait(&fork), FAULTED);
	CHECK(*word_at(shared) == 2 && *word_at(shared + PAGE) == 2);
	CHECK_IS(*word_at(private), 1);
	CHECK(*word_at(both) == 4 && *word_at(both + PAGE) == 4 && *word_at(own) == 4);

	test_next("shared_memory_stays_shared_with_copies_of_copies_and_is_given_back_by_the_last");
	if (fork_begin(&fork, 0)) {
		struct fork second;
		if (fork_begin(&second, 0)) {
			*word_at(shared + 2 * PAGE) = 8;
			sys_process_exit(0);
		}
		unmap(shared, 1);
		sys_process_exit(fork_wait(&second));
	}
	CHECK_IS(fork_wait(&fork), 0);
	CHECK_IS(*word_at(shared + 2 * PAGE), 8);
	CHECK_IS(*word_at(shared), 2);
	unmap(shared, 4);
	unmap(private, 4);
	unmap(absent, 4);
	unmap(both, 4);
	unmap(own, 4);

	test_next("what_cannot_be_written_to_is_the_same_memory");
	OK(sys_handle_duplicate(frame, RIGHT_READ, &reader));
	uint64_t fixed = map(4, MAP_READ, reader), now_fixed = map(4, READ_WRITE, frame), copied;
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, now_fixed, 4 * PAGE, MAP_READ));
	if (fork_begin(&fork, 0)) {
		uint64_t word = 77;
		if (sys_frame_write(frame, 0, &word, sizeof word, &copied) || *word_at(fixed) != 77 || *word_at(now_fixed) != 4)
			sys_process_exit(1);
		if (sys_vmem_protect(HANDLE_SELF_VMEM, now_fixed, 4 * PAGE, READ_WRITE))
			sys_process_exit(2);
		*word_at(now_fixed) = 5;
		sys_process_exit(*word_at(fixed) == 77 ? 3 : 4);
	}
	CHECK_IS(fork_wait(&fork), 3);
	CHECK_IS(*word_at(fixed), 77);
	CHECK_IS(*word_at(now_fixed), 77);
	unmap(fixed, 4);
	unmap(now_fixed, 4);
	OK(sys_handle_close(frame));
	OK(sys_handle_close(reader));
}

static void handles(void)
{
	struct fork fork;
	handle_t kept[3], lost, receiver, closed;
	test_begin("a_copy_has_the_handles_with_the_right_to_be_inherited_at_equal_values_and_no_others");
	OK(sys_notify_create(&kept[0]));
	OK(sys_frame_create(PAGE, 0, &kept[1]));
	channel_make(&receiver, 5, &kept[2]);
	OK(sys_handle_duplicate(kept[0], RIGHTS_ALL & ~RIGHT_INHERIT, &lost));
	OK(sys_notify_create(&closed));
	OK(sys_handle_close(closed));
	if (fork_begin(&fork, 0)) {
		uint32_t type, rights;
		uint64_t number;
		handle_t made;
		uint32_t wrong = 0;
		for (unsigned i = 0; i < 3; i++)
			wrong |= (uint32_t)(sys_handle_info(kept[i], &type, &rights, &number) != ERR_OK) << i;
		wrong |= (uint32_t)(sys_handle_info(kept[2], &type, &rights, &number) || type != OBJECT_SENDER ||
		                 !(rights & RIGHT_SEND))
		        << 4;
		wrong |= (uint32_t)(sys_handle_close(lost) != ERR_BAD_HANDLE) << 5;
		wrong |= (uint32_t)(sys_handle_close(closed) != ERR_BAD_HANDLE) << 6;
		for (unsigned i = 0; i < 300 && !wrong; i++) { /* none of the old names comes back */
			wrong |= (uint32_t)(sys_notify_create(&made) != ERR_OK) << 7;
			wrong |= (uint32_t)(made == lost || made == kept[0] || made == kept[1]) << 8;
		}
		wrong |= (uint32_t)(sys_notify_signal(kept[0], 4) != ERR_OK) << 9;
		sys_process_exit(wrong);
	}
	CHECK_IS(fork_wait(&fork), 0);
	uint64_t bits;
	OK(sys_notify_wait(kept[0], 4, DEADLINE_NOW, &bits));

	test_next("a_full_table_is_copied_too");
	static handle_t many[3000];
	for (unsigned i = 0; i < 3000; i++)
		OK(sys_handle_duplicate(kept[0], RIGHTS_ALL & ~(i % 3 ? 0 : RIGHT_INHERIT), &many[i]));
	if (fork_begin(&fork, 0)) {
		bool right = true;
		for (unsigned i = 0; i < 3000; i++)
			right &= sys_handle_close(many[i]) == (i % 3 ? ERR_OK : ERR_BAD_HANDLE);
		sys_process_exit(right ? 0 : 1);
	}
	CHECK_IS(fork_wait(&fork), 0);
	for (unsigned i = 0; i < 3000; i++)
		OK(sys_handle_close(many[i]));
	for (unsigned i = 0; i < 3; i++)
		OK(sys_handle_close(kept[i]));
	OK(sys_handle_close(lost));
	OK(sys_handle_close(receiver));
}

static void count_up(void *argument)
{
	++*(uint32_t *)argument;
}

static void identity(void)
{
	struct fork fork;
	test_begin("a_copys_thread_has_its_control_block_where_the_callers_is_with_numbers_of_its_own");
	struct control_block *block = control_block();
	uint32_t process = block->process_number, thread = block->thread_number;
	block->send_words[3] = 4711;
	if (fork_begin(&fork, 0)) {
		struct process_info info = {0};
		bool right = control_block() == block && block->self == (uint64_t)block && block->send_words[3] == 4711 &&
		        block->process_number != process && block->thread_number != thread;
		right &= !sys_process_info(HANDLE_SELF_PROCESS, &info) && info.number == block->process_number;
		block->send_words[3] = 1;
		struct thread other;
		static uint32_t ended;
		thread_begin(&other, count_up, &ended);
		thread_join(&other);
		sys_process_exit(right && ended == 1 ? block->process_number : 0);
	}
	uint32_t number = fork.number;
	CHECK_IS(fork_wait(&fork), number);
	CHECK_IS(block->send_words[3], 4711);
	CHECK_IS(block->process_number, process);

	test_next("flags_that_are_none_are_refused");
	handle_t a, b;
	uint32_t c;
	CHECK_IS(sys_process_clone(2, &a, &b, &c, 0), ERR_BAD_ARGUMENT);

	test_begin("the_copy_of_a_thread_that_its_process_interrupts_is_interrupted_by_the_copy");
	handle_t notify = upcalls_begin(true);
	if (fork_begin(&fork, 0)) {
		uint64_t until = now() + 5000 * MS;
		while (!upcalls.count && now() < until)
			;
		sys_process_exit(upcalls.count == 1 ? (uint32_t)upcalls.bits : 77);
	}
	pause_ms(2);
	CHECK_IS(upcalls.count, 0);
	OK(sys_process_signal(fork.process, 16));
	CHECK_IS(fork_wait(&fork), 16);
	CHECK_IS(upcalls.count, 0);
	upcalls_end(notify);
}

/* A tree of processes: each makes two, down to a depth, and adds its own mark to a word that they share. */
static uint32_t grow(uint64_t shared, uint64_t private, unsigned depth)
{
	struct fork left, right;
	*word_at(private) += depth;
	uint64_t mine = *word_at(private);
	__atomic_fetch_add((uint64_t *)shared, 1, __ATOMIC_RELAXED);
	if (!depth)
		return 0;
	if (fork_begin(&left, 0))
		sys_process_exit(grow(shared, private, depth - 1));
	if (fork_begin(&right, 0))
		sys_process_exit(grow(shared, private, depth - 1));
	uint32_t wrong = fork_wait(&left) + fork_wait(&right);
	return wrong + (*word_at(private) != mine);
}

#define TREES 4u

static void generations(void)
{
	test_begin("copies_of_copies_share_what_is_shared_and_nothing_else");
	uint64_t before = 0;
	for (unsigned round = 0; round < 1 + TREES; round++) {
		if (round < 2)
			before = pages_free(); /* what stays for good is there after the first round */
		uint64_t shared = map(1, READ_WRITE | MAP_SHARE, 0), private = map(1, READ_WRITE, 0);
		CHECK_IS(grow(shared, private, 5), 0);
		CHECK_IS(*word_at(shared), 63);
		CHECK_IS(*word_at(private), 5);
		unmap(shared, 1);
		unmap(private, 1);
	}
	/* Each copying makes nodes of this process's own trees anew, and by chance they lie in a page more of such; a loss is one per round. */
	check_pages(before - TREES / 2);
}

#define MANY 3000u

static void sizes(void)
{
	struct fork fork;
	test_begin("thousands_of_pages_and_mappings_are_copied");
	uint64_t at = map(2 * MANY, READ_WRITE, 0);
	for (unsigned i = 0; i < 2 * MANY; i++)
		*word_at(at + i * PAGE) = i;
	for (unsigned i = 0; i < 2 * MANY; i += 2)
		OK(sys_vmem_protect(HANDLE_SELF_VMEM, at + i * PAGE, PAGE, MAP_READ));
	uint64_t before = pages_free();
	for (unsigned round = 0; round < 3; round++) {
		if (fork_begin(&fork, 0)) {
			bool right = true;
			for (unsigned i = 0; i < 2 * MANY; i++)
				right &= *word_at(at + i * PAGE) == i;
			for (unsigned i = 1; i < 2 * MANY; i += 2)
				*word_at(at + i * PAGE) = 1;
			sys_process_exit(right ? 0 : 1);
		}
		for (unsigned i = 1; i < 2 * MANY; i += 4)
			*word_at(at + i * PAGE) = i;
		CHECK_IS(fork_wait(&fork), 0);
		for (unsigned i = 0; i < 2 * MANY; i++)
			CHECK_IS(*word_at(at + i * PAGE), i);
	}
	for (unsigned i = 0; i < 2 * MANY; i += 2)
		OK(sys_vmem_protect(HANDLE_SELF_VMEM, at + i * PAGE, PAGE, READ_WRITE));
	check_pages(before);
	for (unsigned i = 0; i < 2 * MANY; i++)
		*word_at(at + i * PAGE) = i + 1;
	unmap(at, 2 * MANY);
}

static void ends(void)
{
	handle_t process, thread;
	uint32_t number;
	test_begin("a_copy_that_is_never_started_ends_with_its_handles");
	enum { ROUNDS = 40 };
	uint64_t before = pages_free(), at = map(300, READ_WRITE, 0);
	for (unsigned i = 0; i < 300; i++)
		*word_at(at + i * PAGE) = i;
	for (unsigned i = 0; i < ROUNDS; i++) {
		OK(sys_process_clone(0, &process, &thread, &number, 0));
		if (!number)
			sys_process_exit(1);
		OK(sys_handle_close(i % 2 ? process : thread));
		*word_at(at + i * PAGE) = 5;
		OK(sys_handle_close(i % 2 ? thread : process));
	}
	unmap(at, 300);
	check_pages_many(before, ROUNDS);

	test_next("a_copy_is_killed_before_it_is_started");
	before = pages_free();
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct process_info info = {0};
		OK(sys_process_clone(0, &process, &thread, &number, 0));
		if (!number)
			sys_process_exit(1);
		OK(sys_process_kill(process, 9));
		CHECK_IS(sys_thread_start(thread, 0, 0, 0, 0, 0), ERR_DEAD);
		for (unsigned i = 0; i < 1000 && info.state != PROCESS_ENDED; i++) {
			pause_ms(1);
			OK(sys_process_info(process, &info));
		}
		CHECK_IS(info.status, 9);
		OK(sys_handle_close(process));
		OK(sys_handle_close(thread));
	}
	check_pages_many(before, ROUNDS);

	test_next("a_copy_without_room_for_its_handles_is_not_made");
	static handle_t fill[65536];
	unsigned count = 0;
	while (sys_handle_duplicate(grant("group"), RIGHTS_ALL & ~RIGHT_INHERIT, &fill[count]) == ERR_OK)
		count++;
	CHECK_IS(sys_process_clone(0, &process, &thread, &number, 0), ERR_NO_HANDLES);
	OK(sys_handle_close(fill[--count]));
	CHECK_IS(sys_process_clone(0, &process, &thread, &number, 0), ERR_NO_HANDLES);
	while (count)
		OK(sys_handle_close(fill[--count]));
}

void test_fork(void)
{
	memory();
	inheritance();
	handles();
	identity();
	generations();
	sizes();
	ends();
	test_fork_shared();
}
