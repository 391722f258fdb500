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

static void forget(void)
{
	memset(&upcalls, 0, sizeof upcalls);
	*upcall_pending() = 0;
}

handle_t upcalls_begin(bool own)
{
	forget();
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
	forget();
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
	forget();
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

/* Exceptions of the current thread, which goes on behind them. */
static void exceptions(void)
{
	test_begin("an_exception_comes_to_the_entry_with_its_cause");
	handle_t notify = upcalls_begin(false);
	upcalls.skip = 2;
	__asm__ volatile("ud2" : : : "memory");
	CHECK_IS(upcalls.count, 1);
	CHECK_IS(upcalls.frame.cause, VECTOR_INVALID_OPCODE);
	CHECK_IS(upcalls.frame.held, HOLD_NONE);

	test_next("an_exception_comes_also_when_held_off_and_the_frame_says_so");
	for (unsigned hold = 1; hold < HOLD_UPCALL; hold++) {
		*hold_off() = (uint8_t)hold;
		__asm__ volatile("ud2" : : : "memory");
		CHECK_IS(upcalls.frame.held, hold);
		CHECK_IS(*hold_off(), hold);
	}
	*hold_off() = HOLD_NONE;
	CHECK_IS(upcalls.count, HOLD_UPCALL);

	test_next("a_page_fault_tells_address_and_error_code");
	upcalls.skip = 3;
	__asm__ volatile(".byte 0x48, 0x89, 0x08" : : "a"(0x1238ull), "c"(1ull) : "memory"); /* mov %rcx, (%rax) */
	CHECK_IS(upcalls.frame.cause, VECTOR_PAGE_FAULT);
	CHECK_IS(upcalls.frame.address, 0x1238);
	CHECK_IS(upcalls.frame.error_code, 6);
	CHECK_IS(upcalls.frame.rcx, 1);

	test_next("a_fault_that_the_kernel_repairs_is_no_upcall");
	forget();
	uint64_t fresh;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, PAGE, MAP_READ | MAP_WRITE, 0, 0, &fresh));
	*(volatile uint64_t *)fresh = 1;
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, fresh, PAGE));
	CHECK_IS(upcalls.count, 0);

	test_next("a_breakpoint_comes_to_the_entry");
	__asm__ volatile("int3" : : : "memory");
	CHECK_IS(upcalls.frame.cause, VECTOR_BREAKPOINT);

	test_next("a_division_by_zero_comes_to_the_entry");
	upcalls.skip = 2;
	__asm__ volatile("xor %%ecx, %%ecx; .byte 0xf7, 0xf1" : : "a"(1), "d"(0) : "ecx", "memory"); /* div %ecx */
	CHECK_IS(upcalls.frame.cause, VECTOR_DIVIDE);

	test_next("an_address_that_is_not_canonical_comes_to_the_entry");
	upcalls.skip = 3;
	__asm__ volatile(".byte 0x48, 0x8b, 0x00" : "+a"((uint64_t){0x8000000000000000}) : : "memory"); /* mov (%rax), %rax */
	CHECK_IS(upcalls.frame.cause, VECTOR_PROTECTION);
	upcalls_end(notify);
}

static void odd_exceptions(void)
{
	test_begin("a_floating_point_exception_comes_to_the_entry");
	handle_t notify = upcalls_begin(false);
	const uint16_t divisions = 0x37f & ~4;
	upcalls.skip = 1;
	__asm__ volatile("fldcw %0; fld1; fldz; fdivrp; .byte 0x9b; fninit" : : "m"(divisions) : "memory"); /* fwait */
	CHECK_IS(upcalls.frame.cause, VECTOR_FPU);

	test_next("a_single_step_comes_to_the_entry_after_one_instruction");
	forget();
	uint64_t next;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; 1: lea 1b(%%rip), %0" : "=r"(next) : : "memory");
	CHECK_IS(upcalls.count, 1);
	CHECK_IS(upcalls.frame.cause, VECTOR_DEBUG);
	CHECK_IS(upcalls.frame.rip, next);
	CHECK(upcalls.frame.rflags & 0x100);
	upcalls_end(notify);

	test_next("a_thread_can_have_its_exceptions_without_any_bits");
	forget();
	upcalls.skip = 2;
	OK(sys_thread_set_upcall(HANDLE_SELF_THREAD, HANDLE_NONE, (uint64_t)upcall_entry));
	__asm__ volatile("ud2" : : : "memory");
	CHECK_IS(upcalls.count, 1);
	OK(sys_thread_set_upcall(HANDLE_SELF_THREAD, HANDLE_NONE, 0));
}

