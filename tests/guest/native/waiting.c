/* Notifies, timers and futexes: who wakes, when, and what is refused. */
#include "tests/guest/native/test.h"

static handle_t notify;

struct waiter {
	uint64_t mask, deadline, bits;
	status_t status;
};

static void wait_for_bits(void *argument)
{
	struct waiter *w = argument;
	w->status = sys_notify_wait(notify, w->mask, w->deadline, &w->bits);
}

static void notifies(void)
{
	test_begin("bits_stay_until_somebody_takes_them");
	uint64_t bits = 0;
	OK(sys_notify_create(&notify));
	CHECK_IS(sys_notify_wait(notify, 1, DEADLINE_NOW, &bits), ERR_TIMED_OUT);
	CHECK_IS(sys_notify_wait(notify, 0, DEADLINE_NOW, &bits), ERR_BAD_ARGUMENT);
	OK(sys_notify_signal(notify, 5));
	OK(sys_notify_signal(notify, 6));
	OK(sys_notify_wait(notify, 3, DEADLINE_NEVER, &bits));
	CHECK_IS(bits, 3);
	OK(sys_notify_wait(notify, UINT64_MAX, DEADLINE_NEVER, &bits));
	CHECK_IS(bits, 4);
	uint64_t before = now();
	CHECK_IS(sys_notify_wait(notify, 1, before + 5 * MS, &bits), ERR_TIMED_OUT);
	CHECK(now() >= before + 5 * MS);

	test_next("each_waiter_takes_the_bits_of_its_mask");
	struct waiter w[3] = {{1, DEADLINE_NEVER, 0, 1}, {1, DEADLINE_NEVER, 0, 1}, {6, DEADLINE_NEVER, 0, 1}};
	struct thread threads[3];
	for (unsigned i = 0; i < 3; i++) {
		thread_begin(&threads[i], wait_for_bits, &w[i]);
		pause_ms(2);
	}
	OK(sys_notify_signal(notify, 1 | 4 | 8));
	thread_join(&threads[0]);
	thread_join(&threads[2]);
	CHECK_IS(w[0].bits, 1);
	CHECK_IS(w[2].bits, 4);
	CHECK_IS(w[1].status, 1);
	OK(sys_notify_signal(notify, 1));
	thread_join(&threads[1]);
	OK(sys_notify_wait(notify, 8, DEADLINE_NOW, &bits));

	test_next("no_more_than_eight_threads_wait_for_a_notify");
	static struct thread many[9];
	static struct waiter waiters[9];
	for (unsigned i = 0; i < 9; i++) {
		waiters[i] = (struct waiter){1ull << i, DEADLINE_NEVER, 0, 1};
		thread_begin(&many[i], wait_for_bits, &waiters[i]);
	}
	thread_join(&many[8]);
	CHECK_IS(waiters[8].status, ERR_FULL);

	test_next("waiters_hear_that_the_notify_is_gone");
	for (unsigned i = 0; i < 8; i++)
		waiters[i].status = ERR_OK;
	OK(sys_handle_close(notify));
	for (unsigned i = 0; i < 8; i++) {
		thread_join(&many[i]);
		CHECK_IS(waiters[i].status, ERR_DEAD);
	}
}

static void timers(void)
{
	test_begin("a_timer_signals_at_its_deadline_and_not_before");
	handle_t timer;
	uint64_t bits, start = now();
	OK(sys_notify_create(&notify));
	OK(sys_timer_create(notify, 3, &timer));
	OK(sys_timer_set(timer, start + 10 * MS, 0));
	OK(sys_notify_wait(notify, 1, DEADLINE_NEVER, &bits));
	CHECK(now() >= start + 10 * MS && now() < start + 2000 * MS);
	CHECK_IS(sys_notify_wait(notify, 1, now() + 20 * MS, &bits), ERR_TIMED_OUT);
	OK(sys_notify_wait(notify, 2, DEADLINE_NOW, &bits));
	OK(sys_timer_set(timer, 1, 0));
	OK(sys_notify_wait(notify, 3, now() + 1000 * MS, &bits));

	test_next("a_timer_with_a_period_signals_again_until_it_is_switched_off");
	start = now();
	OK(sys_timer_set(timer, start + 3 * MS, 3 * MS));
	for (unsigned i = 1; i <= 5; i++) {
		OK(sys_notify_wait(notify, 3, DEADLINE_NEVER, &bits));
		CHECK(now() >= start + i * 3 * MS);
	}
	OK(sys_timer_set(timer, DEADLINE_NEVER, 0));
	(void)!sys_notify_wait(notify, 3, DEADLINE_NOW, &bits);
	CHECK_IS(sys_notify_wait(notify, 3, now() + 20 * MS, &bits), ERR_TIMED_OUT);
	CHECK_IS(sys_timer_set(timer, 0, 99999), ERR_BAD_ARGUMENT);

	test_next("a_timer_that_is_closed_is_silent");
	OK(sys_timer_set(timer, now() + 3 * MS, 0));
	OK(sys_handle_close(timer));
	CHECK_IS(sys_notify_wait(notify, 3, now() + 20 * MS, &bits), ERR_TIMED_OUT);

	test_next("hundreds_of_timers_signal_in_the_order_of_their_deadlines");
	static handle_t many[500];
	start = now();
	for (unsigned i = 0; i < 500; i++) {
		OK(sys_timer_create(notify, 1ull << (i % 50), &many[i]));
		OK(sys_timer_set(many[i], start + 20 * MS + (i * 7919 % 500) * (MS / 50), 0));
	}
	uint64_t all = 0;
	while (all != (1ull << 50) - 1 && now() < start + 5000 * MS) {
		if (!sys_notify_wait(notify, UINT64_MAX, start + 5000 * MS, &bits))
			all |= bits;
	}
	CHECK_IS(all, (1ull << 50) - 1);
	for (unsigned i = 0; i < 500; i++)
		OK(sys_handle_close(many[i]));
	OK(sys_handle_close(notify));
}

