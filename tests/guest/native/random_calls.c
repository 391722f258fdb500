/* Values are chosen near what calls look at: addresses with and without memory, sizes, deadlines soon, handles that may be good. */
#include "tests/guest/native/random_calls.h"

#include "tests/guest/native/upcalls.h"

#define THREADS 4

struct random_calls random_calls;

static const uint16_t numbers[] = {
#define SYSCALL(number, name, type, rights) number,
#include "abi/syscalls.def"
#undef SYSCALL
};

static uint64_t memory[1024] __attribute__((aligned(4096)));

uint64_t random_calls_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dull;
}

static handle_t some_handle(uint64_t *state)
{
	uint64_t r = random_calls_next(state);
	if (r % 16 == 0)
		return (handle_t)(r >> 16);
	if (r % 4 == 0)
		return HANDLE_SELF_PROCESS + (uint32_t)(r >> 8) % 5;
	if (r % 4 == 1)
		return random_calls.there[(r >> 8) % random_calls.there_count];
	return (1u + (uint32_t)(r >> 8) % 2) << HANDLE_INDEX_BITS | (1 + (uint32_t)(r >> 16) % 60);
}

static uint64_t some_word(uint64_t *state)
{
	uint64_t r = random_calls_next(state);
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
	send->deadline = now() + random_calls_next(state) % (3 * MS);
	send->handle_count = (uint8_t)(random_calls_next(state) % 10);
	send->word_count = (uint8_t)(random_calls_next(state) % 34);
	send->move_mask = (uint8_t)(random_calls_next(state) & random_calls_next(state));
	send->readable = (struct message_buffer){some_word(state), some_word(state)};
	send->writable = (struct message_buffer){some_word(state), some_word(state)};
	for (unsigned i = 0; i < MESSAGE_HANDLES; i++) {
		send->handles[i] = some_handle(state);
		send->rights[i] = random_calls_next(state) % 2 ? RIGHTS_ALL : (uint32_t)random_calls_next(state);
	}
}

/* Calls that would wait without a deadline, or end everything at once, are made seldom. */
static bool worth_it(uint32_t number, uint64_t *state)
{
	switch (number) {
	case SYS_process_exit:
	case SYS_process_kill:
	case SYS_log_claim: return random_calls_next(state) % 2000 == 0;
	case SYS_thread_exit:
	case SYS_log_write: return random_calls_next(state) % 500 == 0;
	case SYS_vmem_unmap:
	case SYS_handle_close: return random_calls_next(state) % 4 == 0;
	case SYS_channel_call:
	case SYS_channel_forward_recv:
	case SYS_channel_reply_recv: return random_calls_next(state) % 8 == 0;
	}
	return true;
}

/* What process_replace might take: mostly something of it is wrong, and seldom it ends the program by success. */
static void fill_replacement(struct process_replacement *how, uint64_t *state)
{
	memset(how, 0, sizeof *how);
	how->vmem = some_handle(state);
	if (random_calls_next(state) % 16 == 0)
		(void)!sys_vmem_create(&how->vmem);
	how->keep_count = random_calls_next(state) % 4 ? (uint32_t)random_calls_next(state) % 300 : PROCESS_KEEP_ALL;
	how->keep = some_word(state);
	how->entry = some_word(state) % USER_TOP;
	how->stack = some_word(state) % USER_TOP;
	how->argument = some_word(state);
}

static void make_calls(void *argument)
{
	static const uint8_t holds[] = {HOLD_NONE, HOLD_UPCALLS, HOLD_ASK, HOLD_UPCALL};
	uint64_t state = (random_calls.seed + (uintptr_t)argument * 77777) | 1;
	for (;;) {
		uint32_t number = numbers[random_calls_next(&state) % (sizeof numbers / sizeof *numbers)];
		if (random_calls_next(&state) % 256 == 0)
			number = CALL_NUMBER_FIRST + (uint32_t)random_calls_next(&state) % 256;
		if (!worth_it(number, &state))
			continue;
		uint64_t word[MESSAGE_WORDS];
		fill_send(&state);
		for (unsigned i = 0; i < MESSAGE_WORDS; i++)
			word[i] = some_word(&state);
		if (number == SYS_thread_set_upcall && random_calls_next(&state) % 50)
			word[1] = (uint64_t)upcall_entry;
		struct process_replacement how;
		if (number == SYS_process_replace) {
			fill_replacement(&how, &state);
			word[0] = (uint64_t)&how;
			word[1] = sizeof how;
		}
		*hold_off() = holds[random_calls_next(&state) % 4];
		if (number == SYS_channel_recv || number == SYS_notify_wait || number == SYS_futex_wait ||
		        (number == SYS_channel_save_recv && random_calls_next(&state) % 8))
			word[number == SYS_notify_wait             ? 1
			                : number == SYS_futex_wait ? 2
			                                           : 0] = now() + random_calls_next(&state) % MS;
		if (random_calls.counter)
			__atomic_add_fetch(random_calls.counter, 1, __ATOMIC_RELAXED);
		uint64_t rax = native_call(CALL_REGISTER(number, random_calls_next(&state), some_handle(&state)), word);
		if (number == SYS_process_clone && CALL_ERROR(rax) == ERR_OK && !word[2])
			sys_process_exit(0); /* a copy, which nobody would end */
	}
}

uint32_t random_calls_process(void *argument)
{
	static struct thread made[THREADS];
	(void)argument;
	upcalls.unchecked = true;
	for (uintptr_t i = 1; i < THREADS; i++)
		thread_begin_at(&made[i], 8 + (unsigned)i, make_calls, (void *)i);
	make_calls(0);
	return 0;
}
