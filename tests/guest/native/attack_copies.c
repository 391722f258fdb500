/*
 * Attacks by address: every call that takes one, with memory that is absent, read-only, half there, the kernel's, or at the edge of
 * the user half. And by instruction: what may stand around `syscall`.
 */
#include "abi/exception.h"
#include "tests/guest/native/attack.h"

#define LAST_PAGE (USER_TOP - PAGE)

static uint64_t area; /* one page there, one absent, one read-only, one there */

static void make_area(void)
{
	uint64_t last;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 4 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &area));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, area + PAGE, PAGE));
	OK(sys_vmem_protect(HANDLE_SELF_VMEM, area + 2 * PAGE, PAGE, MAP_READ));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, LAST_PAGE, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, 0, 0, &last));
}

static void unmake_area(void)
{
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, area, 4 * PAGE));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, LAST_PAGE, PAGE));
}

static const uint64_t kernel_addresses[] = {0xffffffff80000000, 0xffffffffb8000000, 0xffff800000000000, 0xffffc00000000000,
        0xffffff0000000000, UINT64_MAX, UINT64_MAX - 7, 0x0000800000000000, 0x00007ffffffff000, 0x8000000000000000,
        0x0001000000000000};

/* An address at which nothing can be read nor written for 8 bytes. */
static void for_bad_addresses(void (*check)(uint64_t address))
{
	for (unsigned i = 0; i < sizeof kernel_addresses / sizeof *kernel_addresses; i++)
		check(kernel_addresses[i]);
	check(0);
	check(8);
	check(area + PAGE);
	check(USER_TOP - 4);
}

static handle_t frame, log_handle;

static void frame_bad(uint64_t address)
{
	uint64_t copied;
	CHECK_IS(sys_frame_read(frame, 0, (void *)address, 8, &copied) == ERR_OK && copied == 8, 0);
	CHECK_IS(sys_frame_write(frame, 0, (const void *)address, 8, &copied) == ERR_OK && copied == 8, 0);
	CHECK_IS(sys_frame_read(frame, 0, (void *)address, 16 * PAGE, &copied) == ERR_OK && copied > 8, 0);
}

static void log_bad(uint64_t address)
{
	uint64_t bytes, cursor, lost;
	CHECK(sys_log_write(log_handle, (const char *)address, 8, LOG_DEBUG) != ERR_OK);
	CHECK(sys_log_read(log_handle, 0, (void *)address, 2048, &bytes, &cursor, &lost) != ERR_OK);
}

static void futex_bad(uint64_t address)
{
	uint32_t woken;
	CHECK(sys_futex_wait((const uint32_t *)(address & ~3ull), 0, now()) != ERR_TIMED_OUT || address == USER_TOP - 4);
	CHECK(sys_futex_wake((const uint32_t *)address, 1, &woken) != ERR_OK || woken == 0);
}

static void stats_bad(uint64_t address)
{
	uint64_t word[MESSAGE_WORDS] = {address, 64};
	CHECK(call_words(SYS_machine_stats, grant("machine"), word) != ERR_OK);
}

static void registers_bad(uint64_t address)
{
	handle_t thread;
	uint64_t block;
	uint32_t number;
	OK(sys_thread_create(HANDLE_SELF_PROCESS, &thread, &block, &number));
	CHECK(sys_thread_read_registers(thread, (struct thread_registers *)address) != ERR_OK);
	CHECK(sys_thread_write_registers(thread, (const struct thread_registers *)address) != ERR_OK);
	if (address >= USER_TOP)
		CHECK(sys_thread_start(thread, address, PAGE, 0, 0, 0) != ERR_OK);
	if (address > USER_TOP)
		CHECK(sys_thread_start(thread, PAGE, address, 0, 0, 0) != ERR_OK);
	CHECK(sys_thread_start(thread, PAGE, PAGE, 0, 0x800000000000, 0) != ERR_OK);
	CHECK(sys_thread_start(thread, PAGE, PAGE, 0, 0, 0xffff7fffffffffff) != ERR_OK);
	OK(sys_handle_close(thread));
}

static void vmem_bad(uint64_t address)
{
	uint64_t at, page = address & ~(PAGE - 1);
	if (address < USER_TOP - PAGE)
		return;
	CHECK(sys_vmem_map(HANDLE_SELF_VMEM, page, 2 * PAGE, MAP_READ | MAP_FIXED, 0, 0, &at) != ERR_OK);
	CHECK(sys_vmem_unmap(HANDLE_SELF_VMEM, page, 2 * PAGE) != ERR_OK);
	CHECK(sys_vmem_protect(HANDLE_SELF_VMEM, page, 2 * PAGE, MAP_READ) != ERR_OK);
	CHECK(sys_vmem_map(HANDLE_SELF_VMEM, page, 0 - page, MAP_READ | MAP_FIXED, 0, 0, &at) != ERR_OK || page == 0);
	if (address > USER_TOP)
		CHECK(sys_process_set_foreign(HANDLE_SELF_PROCESS, address) != ERR_OK);
}

