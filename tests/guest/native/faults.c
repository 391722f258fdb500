/* Exceptions: what a program cannot do ends at most itself, or is repaired by the one who handles its faults. */
#include "abi/exception.h"
#include "tests/guest/native/test.h"

enum {
	READ_NULL,
	WRITE_TEXT,
	RUN_DATA,
	READ_KERNEL,
	DIVIDE,
	INVALID,
	BREAKPOINT,
	HALT,
	NOT_CANONICAL,
	PORT,
	JUMP_NOT_CANONICAL,
	STACK_GONE,
	SYSCALL_ON_KERNEL_STACK_POINTER,
	FOREIGN,
	ALIGNMENT,
	FAULTS
};

static const uint32_t vectors[FAULTS] = {14, 14, 14, 14, 0, 6, 3, 13, 13, 13, 13, 14, 14, 6, 13};

static uint32_t do_fault(void *argument)
{
	volatile uint64_t *address = (volatile uint64_t *)8;
	static uint64_t data = 0xc3;
	switch ((uintptr_t)argument) {
	case READ_NULL: return (uint32_t)*address;
	case WRITE_TEXT: *(volatile uint8_t *)do_fault = 0; break;
	case RUN_DATA: __asm__ volatile("call *%0" : : "r"(&data)); break;
	case READ_KERNEL: return (uint32_t) * (volatile uint64_t *)0xffffffff80000000;
	case DIVIDE: __asm__ volatile("xor %%ecx, %%ecx; div %%ecx" : : "a"(1), "d"(0) : "ecx"); break;
	case INVALID: __asm__ volatile("ud2"); break;
	case BREAKPOINT: __asm__ volatile("int3"); break;
	case HALT: __asm__ volatile("hlt"); break;
	case NOT_CANONICAL: return (uint32_t) * (volatile uint64_t *)0x8000000000000000;
	case PORT: __asm__ volatile("outb %%al, $0x80" : : "a"(0)); break;
	case JUMP_NOT_CANONICAL: __asm__ volatile("jmp *%0" : : "r"(0x1234000000000000)); break;
	case STACK_GONE: __asm__ volatile("mov %0, %%rsp; push %%rax" : : "r"(16ull)); break;
	case SYSCALL_ON_KERNEL_STACK_POINTER:
		/* A call with rsp in the kernel's half is nothing special; the push that follows it is. */
		__asm__ volatile("mov %0, %%rsp; syscall; push %%rax"
		                 :
		                 : "r"(0xffffffff90000000), "a"((uint64_t)SYS_thread_yield)
		                 : "rcx", "r11");
		break;
	case FOREIGN: __asm__ volatile("syscall" : : "a"(1ull) : "rcx", "r11"); break;
	case ALIGNMENT: __asm__ volatile("movaps 8(%0), %%xmm0" : : "r"((uint64_t)&data & ~15ull) : "xmm0"); break;
	}
	return 77;
}

static void unhandled(void)
{
	static const char *const names[FAULTS] = {"reading_address_8_ends_the_process", "writing_to_text_ends_the_process",
	        "running_data_ends_the_process", "reading_the_kernel_ends_the_process", "dividing_by_zero_ends_the_process",
	        "an_invalid_instruction_ends_the_process", "a_breakpoint_ends_the_process", "hlt_ends_the_process",
	        "an_address_that_is_not_canonical_ends_the_process", "a_port_without_the_right_ends_the_process",
	        "a_jump_that_is_not_canonical_ends_the_process", "a_stack_that_is_not_there_ends_the_process",
	        "a_stack_pointer_into_the_kernel_ends_the_process", "a_foreign_call_without_a_handler_ends_the_process",
	        "a_misaligned_vector_access_ends_the_process"};
	for (unsigned fault = 0; fault < FAULTS; fault++) {
		struct child child;
		test_begin(names[fault]);
		child_make(&child, "faulting");
		child_start(&child, do_fault, (void *)(uintptr_t)fault);
		CHECK_IS(child_wait(&child), PROCESS_STATUS_FAULT + vectors[fault]);
	}
}

static handle_t receiver, sender;

/* Takes the report of a fault, with the faulting thread; answers its words. */
static struct message take_report(handle_t *out_thread)
{
	struct message message = {0};
	OK(sys_channel_recv(receiver, now() + 1000 * MS, &message));
	CHECK_IS(message.info, RECEIVED_EXCEPTION | RECEIVED_EXTRAS);
	CHECK_IS(message.label, EXCEPTION_FAULT);
	CHECK_IS(control_block()->received.handle_count, 1);
	CHECK_IS(control_block()->received.rights[0], RIGHT_READ | RIGHT_WRITE | RIGHT_INSPECT);
	*out_thread = control_block()->received.handles[0];
	return message;
}

static void answer(uint32_t label)
{
	struct message message = {.label = label};
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
}

static void begin_handled(struct child *child, uint32_t (*function)(void *argument), void *argument)
{
	channel_make(&receiver, 4, &sender);
	child_make(child, "handled");
	OK(sys_process_set_exception(child->process, sender));
	child_start(child, function, argument);
}

static void end_handled(struct child *child, uint32_t status)
{
	CHECK_IS(child_wait(child), status);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
}

#define MISSING 0x700000000000ull

