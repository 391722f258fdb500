/* Upcalls: bits and exceptions that interrupt a thread, in its program and in its calls. */
#include "tests/guest/native/upcalls.h"

#include "abi/exception.h"

struct upcalls upcalls;
static handle_t source; /* of the bits */

bool registers_kept(const volatile uint32_t *until);
void upcall_handled(struct upcall_frame *frame);

void upcall_handled(struct upcall_frame *frame)
{
	uint64_t bits = 0;
	if (upcalls.unchecked) {
		frame->rip += frame->cause == UPCALL_BITS ? 0 : 2;
		(void)!sys_notify_wait(HANDLE_SELF_NOTIFY, UINT64_MAX, DEADLINE_NOW, &bits);
		return;
	}
	CHECK_IS(*hold_off(), HOLD_UPCALL);
	upcalls.frame = *frame;
	upcalls.count++;
	if (upcalls.fault_inside)
		__asm__ volatile("ud2");
	if (frame->cause == VECTOR_DEBUG) {
		frame->rflags &= ~0x100ull;
	} else if (frame->cause != UPCALL_BITS) {
		frame->rip += upcalls.skip;
	} else if (!upcalls.leave_bits) {
		CHECK_IS(frame->held, HOLD_NONE);
		OK(sys_notify_wait(source, UINT64_MAX, DEADLINE_NOW, &bits));
		upcalls.bits |= bits;
	}
}

void upcalls_forget(void)
{
	memset(&upcalls, 0, sizeof upcalls);
	*upcall_pending() = 0;
}

handle_t upcalls_begin(bool own)
{
	upcalls_forget();
	source = HANDLE_SELF_NOTIFY;
	if (!own)
		OK(sys_notify_create(&source));
	OK(sys_thread_set_upcall(HANDLE_SELF_THREAD, source, (uint64_t)upcall_entry));
	return source;
}

void upcalls_end(handle_t notify)
{
	OK(sys_thread_set_upcall(HANDLE_SELF_THREAD, HANDLE_NONE, 0));
	*hold_off() = HOLD_NONE;
	if (notify != HANDLE_SELF_NOTIFY)
		OK(sys_handle_close(notify));
}

static void to_oneself(void)
{
	uint64_t bits;
	test_begin("bits_that_a_thread_sets_itself_interrupt_it_before_the_next_instruction");
	handle_t notify = upcalls_begin(false);
	uint64_t word[MESSAGE_WORDS] = {5}, next;
	uint64_t rax = CALL_REGISTER(SYS_notify_signal, 0, notify);
	__asm__ volatile("lea 1f(%%rip), %1; syscall; 1:"
	                 : "+a"(rax), "=&b"(next), "+D"(word[0])
	                 :
	                 : "rcx", "r11", "rsi", "rdx", "r10", "r8", "r9", "memory");
	CHECK_IS(upcalls.count, 1);
	CHECK_IS(upcalls.bits, 5);
	CHECK_IS(upcalls.frame.rip, next);
	CHECK_IS(upcalls.frame.rax, ERR_OK);
	CHECK_IS(upcalls.frame.cause, UPCALL_BITS);
	CHECK_IS(upcalls.frame.held, HOLD_NONE);
	CHECK_IS(*hold_off(), HOLD_NONE);

	test_next("a_process_signals_itself_by_its_own_notify");
	upcalls_end(notify);
	notify = upcalls_begin(true);
	OK(sys_process_signal(HANDLE_SELF_PROCESS, 1ull << 63 | 2));
	CHECK_IS(upcalls.bits, 1ull << 63 | 2);
	CHECK_IS(sys_notify_wait(HANDLE_SELF_NOTIFY, UINT64_MAX, DEADLINE_NOW, &bits), ERR_TIMED_OUT);

	test_next("bits_that_were_set_before_interrupt_when_the_thread_is_bound");
	upcalls_end(notify);
	OK(sys_process_signal(HANDLE_SELF_PROCESS, 8));
	CHECK_IS(upcalls.count, 1);
	upcalls_begin(true);
	CHECK_IS(upcalls.bits, 8);

	test_next("a_thread_that_waits_for_the_bits_gets_them_and_is_not_interrupted");
	upcalls_forget();
	handle_t timer;
	OK(sys_timer_create(HANDLE_SELF_NOTIFY, 4, &timer));
	OK(sys_timer_set(timer, now() + 100 * MS, 0)); /* not before it waits, however slow the host */
	OK(sys_notify_wait(HANDLE_SELF_NOTIFY, 4, now() + 2000 * MS, &bits));
	CHECK_IS(bits, 4);
	CHECK_IS(upcalls.count, 0);
	OK(sys_handle_close(timer));
	upcalls_end(HANDLE_SELF_NOTIFY);
}