static void addresses(void)
{
	uint64_t copied;
	log_handle = grant("log");
	test_begin("a_frame_is_not_copied_from_or_to_where_the_program_has_nothing");
	make_area();
	OK(sys_frame_create(16 * PAGE, 0, &frame));
	for_bad_addresses(frame_bad);
	CHECK(sys_frame_read(frame, 0, (void *)(area + 2 * PAGE), 8, &copied) != ERR_OK);
	OK(sys_frame_read(frame, 0, (void *)(area + PAGE - 16), 64, &copied));
	CHECK_IS(copied, 16);
	OK(sys_frame_read(frame, 0, (void *)(area + PAGE - 13), 64, &copied));
	CHECK_IS(copied, 13);
	OK(sys_frame_read(frame, 0, (void *)(USER_TOP - 16), 16, &copied));
	CHECK_IS(copied, 16);
	test_next("the_log_is_not_copied_from_or_to_where_the_program_has_nothing");
	for_bad_addresses(log_bad);
	CHECK(sys_log_write(log_handle, (const char *)(area + PAGE - 4), 8, LOG_DEBUG) != ERR_OK);
	test_next("a_futex_is_not_where_the_program_has_nothing");
	for_bad_addresses(futex_bad);
	test_next("statistics_are_not_written_where_the_program_has_nothing");
	for_bad_addresses(stats_bad);
	stats_bad(area + 2 * PAGE);
	stats_bad(area + PAGE - 8);
	test_next("registers_are_not_copied_from_or_to_where_the_program_has_nothing");
	for_bad_addresses(registers_bad);
	test_next("nothing_is_mapped_outside_the_user_half");
	for_bad_addresses(vmem_bad);
	test_next("nothing_is_left_of_the_attacks_by_address");
	OK(sys_handle_close(frame));
	unmake_area();
}

/* Buffers of callers. */
static handle_t receiver, sender;
static struct message_buffer readable, writable;

static void call_with_buffers(void *argument)
{
	struct message message = {.label = 3};
	struct message_extras *send = extras_begin();
	status_t *out = argument;
	send->readable = readable;
	send->writable = writable;
	*out = sys_channel_call_x(sender, &message);
}

static void buffer_bad(uint64_t address)
{
	struct thread thread;
	status_t status = ERR_OK;
	struct message message = {0};
	uint64_t copied, own[8] = {0};
	readable = (struct message_buffer){address, 64};
	writable = (struct message_buffer){address, 64};
	thread_begin(&thread, call_with_buffers, &status);
	if (status == ERR_OK && !sys_channel_recv(receiver, now() + 20 * MS, &message)) {
		CHECK(sys_reply_read(HANDLE_SELF_REPLY, 0, own, 64, &copied) != ERR_OK || copied < 8);
		CHECK(sys_reply_write(HANDLE_SELF_REPLY, 0, own, 64, &copied) != ERR_OK || copied < 8);
		CHECK(sys_reply_read(HANDLE_SELF_REPLY, UINT64_MAX - 8, own, 64, &copied) != ERR_OK || copied == 0);
		CHECK(sys_reply_write(HANDLE_SELF_REPLY, 64, own, UINT64_MAX, &copied) != ERR_OK || copied == 0);
		OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	}
	thread_join(&thread);
}

static volatile bool stop;

/* Takes the caller's buffer away and brings it back, again and again. */
static void vanish(void *argument)
{
	uint64_t at;
	(void)argument;
	while (!stop) {
		OK(sys_vmem_unmap(HANDLE_SELF_VMEM, readable.address + PAGE, 30 * PAGE));
		sys_thread_yield();
		OK(sys_vmem_map(
		        HANDLE_SELF_VMEM, readable.address + PAGE, 30 * PAGE, MAP_READ | MAP_WRITE | MAP_FIXED, 0, 0, &at));
		sys_thread_yield();
	}
}

