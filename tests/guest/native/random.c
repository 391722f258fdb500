/*
 * Calls without sense: processes with several threads make random calls with random words, on handles of every type, in each
 * other's way, until they are killed. Nothing they do may end anything but themselves, and nothing may be left of them.
 */
#include "tests/guest/native/random_calls.h"

#define ROUNDS 12

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
	given[7] = group_below(20); /* they change its limits */
	handle_t group = group_below(20);
	for (unsigned c = 0; c < 2; c++) {
		child_make_in(&children[c], group, "random");
		for (unsigned i = 0; i < count; i++)
			random_calls.there[i] = child_give(&children[c], given[i], RIGHTS_ALL);
		random_calls.there_count = count;
		random_calls.seed += c;
		child_start(&children[c], random_calls_process, 0);
	}
	for (unsigned i = 0; i < count; i++)
		OK(sys_handle_close(given[i]));
	OK(sys_handle_close(group));
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
		random_calls.seed = random_next();
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
		random_calls.seed = random_calls_next(&state);
		say("round %u: seed 0x%lx", round, random_calls.seed);
		test_begin("random");
		one_round();
	}
}
