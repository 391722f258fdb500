/*
 * Exceptions and interrupts in C. What a program caused goes to upcall_exception; what a device caused to the controller that
 * knows it; an exception of the kernel's own ends in a panic that says in words what was done to which address, unless it came
 * from a copy of user memory, which kernel_fixups (user_copy.S) names with the place to go on at.
 */
#include "arch/x86_64/trap.h"

#include <stdbool.h>

#include "abi/exception.h"
#include "arch/cpu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/interrupts.h"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/registers.h"
#include "core/panic.h"
#include "lib/format.h"

/* Offsets of an instruction that may fault and of where to go on, from the place where each offset stands. */
struct fixup {
	int32_t instruction, target;
};

extern const struct fixup kernel_fixups[] __attribute__((visibility("hidden")));
extern const struct fixup kernel_fixups_end[] __attribute__((visibility("hidden")));
extern const char kernel_image_start[] __attribute__((visibility("hidden")));
extern const char kernel_text_end[] __attribute__((visibility("hidden")));

static const char *const names[32] = {
        [VECTOR_DIVIDE] = "a division by zero or with too large a result",
        [VECTOR_DEBUG] = "a debug exception",
        [VECTOR_BREAKPOINT] = "a breakpoint",
        [VECTOR_OVERFLOW] = "an overflow exception",
        [VECTOR_BOUND] = "a bound exception",
        [VECTOR_INVALID_OPCODE] = "an instruction that the CPU does not know",
        [VECTOR_NO_FPU] = "a vector instruction while those are off",
        [VECTOR_DOUBLE_FAULT] = "a fault that could not be delivered (double fault)",
        [VECTOR_INVALID_TSS] = "an invalid task state",
        [VECTOR_NO_SEGMENT] = "an absent segment",
        [VECTOR_STACK] = "a stack fault",
        [VECTOR_PROTECTION] = "a general protection fault",
        [VECTOR_FPU] = "an x87 exception",
        [VECTOR_ALIGNMENT] = "an alignment fault",
        [VECTOR_SIMD] = "a SIMD exception",
        [VECTOR_CONTROL] = "a control protection fault",
};

static uint64_t ignored_nmis;

static void exception_from_user(uint32_t vector, uint64_t error)
{
	struct fault fault = {vector, error, 0};

	if (vector == VECTOR_PAGE_FAULT)
		fault.address = cr2_read();
	else if (vector == VECTOR_DEBUG)
		dr6_write(0);
	upcall_exception(&fault);
}

void trap_from_user(uint32_t vector, uint64_t error)
{
	if (vector < VECTOR_PIC)
		exception_from_user(vector, error);
	else
		interrupt_dispatch(vector);
}

void trap_from_window(uint32_t vector)
{
	interrupt_dispatch(vector);
}

void trap_from_return(uint32_t vector, uint64_t error)
{
	exception_from_user(vector, error);
}

/* Registers as text for the panic's report. */
static const char *describe(const struct trap_frame *frame)
{
	static char text[1024];

	format_text(text, sizeof text,
	        "rip %016lx rsp %016lx rflags %lx error %lx vector %lu\n"
	        "rax %016lx rbx %016lx rcx %016lx rdx %016lx\n"
	        "rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n"
	        "r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n"
	        "r13 %016lx r14 %016lx r15 %016lx\n"
	        "cr0 %lx cr2 %016lx cr3 %lx cr4 %lx",
	        frame->rip, frame->rsp, frame->rflags, frame->error, frame->vector, frame->rax, frame->rbx, frame->rcx,
	        frame->rdx, frame->rsi, frame->rdi, frame->rbp, frame->r8, frame->r9, frame->r10, frame->r11, frame->r12,
	        frame->r13, frame->r14, frame->r15, cr0_read(), cr2_read(), cr3_read(), cr4_read());
	return text;
}

static bool hit_stack_guard(uint64_t address)
{
	return arch_cpu_current()->kernel_stack - STACK_SIZE - 1 - address < 4096;
}

static _Noreturn void panic_page_fault(const struct trap_frame *frame)
{
	uint64_t address = cr2_read();
	const char *access = frame->error & FAULT_FETCH ? "executed" : frame->error & FAULT_WRITE ? "wrote" : "read";
	const char *why = !(frame->error & FAULT_PRESENT) ? "where nothing is mapped" : "which its page's rights do not allow";

	if (address < 4096)
		panic("page fault in the kernel: it %s address 0x%lx, so a null pointer was followed\n%s", access, address,
		        describe(frame));
	panic("page fault in the kernel: it %s address 0x%lx, %s\n%s", access, address, why, describe(frame));
}

static _Noreturn void panic_exception(const struct trap_frame *frame)
{
	const char *name = frame->vector < 32 ? names[frame->vector] : 0;

	if (frame->vector == VECTOR_PAGE_FAULT)
		panic_page_fault(frame);
	if (frame->vector == VECTOR_DOUBLE_FAULT && hit_stack_guard(cr2_read()))
		panic("the kernel's stack overflowed\n%s", describe(frame));
	if (frame->vector >= VECTOR_PIC)
		panic("interrupt 0x%lx arrived in the kernel, which runs with interrupts off\n%s", frame->vector,
		        describe(frame));
	panic("%s in the kernel\n%s", name ? name : "an exception of an unknown kind", describe(frame));
}

void trap_from_kernel(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_PAGE_FAULT && cr2_read() < 1ull << 47) {
		for (const struct fixup *fixup = kernel_fixups; fixup < kernel_fixups_end; fixup++) {
			if (frame->rip != (uint64_t)&fixup->instruction + (uint64_t)(int64_t)fixup->instruction)
				continue;
			frame->rip = (uint64_t)&fixup->target + (uint64_t)(int64_t)fixup->target;
			return;
		}
	}
	panic_exception(frame);
}

/* Intel SDM volume 3, 16.3.2: banks of machine check registers; bit 63 of a status: it holds something. */
static _Noreturn void panic_machine_check(const struct trap_frame *frame)
{
	uint32_t banks = features.mce ? (uint32_t)msr_read(MSR_MCG_CAP) & 0xff : 0;

	for (uint32_t bank = 0; bank < banks; bank++) {
		uint64_t status = msr_read(MSR_MC0_STATUS + bank * 4);
		if (status >> 63)
			panic("the CPU reports a hardware error: machine check bank %u, status 0x%lx\n%s", bank, status,
			        describe(frame));
	}
	panic("the CPU reports a hardware error (machine check) and names none\n%s", describe(frame));
}

/* System control port B: bit 7 memory parity or SERR, bit 6 an I/O channel check (ISA); all ones: there is no such port. */
static void non_maskable(const struct trap_frame *frame)
{
	if (cpu_is_stopping())
		cpu_stop();

	uint8_t port = port_read_8(0x61);
	if (port != 0xff && (port & 0xc0))
		panic("the machine reports a hardware error: %s (port 0x61 says 0x%x)\n%s",
		        port & 0x80 ? "memory parity or a PCI system error" : "an I/O channel check", port, describe(frame));
	ignored_nmis++;
}

void trap_special(struct trap_frame *frame)
{
	switch (frame->vector) {
	case VECTOR_NMI: non_maskable(frame); break;
	case VECTOR_MACHINE_CHECK: panic_machine_check(frame);
	case VECTOR_DEBUG:
		/* A program can make one hit the kernel's entry (`mov %ss` before `syscall`); no breakpoint of ours is set. */
		dr6_write(0);
		frame->rflags &= ~(uint64_t)RFLAGS_TF;
		break;
	default: panic_exception(frame);
	}
}