static void buffers(void)
{
	struct thread caller, vanisher;
	status_t status;
	struct message message = {0};
	uint64_t copied, own;
	test_begin("buffers_where_the_caller_has_nothing_are_not_reached");
	make_area();
	channel_make(&receiver, 1, &sender);
	for_bad_addresses(buffer_bad);
	unmake_area();

	test_next("a_callers_buffer_may_vanish_while_it_is_copied");
	uint64_t before, base;
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 32 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &base));
	OK(sys_vmem_map(HANDLE_SELF_VMEM, 0, 32 * PAGE, MAP_READ | MAP_WRITE, 0, 0, &own));
	readable = writable = (struct message_buffer){base, 32 * PAGE};
	thread_begin(&caller, call_with_buffers, &status);
	OK(sys_channel_recv(receiver, now() + 100 * MS, &message));
	stop = false;
	thread_begin_at(&vanisher, MAIN_PRIORITY, vanish, 0);
	before = now();
	for (unsigned i = 0; now() - before < 200 * MS; i++) {
		copied = 0;
		if (i % 2)
			(void)!sys_reply_read(HANDLE_SELF_REPLY, 0, (void *)own, 32 * PAGE, &copied);
		else
			(void)!sys_reply_write(HANDLE_SELF_REPLY, 0, (void *)own, 32 * PAGE, &copied);
		CHECK(copied <= 32 * PAGE);
		sys_thread_yield();
	}
	stop = true;
	thread_join(&vanisher);
	OK(sys_reply_send(HANDLE_SELF_REPLY, &message));
	thread_join(&caller);
	OK(sys_handle_close(sender));
	OK(sys_handle_close(receiver));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, base, 32 * PAGE));
	OK(sys_vmem_unmap(HANDLE_SELF_VMEM, own, 32 * PAGE));
}

/* A child does it, and may end as told; the machine goes on. */
enum {
	CALL_AT_THE_EDGE,
	STEP_INTO_CALLS,
	NESTED_FLAGS,
	SELECTORS,
	FAR_RETURN,
	STEP_OVER_STACK_SEGMENT,
	RETURN_BY_IRET_TO_KERNEL,
	GS_NOT_CANONICAL,
	KERNEL_STACK,
	GUARD,
	ICEBP,
	SYSENTER,
	INTERRUPT,
	MXCSR,
	X87,
	WRITE_CR,
	LDT,
	PREFIXES,
	STUNTS
};

static uint64_t call_with_flags(uint64_t number, uint64_t flags)
{
	uint64_t rax = number;
	__asm__ volatile("pushf; pop %%r12; mov %%r12, %%r13; or %1, %%r13; push %%r13; popf; syscall; push %%r12; popf"
	                 : "+a"(rax)
	                 : "r"(flags)
	                 : "rcx", "r11", "r12", "r13", "rdi", "rsi", "rdx", "r10", "r8", "r9", "memory", "cc");
	return rax;
}