static uint32_t word, other_word;
static volatile unsigned woken_order[20], woken;

static void wait_at_word(void *number)
{
	OK(sys_futex_wait(&word, 0, DEADLINE_NEVER));
	woken_order[woken++] = (unsigned)(uintptr_t)number;
}

static void futexes(void)
{
	uint32_t count;
	test_begin("a_futex_wait_ends_at_once_if_the_value_is_another");
	word = 3;
	CHECK_IS(sys_futex_wait(&word, 4, DEADLINE_NEVER), ERR_CHANGED);
	CHECK_IS(sys_futex_wait(&word, 3, DEADLINE_NOW), ERR_TIMED_OUT);
	CHECK_IS(sys_futex_wait(&word, 3, now() + 3 * MS), ERR_TIMED_OUT);
	CHECK_IS(sys_futex_wait((uint32_t *)((char *)&word + 1), 3, DEADLINE_NOW), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_futex_wait((uint32_t *)16, 3, DEADLINE_NOW), ERR_BAD_ADDRESS);
	CHECK_IS(sys_futex_wait((uint32_t *)0xffff800000000000, 3, DEADLINE_NOW), ERR_BAD_ADDRESS);
	OK(sys_futex_wake(&word, 5, &count));
	CHECK_IS(count, 0);

	test_begin("a_futex_wakes_as_many_as_it_is_told_the_longest_waiting_first");
	static struct thread threads[20];
	word = 0;
	woken = 0;
	for (unsigned i = 0; i < 20; i++) {
		thread_begin(&threads[i], wait_at_word, (void *)(uintptr_t)i);
		pause_ms(1);
	}
	OK(sys_futex_wake(&other_word, 100, &count));
	CHECK_IS(count, 0);
	OK(sys_futex_wake(&word, 3, &count));
	CHECK_IS(count, 3);
	pause_ms(2);
	CHECK_IS(woken, 3);
	OK(sys_futex_wake(&word, UINT32_MAX, &count));
	CHECK_IS(count, 17);
	for (unsigned i = 0; i < 20; i++) {
		thread_join(&threads[i]);
		CHECK_IS(woken_order[i], i);
	}
}

static uint32_t *shared_word;

static void wait_at_shared_word(void *unused)
{
	(void)unused;
	OK(sys_futex_wait_at(shared_word, 0, DEADLINE_NEVER, FUTEX_SHARED));
	woken++;
}

/* The same frame at two addresses, as two processes would have it. */
static void shared_futexes(void)
{
	static struct thread waiter;
	uint64_t here, there;
	uint32_t count;
	handle_t frame;
	test_begin("a_shared_futex_is_known_by_the_memory_and_a_private_one_by_the_address");
	OK(sys_frame_create(PAGE, 0, &frame));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ | MAP_WRITE | MAP_SHARE, frame, 0, &here));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ | MAP_WRITE | MAP_SHARE, frame, 0, &there));
	OK(sys_handle_close(frame));
	shared_word = (uint32_t *)(here + 8);
	woken = 0;
	thread_begin(&waiter, wait_at_shared_word, NULL);
	pause_ms(2);
	OK(sys_futex_wake(shared_word, 1, &count));
	CHECK_IS(count, 0);
	OK(sys_futex_wake_at((uint32_t *)(there + 12), 1, FUTEX_SHARED, &count));
	CHECK_IS(count, 0);
	OK(sys_futex_wake_at((uint32_t *)(there + 8), 5, FUTEX_SHARED, &count));
	CHECK_IS(count, 1);
	thread_join(&waiter);
	CHECK_IS(woken, 1);

	/* Memory that is unmapped stays for who waits at it. */
	thread_begin(&waiter, wait_at_shared_word, NULL);
	pause_ms(2);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, here, PAGE));
	OK(sys_futex_wake_at((uint32_t *)(there + 8), 5, FUTEX_SHARED, &count));
	CHECK_IS(count, 1);
	thread_join(&waiter);
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, there, PAGE));
	CHECK_IS(sys_futex_wake_at((uint32_t *)(there + 8), 5, FUTEX_SHARED, &count), ERR_BAD_ADDRESS);
	CHECK_IS(sys_futex_wait_at(&word, 0, DEADLINE_NOW, 2), ERR_BAD_ARGUMENT);
}

void test_waiting(void)
{
	notifies();
	timers();
	futexes();
	shared_futexes();
}
