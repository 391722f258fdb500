/*
 * Attacks by repetition: the same thing made and ended some thousand times leaves the counts of objects and the free pages where
 * they were; and a fuzzer, whose seed stands in the log, after which the machine still answers.
 */
#include "tests/guest/native/attack.h"

#define THREADS 10000
#define PROCESSES 600
#define CALLS 300000

static uint64_t pages_free(void)
{
	struct machine_stats stats;
	OK(sys_machine_stats(grant("machine"), &stats));
	return stats.pages_free;
}

static void check_pages(uint64_t before)
{
	for (unsigned i = 0; i < 200 && pages_free() < before; i++)
		pause_ms(10);
	uint64_t after = pages_free();
	CHECK_IS(after < before ? before - after : 0, 0);
}

static void end_at_once(void *argument)
{
	++*(uint32_t *)argument;
}

static void threads(void)
{
	struct thread thread;
	uint32_t count = 0;
	test_begin("ten_thousand_threads_leave_nothing");
	thread_begin(&thread, end_at_once, &count);
	thread_join(&thread);
	pause_ms(20);
	uint64_t before = pages_free();
	for (unsigned i = 1; i < THREADS; i++) {
		thread_begin(&thread, end_at_once, &count);
		thread_join(&thread);
	}
	CHECK_IS(count, THREADS);
	check_pages(before);
}

static handle_t there[12];
static unsigned there_count;

/* Ends in the middle of everything that a process can have: threads that wait everywhere, a call, mappings, timers. */
static void wait_somewhere(void *argument)
{
	uint64_t bits;
	struct message message = {0};
	static const uint32_t never;
	switch ((uintptr_t)argument) {
	case 0: (void)!sys_channel_recv(there[0], DEADLINE_NEVER, &message); break;
	case 1: (void)!sys_channel_call(there[1], &message); break;
	case 2: (void)!sys_notify_wait(there[4], 64, now() + 10000 * MS, &bits); break;
	case 3: (void)!sys_futex_wait(&never, 0, DEADLINE_NEVER); break;
	case 4: (void)!sys_channel_call(there[3], &message); break;
	case 5:
		for (;;)
			sys_thread_yield();
	}
	for (;;)
		(void)!sys_futex_wait(&never, 0, DEADLINE_NEVER);
}

static uint32_t end_amid_all(void *argument)
{
	static struct thread made[6];
	handle_t handle, notify;
	uint64_t at;
	for (uintptr_t i = 0; i < 6; i++)
		thread_begin_at(&made[i], MAIN_PRIORITY + 1 - (i == 5), wait_somewhere, (void *)i);
	if (sys_notify_create(&notify) || sys_timer_create(notify, 1, &handle) || sys_timer_set(handle, now() + MS, 2 * MS) ||
	        sys_frame_create(64 * PAGE, 0, &handle) ||
	        sys_vmem_map(HANDLE_SELF_VMEM, 0, 64 * PAGE, MAP_READ | MAP_WRITE, handle, 0, &at))
		return 1;
	for (unsigned i = 0; i < 64; i++)
		*(volatile uint8_t *)(at + i * PAGE) = 1;
	if ((uintptr_t)argument % 50 == 0)
		__asm__ volatile("ud2");
	return (uint32_t)(uintptr_t)argument;
}

static void give_all(struct child *child, const handle_t *given, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		there[i] = child_give(child, given[i], RIGHTS_ALL);
	there_count = count;
}

static unsigned make_objects(handle_t *given)
{
	channel_make(&given[0], 1, &given[1]);
	channel_make(&given[2], 5, &given[3]);
	OK(sys_notify_create(&given[4]));
	OK(sys_timer_create(given[4], 3, &given[5]));
	OK(sys_frame_create(64 * PAGE, 0, &given[6]));
	OK(sys_handle_duplicate(grant("group"), RIGHTS_ALL, &given[7]));
	OK(sys_handle_duplicate(grant("log"), RIGHT_READ | RIGHT_INSPECT | RIGHT_DUPLICATE | RIGHT_TRANSFER, &given[8]));
	return 9;
}