static uint32_t do_stunt(void *argument)
{
	uint64_t at;
	switch ((uintptr_t)argument) {
	case CALL_AT_THE_EDGE: {
		if (sys_vmem_map(HANDLE_SELF_VMEM, LAST_PAGE, PAGE, MAP_READ | MAP_WRITE | MAP_FIXED_EMPTY, 0, 0, &at))
			return 1;
		*(volatile uint16_t *)(USER_TOP - 2) = 0x050f; /* syscall */
		if (sys_vmem_protect(HANDLE_SELF_VMEM, LAST_PAGE, PAGE, MAP_READ | MAP_EXECUTE))
			return 2;
		__asm__ volatile("jmp *%0" : : "r"(USER_TOP - 2), "a"((uint64_t)SYS_thread_yield));
		return 3;
	}
	case STEP_INTO_CALLS: call_with_flags(SYS_thread_yield, 0x100); return 4;
	case NESTED_FLAGS:
		/* NT, AC, DF, and the identification flag; the call may wait, so that both ways back are gone. */
		for (unsigned i = 0; i < 200; i++) {
			call_with_flags(SYS_thread_yield, 0x4000);
			call_with_flags(SYS_thread_yield, 0x40000);
			call_with_flags(SYS_thread_yield, 0x400);
			call_with_flags(SYS_thread_yield, 0x244cd5);
			call_with_flags(SYS_handle_close, 0x244cd5);
			__asm__ volatile("push $0x4202; popf");
			for (unsigned spin = 0; spin < 20000; spin++)
				__builtin_ia32_pause();
			__asm__ volatile("push $0x202; popf");
		}
		return 77;
	case SELECTORS:
		for (unsigned selector = 0; selector < 4; selector++) /* null ones may be loaded */
			__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs" : : "r"(selector));
		for (unsigned selector = 0; selector < 4; selector++)
			call_with_flags(SYS_thread_yield, 0);
		__asm__ volatile("mov %0, %%ds" : : "r"(0x7fff));
		return 5;
	case FAR_RETURN:
		__asm__ volatile("push $0x8; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:" : : : "rax", "memory");
		return 6;
	case STEP_OVER_STACK_SEGMENT:
		__asm__ volatile("mov %%ss, %%edx; pushf; orq $0x100, (%%rsp); popf; mov %%edx, %%ss; syscall"
		                 :
		                 : "a"((uint64_t)SYS_thread_yield)
		                 : "rdx", "rcx", "r11", "memory");
		return 7;
	case RETURN_BY_IRET_TO_KERNEL:
		__asm__ volatile("mov %%ss, %%eax; push %%rax; push %%rsp; pushf; mov %%cs, %%eax; push %%rax; push %0; iretq"
		                 :
		                 : "r"(0xffff800000000000)
		                 : "rax", "memory");
		return 8;
	case GS_NOT_CANONICAL: __asm__ volatile("wrgsbase %0" : : "r"(0x123456789abcdef0)); return 9;
	case KERNEL_STACK: __asm__ volatile("mov %0, %%rsp; int3" : : "r"(0xffff800000001000)); return 10;
	case GUARD: __asm__ volatile("1: push %rax; jmp 1b"); return 11;
	case ICEBP: __asm__ volatile(".byte 0xf1"); return 12;
	case SYSENTER: __asm__ volatile("sysenter"); return 13;
	case INTERRUPT: __asm__ volatile("int $0x80"); return 14;
	case MXCSR: __asm__ volatile("ldmxcsr %0" : : "m"((const uint32_t){0xffffffff})); return 15;
	case X87:
		/* A pending exception lies over calls and switches and hits only its maker. */
		__asm__ volatile("fninit; push $0; fldcw (%rsp); fldz; fld1; fdivp; pop %rax");
		for (unsigned i = 0; i < 20; i++)
			pause_ms(1);
		__asm__ volatile("fwait");
		return 77;
	case WRITE_CR: __asm__ volatile("mov %0, %%cr3" : : "r"(0ull)); return 17;
	case LDT: __asm__ volatile("lldt %w0" : : "r"(0)); return 18;
	case PREFIXES:
		__asm__ volatile(".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
		return 19;
	}
	return 20;
}

static const struct stunt {
	const char *name;
	uint32_t status, other_status; /* the other one: some CPUs, or QEMU's */
} stunts[STUNTS] = {
        {"a_call_at_the_very_end_of_the_user_half_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT, 0},
        {"single_steps_into_a_call_end_the_process", PROCESS_STATUS_FAULT + VECTOR_DEBUG, 0},
        {"odd_flags_around_calls_change_nothing", 77, 0},
        {"segments_that_there_are_not_end_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION, 0},
        {"a_far_return_into_the_kernels_segment_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION,
                PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT},
        {"a_step_that_the_stack_segment_holds_up_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_DEBUG, 0},
        {"iretq_into_the_kernels_half_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT,
                PROCESS_STATUS_FAULT + VECTOR_PROTECTION},
        {"a_base_that_is_not_canonical_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION, 9},
        {"a_breakpoint_with_a_stack_pointer_into_the_kernel_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_BREAKPOINT, 0},
        {"a_stack_that_overflows_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PAGE_FAULT, 0},
        {"icebp_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_DEBUG, PROCESS_STATUS_FAULT + VECTOR_INVALID_OPCODE},
        {"sysenter_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION, PROCESS_STATUS_FAULT + VECTOR_INVALID_OPCODE},
        {"int_0x80_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION, 0},
        {"reserved_bits_of_mxcsr_end_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION, 15},
        {"a_pending_x87_exception_hits_only_its_maker", 77, PROCESS_STATUS_FAULT + VECTOR_FPU},
        {"writing_cr3_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION, 0},
        {"lldt_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION, 0},
        {"an_endless_instruction_ends_the_process", PROCESS_STATUS_FAULT + VECTOR_PROTECTION, 0},
};

static void do_stunts(void)
{
	for (unsigned i = 0; i < STUNTS; i++) {
		struct child child;
		test_begin(stunts[i].name);
		child_make(&child, "stunt");
		child_start(&child, do_stunt, (void *)(uintptr_t)i);
		uint32_t status = child_wait(&child);
		if (!stunts[i].other_status || status != stunts[i].other_status)
			CHECK_IS(status, stunts[i].status);
	}
}

void attack_copies(void)
{
	addresses();
	buffers();
	do_stunts();
}