static uint32_t fault_in_the_handler(void *argument)
{
	(void)argument;
	upcalls_begin(true);
	upcalls.fault_inside = true;
	upcalls.skip = 2;
	__asm__ volatile("ud2" : : : "memory");
	upcalls.fault_inside = false;
	sys_thread_yield();
	return upcalls.count + 70;
}

static void second_faults(void)
{
	struct child child;
	struct message message = {0};
	test_begin("an_exception_in_the_handler_ends_the_process");
	child_make(&child, "faulting");
	child_start(&child, fault_in_the_handler, 0);
	CHECK_IS(child_wait(&child), PROCESS_STATUS_FAULT + VECTOR_INVALID_OPCODE);

	test_begin("an_exception_in_the_handler_comes_to_the_exception_channel");
	channel_make(&receiver, 4, &sender);
	child_make(&child, "handled");
	OK(sys_process_set_exception(child.process, sender));
	child_start(&child, fault_in_the_handler, 0);
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	CHECK_IS(RECEIVED_KIND(message.info), RECEIVED_EXCEPTION);
	handle_t thread = control_block()->received.handles[0];
	struct thread_registers r;
	OK(sys_thread_read_registers(thread, &r));
	CHECK_IS(r.rip, message.word[2]);
	r.rip += 2;
	OK(sys_thread_write_registers(thread, &r));
	OK(sys_handle_close(thread));

	test_next("bits_do_not_end_the_report_of_an_exception");
	OK(sys_process_signal(child.process, 2));
	pause_ms(2);
	message.label = EXCEPTION_RESUME;
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	CHECK_IS(child_wait(&child), 72);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static uint32_t wait_for_signal(void *argument)
{
	uint64_t bits;
	(void)argument;
	if (sys_notify_wait(HANDLE_SELF_NOTIFY, 6, now() + 5000 * MS, &bits))
		return 1;
	return (uint32_t)bits;
}

static uint32_t give_notify_away(void *argument)
{
	struct message message = {0};
	handle_t copy;
	uint64_t bits;
	if (sys_handle_duplicate(HANDLE_SELF_NOTIFY, RIGHT_SIGNAL | RIGHT_TRANSFER, &copy))
		return 1;
	extras_add_handle(extras_begin(), copy, RIGHTS_ALL, 1);
	if (sys_channel_call_x(*(handle_t *)argument, &message))
		return 2;
	extras_add_handle(extras_begin(), HANDLE_SELF_NOTIFY, RIGHTS_ALL, 0);
	if (sys_channel_call_x(*(handle_t *)argument, &message) != ERR_NO_RIGHT)
		return 3;
	if (sys_notify_wait(HANDLE_SELF_NOTIFY, UINT64_MAX, now() + 5000 * MS, &bits))
		return 4;
	return (uint32_t)bits;
}

static void processes(void)
{
	struct child child;
	struct message message = {0};
	static handle_t there;
	handle_t weak;
	test_begin("a_process_is_signalled_by_who_has_the_right");
	child_make(&child, "signalled");
	child_start(&child, wait_for_signal, 0);
	OK(sys_handle_duplicate(child.process, RIGHTS_ALL & ~RIGHT_SIGNAL, &weak));
	CHECK_IS(sys_process_signal(weak, 2), ERR_NO_RIGHT);
	OK(sys_handle_close(weak));
	OK(sys_process_signal(child.process, 4));
	CHECK_IS(child_wait(&child), 4);

	test_begin("a_process_that_has_ended_cannot_be_signalled");
	child_make(&child, "dead");
	child_start(&child, wait_for_signal, 0);
	OK(sys_process_kill(child.process, 3));
	CHECK_IS(sys_process_signal(child.process, 2), ERR_DEAD);
	CHECK_IS(child_wait(&child), 3);

	test_begin("a_process_gives_a_duplicate_of_its_notify_away");
	channel_make(&receiver, 4, &sender);
	child_make(&child, "giver");
	there = child_give(&child, sender, RIGHTS_ALL);
	child_start(&child, give_notify_away, &there);
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	handle_t notify = control_block()->received.handles[0];
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	CHECK_IS(sys_channel_recv(receiver, now() + 20 * MS, &message), ERR_TIMED_OUT);
	OK(sys_notify_signal(notify, 0x40));
	CHECK_IS(child_wait(&child), 0x40);
	OK(sys_handle_close(notify));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

static void rules(void)
{
	handle_t notify, second, thread, weak;
	uint64_t block;
	uint32_t number;
	test_begin("a_notify_goes_to_one_place_only");
	OK(sys_notify_create(&notify));
	OK(sys_notify_create(&second));
	OK(sys_channel_create(&receiver));
	OK(sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number));
	OK(sys_thread_set_upcall(thread, notify, (uint64_t)upcall_entry));
	OK(sys_thread_set_upcall(thread, notify, (uint64_t)upcall_entry + 1));
	CHECK_IS(sys_thread_set_upcall(HANDLE_SELF_THREAD, notify, (uint64_t)upcall_entry), ERR_BAD_STATE);
	CHECK_IS(sys_channel_bind(receiver, notify), ERR_BAD_STATE);
	OK(sys_channel_bind(receiver, second));
	CHECK_IS(sys_thread_set_upcall(thread, second, (uint64_t)upcall_entry), ERR_BAD_STATE);
	OK(sys_channel_bind(receiver, HANDLE_NONE));
	OK(sys_thread_set_upcall(thread, second, (uint64_t)upcall_entry));
	OK(sys_channel_bind(receiver, notify));
	OK(sys_channel_bind(receiver, HANDLE_NONE));

	test_next("an_upcall_needs_a_user_address_and_the_right_to_wait");
	CHECK_IS(sys_thread_set_upcall(thread, notify, 0), ERR_BAD_ARGUMENT);
	CHECK_IS(sys_thread_set_upcall(thread, notify, 0xffff800000000000), ERR_BAD_ADDRESS);
	CHECK_IS(sys_thread_set_upcall(thread, notify, USER_TOP + 1), ERR_BAD_ADDRESS);
	OK(sys_handle_duplicate(notify, RIGHT_SIGNAL, &weak));
	CHECK_IS(sys_thread_set_upcall(thread, weak, (uint64_t)upcall_entry), ERR_NO_RIGHT);
	CHECK_IS(sys_thread_set_upcall(thread, receiver, (uint64_t)upcall_entry), ERR_WRONG_TYPE);
	OK(sys_handle_close(weak));
	OK(sys_handle_duplicate(thread, RIGHTS_ALL & ~RIGHT_MANAGE, &weak));
	CHECK_IS(sys_thread_set_upcall(weak, notify, (uint64_t)upcall_entry), ERR_NO_RIGHT);
	OK(sys_handle_close(weak));

	test_next("a_thread_that_goes_leaves_its_notify_free");
	OK(sys_notify_signal(second, 1));
	OK(sys_handle_close(thread));
	pause_ms(1);
	OK(sys_channel_bind(receiver, second));
	OK(sys_handle_close(receiver));
	OK(sys_handle_close(second));
	OK(sys_handle_close(notify));
}

void test_upcalls(void)
{
	to_oneself();
	while_computing();
	by_interrupt();
	held_off();
	while_waiting();
	exceptions();
	odd_exceptions();
	second_faults();
	processes();
	rules();
}
