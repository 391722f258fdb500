/* Upcalls: exceptions, in a handler too; whose upcalls a process's bits are; and what is refused. */
#include "abi/exception.h"
#include "tests/guest/native/upcalls.h"

static handle_t receiver, sender;

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
	upcalls_forget();
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
	upcalls_forget();
	uint64_t next;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; 1: lea 1b(%%rip), %0" : "=r"(next) : : "memory");
	CHECK_IS(upcalls.count, 1);
	CHECK_IS(upcalls.frame.cause, VECTOR_DEBUG);
	CHECK_IS(upcalls.frame.rip, next);
	CHECK(upcalls.frame.rflags & 0x100);
	upcalls_end(notify);

	test_next("a_thread_can_have_its_exceptions_without_any_bits");
	upcalls_forget();
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

void test_upcalls_exceptions(void)
{
	exceptions();
	odd_exceptions();
	second_faults();
	processes();
	rules();
}