static void one_process(uintptr_t number)
{
	struct child child;
	handle_t given[12];
	unsigned count = make_objects(given);
	child_make(&child, "amid");
	give_all(&child, given, count);
	child_start(&child, end_amid_all, (void *)number);
	if (number % 5 == 1) {
		sys_thread_yield();
		(void)!sys_process_kill(child.process, 3);
	}
	child_wait(&child);
	for (unsigned i = 0; i < count; i++)
		OK(sys_handle_close(given[i]));
}

static void processes(void)
{
	test_begin("hundreds_of_processes_that_end_amid_everything_leave_nothing");
	one_process(1);
	pause_ms(20);
	uint64_t before = pages_free();
	for (uintptr_t i = 1; i < PROCESSES; i++)
		one_process(i);
	check_pages(before);
}

static void processes_that_hold_each_other(void)
{
	handle_t process[2], vmem[2], thread, there_now;
	uint32_t number;
	uint64_t block;
	test_begin("processes_that_were_never_started_cannot_hold_each_other");
	for (unsigned i = 0; i < 2; i++)
		OK(sys_process_create(grant("group"), "never", &process[i], &vmem[i], &number));
	OK(sys_thread_create(process[0], &thread, &block, &number));
	CHECK_IS(sys_process_give(process[0], process[0], RIGHTS_ALL, &there_now), ERR_BAD_STATE);
	CHECK_IS(sys_process_give(process[0], thread, RIGHTS_ALL, &there_now), ERR_BAD_STATE);
	CHECK_IS(sys_process_give(process[0], process[1], RIGHTS_ALL, &there_now), ERR_BAD_STATE);
	OK(sys_process_give(process[1], vmem[0], RIGHTS_ALL, &there_now));
	OK(sys_handle_close(thread));
	for (unsigned i = 0; i < 2; i++) {
		OK(sys_handle_close(process[i]));
		OK(sys_handle_close(vmem[i]));
	}
}

/* The fuzzer. Its calls are counted in a frame that all its processes have mapped. */
static const uint16_t numbers[] = {
#define SYSCALL(number, name, type, rights) number,
#include "abi/syscalls.def"
#undef SYSCALL
};

static uint64_t seed, counter_at;
static uint64_t memory[1024] __attribute__((aligned(4096)));

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dull;
}

static handle_t some_handle(uint64_t *state)
{
	uint64_t r = next(state);
	if (r % 16 == 0)
		return (handle_t)(r >> 16);
	if (r % 4 == 0)
		return HANDLE_SELF_PROCESS + (uint32_t)(r >> 8) % 4;
	if (r % 4 == 1)
		return there[(r >> 8) % there_count];
	return (1u + (uint32_t)(r >> 8) % 2) << HANDLE_INDEX_BITS | (1 + (uint32_t)(r >> 16) % 60);
}

static uint64_t some_word(uint64_t *state)
{
	uint64_t r = next(state);
	switch (r % 12) {
	case 0: return 0;
	case 1: return (r >> 8) % 64;
	case 2: return (uint64_t)memory + (r >> 8) % sizeof memory;
	case 3: return (uint64_t)memory;
	case 4: return (r >> 8) % 64 * PAGE;
	case 5: return now() + (r >> 8) % (2 * MS);
	case 6:
	case 7: return some_handle(state);
	case 8: return UINT64_MAX - (r >> 8) % 16;
	case 9: return USER_TOP - (r >> 8) % 8192;
	case 10: return 1ull << (r >> 8) % 64;
	default: return r;
	}
}

static void fill_send(uint64_t *state)
{
	struct message_extras *send = &control_block()->send;
	send->deadline = now() + next(state) % (3 * MS);
	send->handle_count = (uint8_t)(next(state) % 10);
	send->word_count = (uint8_t)(next(state) % 34);
	send->move_mask = (uint8_t)(next(state) & next(state));
	send->readable = (struct message_buffer){some_word(state), some_word(state)};
	send->writable = (struct message_buffer){some_word(state), some_word(state)};
	for (unsigned i = 0; i < MESSAGE_HANDLES; i++) {
		send->handles[i] = some_handle(state);
		send->rights[i] = next(state) % 2 ? RIGHTS_ALL : (uint32_t)next(state);
	}
}