static uint32_t use_missing_page(void *argument)
{
	(void)argument;
	/* Vector and general registers are as before after the repair. */
	uint64_t low = 0x1234567890, back = 0, value = 0;
	register uint64_t r12 __asm__("r12") = 4321;
	__asm__ volatile("movq %3, %%xmm3; mov (%4), %1; movq %%xmm3, %0"
	                 : "=r"(back), "=&r"(value), "+r"(r12)
	                 : "r"(low), "r"(MISSING)
	                 : "xmm3", "memory");
	if (back != low || r12 != 4321)
		return 1;
	return (uint32_t)value + 5;
}

static void handled(void)
{
	struct child child;
	handle_t thread;
	uint64_t at;
	struct thread_registers r;
	test_begin("a_handler_maps_what_was_missing_and_the_thread_goes_on");
	begin_handled(&child, use_missing_page, 0);
	struct message message = take_report(&thread);
	CHECK_IS(message.word[0], VECTOR_PAGE_FAULT);
	CHECK_IS(message.word[3], MISSING);
	CHECK_IS(control_block()->received.caller, child.number);
	OK(sys_thread_read_registers(thread, &r));
	CHECK_IS(r.rip, message.word[2]);
	CHECK_IS(r.rsp, message.word[5]);
	CHECK_IS(r.r12, 4321);
	OK(sys_vmem_map(child.vmem, MISSING, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, 0, 0, &at));
	OK(sys_handle_close(thread));
	answer(EXCEPTION_RESUME);
	end_handled(&child, 5);

	test_begin("a_handler_sets_registers_and_the_thread_goes_on_there");
	begin_handled(&child, do_fault, (void *)INVALID);
	message = take_report(&thread);
	CHECK_IS(message.word[0], VECTOR_INVALID_OPCODE);
	OK(sys_thread_read_registers(thread, &r));
	r.rip += 2;
	OK(sys_thread_write_registers(thread, &r));
	OK(sys_handle_close(thread));
	answer(EXCEPTION_RESUME);
	end_handled(&child, 77);

	test_begin("a_handler_ends_the_process");
	begin_handled(&child, do_fault, (void *)DIVIDE);
	take_report(&thread);
	OK(sys_handle_close(thread));
	answer(EXCEPTION_END);
	end_handled(&child, PROCESS_STATUS_FAULT + VECTOR_DIVIDE);

	test_begin("a_handler_has_the_kernel_report_and_says_how_the_process_ended");
	begin_handled(&child, do_fault, (void *)INVALID);
	take_report(&thread);
	OK(sys_handle_close(thread));
	message = (struct message){.label = EXCEPTION_REPORT, .word = {PROCESS_STATUS_SIGNAL + 4}};
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	end_handled(&child, PROCESS_STATUS_SIGNAL + 4);

	test_begin("a_thread_that_is_to_be_reported_runs_no_more_when_its_handler_answers_and_receives");
	begin_handled(&child, use_missing_page, 0);
	take_report(&thread);
	OK(sys_vmem_map(child.vmem, MISSING, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, 0, 0, &at));
	OK(sys_handle_close(thread));
	OK(sys_handle_close(sender)); /* the process's end is told then */
	message = (struct message){.label = EXCEPTION_REPORT, .word = {PROCESS_STATUS_SIGNAL + 4}};
	OK(sys_channel_reply_recv(receiver, &message));
	CHECK_IS(message.info, RECEIVED_CLOSE);
	CHECK_IS(child_wait(&child), PROCESS_STATUS_SIGNAL + 4);
	OK(sys_handle_close(receiver));

	test_begin("a_handler_that_gives_up_ends_the_process");
	begin_handled(&child, do_fault, (void *)BREAKPOINT);
	take_report(&thread);
	OK(sys_handle_close(thread));
	OK(sys_handle_close(HANDLE_SELF_REPLY));
	end_handled(&child, PROCESS_STATUS_FAULT + VECTOR_BREAKPOINT);

	test_begin("a_handler_that_nobody_receives_for_ends_the_process");
	begin_handled(&child, do_fault, (void *)BREAKPOINT);
	pause_ms(3);
	OK(sys_handle_close(receiver));
	OK(sys_channel_create(&receiver));
	end_handled(&child, PROCESS_STATUS_FAULT + VECTOR_BREAKPOINT);

	test_begin("a_process_that_is_killed_while_its_fault_is_handled_leaves_a_dead_reply");
	begin_handled(&child, do_fault, (void *)BREAKPOINT);
	take_report(&thread);
	child_kill(&child);
	struct message late = {.label = EXCEPTION_RESUME};
	CHECK_IS(sys_reply_send(HANDLE_SELF_REPLY, &late), ERR_DEAD);
	CHECK_IS(sys_thread_read_registers(thread, &r), ERR_BAD_STATE);
	OK(sys_handle_close(thread));
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));

	test_begin("a_report_of_a_fault_cannot_be_forwarded");
	begin_handled(&child, do_fault, (void *)BREAKPOINT);
	take_report(&thread);
	CHECK_IS(sys_channel_forward(sender, &late), ERR_NOT_SUPPORTED);
	OK(sys_handle_close(thread));
	answer(EXCEPTION_END);
	end_handled(&child, PROCESS_STATUS_FAULT + VECTOR_BREAKPOINT);
}

void test_faults(void)
{
	unhandled();
	handled();
}
