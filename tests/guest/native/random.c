/*
 * Calls without sense: processes with several threads make random calls with random words, on handles of every type, in each
 * other's way, until they are killed. Nothing they do may end anything but themselves, and nothing may be left of them.
 */
#include "tests/guest/native/test.h"

#define ROUNDS 12
#define THREADS 4

static handle_t there[16];
static unsigned there_count;
static uint64_t seed;

static const uint16_t numbers[] = {
#define SYSCALL(number, name, type, rights) number,
#include "abi/syscalls.def"
#undef SYSCALL
};

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
	switch (r % 8) {
	case 0: return HANDLE_SELF_PROCESS + (uint32_t)(r >> 8) % 5;
	case 1: return (handle_t)(r >> 16);
	case 2:
	case 3: return (1u + (uint32_t)(r >> 8) % 3) << HANDLE_INDEX_BITS | (1 + (uint32_t)(r >> 16) % 80);
	default: return there[(r >> 8) % there_count];
	}
}

static uint64_t some_word(uint64_t *state)
{
	static uint64_t memory[512] __attribute__((aligned(4096)));
	uint64_t r = next(state);
	switch (r % 10) {
	case 0: return 0;
	case 1: return (r >> 8) % 64;
	case 2: return (uint64_t)memory + (r >> 8) % sizeof memory;
	case 3: return (uint64_t)memory;
	case 4: return ((r >> 8) % 64) * PAGE;
	case 5: return now() + (r >> 8) % (2 * MS);
	case 6: return some_handle(state);
	case 7: return UINT64_MAX - (r >> 8) % 16;
	case 8: return 0x7ffffffff000 - (r >> 8) % 8192;
	default: return r;
	}
}

static void fill_send(uint64_t *state)
{
	struct message_extras *send = &control_block()->send;
	send->deadline = now() + next(state) % (3 * MS);
	send->handle_count = (uint8_t)(next(state) % 10);
	send->word_count = (uint8_t)(next(state) % 34);
	send->move_mask = (uint8_t)next(state);
	send->readable = (struct message_buffer){some_word(state), some_word(state)};
	send->writable = (struct message_buffer){some_word(state), some_word(state)};
	for (unsigned i = 0; i < MESSAGE_HANDLES; i++) {
		send->handles[i] = some_handle(state);
		send->rights[i] = (uint32_t)next(state);
	}
}

/* Calls that would wait without a deadline, or end everything at once, are made seldom. */
static bool worth_it(uint32_t number, uint64_t *state)
{
	switch (number) {
	case SYS_process_exit:
	case SYS_process_kill:
	case SYS_thread_exit:
	case SYS_log_write: return next(state) % 200 == 0;
	case SYS_log_claim: return false;
	case SYS_channel_call:
	case SYS_channel_reply_recv: return next(state) % 4 == 0;
	}
	return true;
}

static void make_calls(void *argument)
{
	uint64_t state = seed + (uintptr_t)argument * 77777;
	for (;;) {
		uint32_t number = numbers[next(&state) % (sizeof numbers / sizeof *numbers)];
		if (!worth_it(number, &state))
			continue;
		uint64_t word[MESSAGE_WORDS];
		fill_send(&state);
		for (unsigned i = 0; i < MESSAGE_WORDS; i++)
			word[i] = some_word(&state);
		if (number == SYS_channel_recv || number == SYS_notify_wait || number == SYS_futex_wait)
			word[number == SYS_channel_recv ? 0 : number == SYS_notify_wait ? 1 : 2] = now() + next(&state) % MS;
		native_call(CALL_REGISTER(number, next(&state), some_handle(&state)), word);
	}
}

static uint32_t random_process(void *argument)
{
	static struct thread threads[THREADS];
	(void)argument;
	for (uintptr_t i = 1; i < THREADS; i++)
		thread_begin_at(&threads[i], 8 + (unsigned)i, make_calls, (void *)i);
	make_calls(0);
	return 0;
}

static void one_round(void)
{
	struct child children[2];
	handle_t given[10];
	unsigned count = 8;
	channel_make(&given[0], 1, &given[1]);
	OK(sys_channel_create(&given[2]));
	OK(sys_channel_mint(given[2], 5, RIGHTS_ALL, &given[3]));
	OK(sys_notify_create(&given[4]));
	OK(sys_timer_create(given[4], 3, &given[5]));
	OK(sys_frame_create(8 * PAGE, 0, &given[6]));
	OK(sys_handle_duplicate(grant("group"), RIGHTS_ALL, &given[7]));
	for (unsigned c = 0; c < 2; c++) {
		child_make(&children[c], "random");
		for (unsigned i = 0; i < count; i++)
			there[i] = child_give(&children[c], given[i], RIGHTS_ALL);
		there_count = count;
		seed += c;
		child_start(&children[c], random_process, 0);
	}
	for (unsigned i = 0; i < count; i++)
		OK(sys_handle_close(given[i]));
	pause_ms(150);
	for (unsigned c = 0; c < 2; c++) {
		OK(sys_process_kill(children[c].process, PROCESS_STATUS_KILLED));
		child_wait(&children[c]);
	}
}

void test_random(void)
{
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	test_begin("calls_without_sense_end_nobody_but_their_maker_and_leave_nothing");
	for (unsigned round = 0; round < ROUNDS; round++) {
		seed = random_next();
		one_round();
	}
}

/* Until the machine is switched off, other numbers in every run: native=random on the command line. */
void random_for_ever(void)
{
	uint64_t state;
	memcpy(&state, start_block->seed, sizeof state);
	OK(sys_thread_set_priority(HANDLE_SELF_THREAD, 20));
	for (unsigned round = 0;; round++) {
		seed = next(&state);
		say("round %u: seed 0x%lx", round, seed);
		test_begin("random");
		one_round();
	}
}