/* A thread that computes, less urgent than the main one. */
struct computing {
	handle_t notify;
	volatile uint32_t go, ready;
	bool kept;
};

static void compute(void *argument)
{
	struct computing *c = argument;
	c->notify = upcalls_begin(false);
	c->ready = 1;
	c->kept = registers_kept(&c->go);
	upcalls_end(c->notify);
}

static void while_computing(void)
{
	test_begin("a_computing_thread_is_interrupted_at_once_and_finds_its_registers_as_they_were");
	static struct computing c;
	struct thread thread;
	c = (struct computing){0};
	thread_begin_at(&thread, MAIN_PRIORITY - 1, compute, &c);
	while (!c.ready)
		pause_ms(1);
	for (unsigned i = 1; i <= 20; i++) {
		OK(sys_notify_signal(c.notify, i));
		for (unsigned tries = 0; tries < 1000 && upcalls.count < i; tries++)
			pause_ms(1);
		CHECK_IS(upcalls.count, i);
		CHECK(upcalls.frame.rflags & 0x400);
	}
	c.go = 1;
	thread_join(&thread);
	CHECK(c.kept);
}

static void by_interrupt(void)
{
	test_begin("an_interrupt_whose_bits_come_while_its_thread_computes_interrupts_it");
	handle_t notify = upcalls_begin(false), timer;
	OK(sys_timer_create(notify, 0x10, &timer));
	OK(sys_timer_set(timer, now() + MS, 500000));
	CHECK(registers_kept(&upcalls.count));
	uint64_t end = now() + 1000 * MS;
	while (upcalls.count < 6 && now() < end)
		;
	OK(sys_timer_set(timer, DEADLINE_NEVER, 0));
	CHECK(upcalls.count > 5);
	CHECK_IS(upcalls.bits, 0x10);
	OK(sys_handle_close(timer));

	test_next("a_handler_that_takes_no_bits_is_interrupted_again_and_stops_nobody_else");
	upcalls_forget();
	upcalls.leave_bits = true;
	OK(sys_notify_signal(notify, 1));
	for (unsigned i = 0; i < 100; i++)
		sys_thread_yield();
	CHECK(upcalls.count > 1);
	upcalls.leave_bits = false;
	sys_thread_yield();
	CHECK_IS(upcalls.bits, 1);
	uint32_t count = upcalls.count;
	sys_thread_yield();
	CHECK_IS(upcalls.count, count);
	upcalls_end(notify);
}

static void held_off(void)
{
	uint64_t bits;
	test_begin("bits_that_come_while_held_off_are_pending_and_interrupt_nothing");
	handle_t notify = upcalls_begin(false);
	for (unsigned hold = 1; hold < 256; hold++) {
		*hold_off() = (uint8_t)hold;
		OK(sys_notify_signal(notify, 4));
		CHECK_IS(*upcall_pending(), 1);
		*upcall_pending() = 0;
		OK(sys_notify_wait(notify, UINT64_MAX, DEADLINE_NOW, &bits));
		CHECK_IS(bits, 4);
	}
	CHECK_IS(upcalls.count, 0);

	test_next("what_is_pending_when_hold_off_is_cleared_comes_with_the_next_way_out_of_the_kernel_at_the_latest");
	*hold_off() = HOLD_UPCALLS;
	OK(sys_notify_signal(notify, 2));
	*hold_off() = HOLD_NONE;
	CHECK_IS(*upcall_pending(), 1);
	CHECK_IS(upcalls.count, 0);
	sys_thread_yield();
	CHECK_IS(upcalls.count, 1);
	CHECK_IS(upcalls.bits, 2);
	upcalls_end(notify);
}