static bool worth_it(uint32_t number, uint64_t *state)
{
	switch (number) {
	case SYS_process_exit:
	case SYS_process_kill:
	case SYS_log_claim: return next(state) % 2000 == 0;
	case SYS_thread_exit:
	case SYS_log_write: return next(state) % 500 == 0;
	case SYS_vmem_unmap:
	case SYS_handle_close: return next(state) % 4 == 0;
	case SYS_channel_call:
	case SYS_channel_reply_recv: return next(state) % 8 == 0;
	}
	return true;
}

static void make_calls(void *argument)
{
	uint64_t state = (seed + (uintptr_t)argument * 77777) | 1;
	for (;;) {
		uint32_t number = numbers[next(&state) % (sizeof numbers / sizeof *numbers)];
		if (next(&state) % 256 == 0)
			number = CALL_NUMBER_FIRST + (uint32_t)next(&state) % 256;
		if (!worth_it(number, &state))
			continue;
		uint64_t word[MESSAGE_WORDS];
		fill_send(&state);
		for (unsigned i = 0; i < MESSAGE_WORDS; i++)
			word[i] = some_word(&state);
		if (number == SYS_channel_recv || number == SYS_notify_wait || number == SYS_futex_wait)
			word[number == SYS_channel_recv ? 0 : number == SYS_notify_wait ? 1 : 2] = now() + next(&state) % MS;
		__atomic_add_fetch((uint64_t *)counter_at, 1, __ATOMIC_RELAXED);
		native_call(CALL_REGISTER(number, next(&state), some_handle(&state)), word);
	}
}

static uint32_t fuzz_process(void *argument)
{
	static struct thread made[4];
	(void)argument;
	for (uintptr_t i = 1; i < 4; i++)
		thread_begin_at(&made[i], 8 + (unsigned)i, make_calls, (void *)i);
	make_calls(0);
	return 0;
}

static void fuzz_round(handle_t counter)
{
	struct child children[3];
	handle_t given[12];
	uint64_t at;
	unsigned count = make_objects(given);
	for (unsigned c = 0; c < 3; c++) {
		child_make(&children[c], "fuzz");
		give_all(&children[c], given, count);
		if (c)
			there[there_count++] = child_give(&children[c], children[c - 1].process, RIGHTS_ALL);
		OK(sys_vmem_map(children[c].vmem, counter_at, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, counter, 0, &at));
		if (c == 1)
			OK(sys_process_set_exception(children[c].process, given[1]));
		seed = next(&seed);
		child_start(&children[c], fuzz_process, 0);
	}
	for (unsigned i = 0; i < count; i++)
		OK(sys_handle_close(given[i]));
	pause_ms(60);
	for (unsigned c = 0; c < 3; c++) {
		OK(sys_process_kill(children[c].process, PROCESS_STATUS_KILLED));
		child_wait(&children[c]);
	}
}

static void fuzz(void)
{
	handle_t counter;
	uint64_t *calls;
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	test_begin("hundreds_of_thousands_of_random_calls_leave_a_machine_that_answers_and_nothing_else");
	seed = __builtin_ia32_rdtsc() | 1;
	say("seed 0x%lx", seed);
	OK(sys_frame_create(PAGE, 0, &counter));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ | MAP_WRITE, counter, 0, &counter_at));
	calls = (uint64_t *)counter_at;
	*(volatile uint64_t *)calls = 0;
	fuzz_round(counter);
	pause_ms(50);
	uint64_t before = pages_free(), end = now() + 60000 * MS;
	while (__atomic_load_n(calls, __ATOMIC_RELAXED) < CALLS && now() < end)
		fuzz_round(counter);
	check_pages(before);
	say("%lu calls", *calls);
	CHECK(*calls >= CALLS);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, counter_at, PAGE));
	OK(sys_handle_close(counter));
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, MAIN_PRIORITY));
}

void attack_leaks(void)
{
	threads();
	processes();
	processes_that_hold_each_other();
	fuzz();
}
