/*
 * Attacks by repetition: the same thing made and ended some thousand times leaves the counts of objects and the free pages where
 * they were; and a fuzzer, whose seed stands in the log, after which the machine still answers.
 */
#include "tests/guest/native/attack.h"
#include "tests/guest/native/random_calls.h"

#define THREADS 10000
#define PROCESSES 600
#define CALLS 300000

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

/* Ends in the middle of everything that a process can have: threads that wait everywhere, a call, mappings, timers. */
static void wait_somewhere(void *argument)
{
	uint64_t bits;
	struct message message = {0};
	static const uint32_t never;
	switch ((uintptr_t)argument) {
	case 0: (void)!sys_channel_recv(random_calls.there[0], DEADLINE_NEVER, &message); break;
	case 1: (void)!sys_channel_call(random_calls.there[1], &message); break;
	case 2: (void)!sys_notify_wait(random_calls.there[4], 64, now() + 10000 * MS, &bits); break;
	case 3: (void)!sys_futex_wait(&never, 0, DEADLINE_NEVER); break;
	case 4: (void)!sys_channel_call(random_calls.there[3], &message); break;
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
		random_calls.there[i] = child_give(child, given[i], RIGHTS_ALL);
	random_calls.there_count = count;
}

static unsigned make_objects(handle_t *given)
{
	channel_make(&given[0], 1, &given[1]);
	channel_make(&given[2], 5, &given[3]);
	OK(sys_notify_create(&given[4]));
	OK(sys_timer_create(given[4], 3, &given[5]));
	OK(sys_frame_create(64 * PAGE, 0, &given[6]));
	given[7] = group_below(20); /* they change its limits */
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

static void fuzz_round(handle_t counter)
{
	struct child children[3];
	handle_t given[12];
	uint64_t at;
	unsigned count = make_objects(given);
	handle_t group = group_below(20);
	for (unsigned c = 0; c < 3; c++) {
		child_make_in(&children[c], group, "fuzz");
		give_all(&children[c], given, count);
		if (c)
			random_calls.there[random_calls.there_count++] =
			        child_give(&children[c], children[c - 1].process, RIGHTS_ALL);
		OK(sys_vmem_map(children[c].vmem, (uint64_t)random_calls.counter, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY,
		        counter, 0, &at));
		if (c == 1)
			OK(sys_process_set_exception(children[c].process, given[1]));
		random_calls.seed = random_calls_next(&random_calls.seed);
		child_start(&children[c], random_calls_process, 0);
	}
	for (unsigned i = 0; i < count; i++)
		OK(sys_handle_close(given[i]));
	OK(sys_handle_close(group));
	pause_ms(60);
	for (unsigned c = 0; c < 3; c++) {
		OK(sys_process_kill(children[c].process, PROCESS_STATUS_KILLED));
		child_wait(&children[c]);
	}
}

/* The fuzzer. Its calls are counted in a frame that all its processes have mapped. */
static void fuzz(void)
{
	handle_t counter;
	uint64_t at;
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	test_begin("hundreds_of_thousands_of_random_calls_leave_a_machine_that_answers_and_nothing_else");
	random_calls.seed = __builtin_ia32_rdtsc() | 1;
	say("seed 0x%lx", random_calls.seed);
	OK(sys_frame_create(PAGE, 0, &counter));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ | MAP_WRITE, counter, 0, &at));
	uint64_t *calls = random_calls.counter = (uint64_t *)at;
	*(volatile uint64_t *)calls = 0;
	fuzz_round(counter);
	pause_ms(50);
	uint64_t before = pages_free(), end = now() + 60000 * MS;
	while (__atomic_load_n(calls, __ATOMIC_RELAXED) < CALLS && now() < end)
		fuzz_round(counter);
	check_pages(before);
	say("%lu calls", *calls);
	CHECK(*calls >= CALLS);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, at, PAGE));
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