/* A thread that waits in one of these ways while bits come. */
enum wait { WAIT_BITS, WAIT_ADDRESS, WAIT_MESSAGE, WAIT_IN_QUEUE, WAITS };

struct waiting {
	enum wait how;
	uint8_t hold;
	bool before; /* the bits come before the wait, after the program has looked at upcall_pending */
	handle_t notify;
	volatile uint32_t ready;
	status_t result;
	uint32_t count, pending;
};

static handle_t other_notify, receiver, sender;

static status_t wait_somehow(enum wait how)
{
	static const uint32_t never;
	struct message message = {0};
	uint64_t bits, deadline = now() + 50 * MS;
	switch (how) {
	case WAIT_BITS: return sys_notify_wait(other_notify, 1, deadline, &bits);
	case WAIT_ADDRESS: return sys_futex_wait(&never, 0, deadline);
	case WAIT_MESSAGE: return sys_channel_recv(receiver, deadline, &message);
	default: extras_begin()->deadline = deadline; return sys_channel_call_x(sender, &message);
	}
}

static void waits(void *argument)
{
	struct waiting *w = argument;
	w->notify = upcalls_begin(false);
	*hold_off() = w->hold;
	if (w->before && w->hold != HOLD_NONE)
		OK(sys_notify_signal(w->notify, 1));
	w->ready = 1;
	w->result = wait_somehow(w->how);
	w->count = upcalls.count;
	w->pending = *upcall_pending();
	upcalls_end(w->notify);
}

static void check_wait(enum wait how, uint8_t hold, bool before)
{
	static struct waiting w;
	struct thread thread;
	w = (struct waiting){.how = how, .hold = hold, .before = before};
	OK(sys_notify_create(&other_notify));
	channel_make(&receiver, 1, &sender);
	thread_begin(&thread, waits, &w);
	CHECK_IS(w.ready, 1);
	if (!before)
		OK(sys_notify_signal(w.notify, 1));
	thread_join(&thread);
	CHECK_IS(w.result, hold == HOLD_NONE || hold == HOLD_ASK ? ERR_INTERRUPTED : ERR_TIMED_OUT);
	CHECK_IS(w.count, hold == HOLD_NONE);
	CHECK_IS(w.pending, hold != HOLD_NONE);
	OK(sys_handle_close(other_notify));
	struct message message;
	CHECK_IS(sys_channel_recv(receiver, DEADLINE_NOW, &message), ERR_TIMED_OUT);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void while_waiting(void)
{
	static const char *const at_once[WAITS] = {"a_wait_for_bits_ends_when_the_thread_is_interrupted",
	        "a_wait_at_an_address_ends_when_the_thread_is_interrupted",
	        "a_wait_for_a_message_ends_when_the_thread_is_interrupted",
	        "a_call_that_was_not_received_is_taken_back_when_the_thread_is_interrupted"};
	for (enum wait how = 0; how < WAITS; how++) {
		test_begin(at_once[how]);
		check_wait(how, HOLD_NONE, false);
	}
	test_begin("bits_leave_a_wait_alone_that_is_held_off");
	for (enum wait how = 0; how < WAITS; how++) {
		check_wait(how, HOLD_UPCALLS, false);
		check_wait(how, HOLD_UPCALL, false);
		check_wait(how, HOLD_UPCALLS, true);
	}
	test_begin("a_wait_under_hold_ask_ends_without_an_upcall");
	for (enum wait how = 0; how < WAITS; how++)
		check_wait(how, HOLD_ASK, false);
	test_begin("bits_that_came_before_a_wait_under_hold_ask_end_it");
	for (enum wait how = 0; how < WAITS; how++)
		check_wait(how, HOLD_ASK, true);
}

void test_upcalls(void)
{
	to_oneself();
	while_computing();
	by_interrupt();
	held_off();
	while_waiting();
	test_upcalls_exceptions();
}
