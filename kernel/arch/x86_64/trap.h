/* The C side of exceptions and interrupts; traps.S calls these with the kernel's GS base, interrupts off. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What traps.S pushes when kernel code was interrupted; the lowest address first. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* An exception or interrupt in user mode, whose registers are in the CPU's context by now. Entry code leaves afterwards. */
void trap_from_user(uint32_t vector, uint64_t error);

/* The same for an interrupt while idle or where kernel code lets them in. */
void trap_from_window(uint32_t vector);

/* Kernel code met an exception: returns only if it was a copy to or from user memory, with the frame changed to end that. */
void trap_from_kernel(struct trap_frame *frame);

/* IRETQ refused what a context holds: the exception is the thread's. */
void trap_from_return(uint32_t vector, uint64_t error);

/* On a stack of its own, whatever was interrupted; returning goes on there. */
void trap_special(struct trap_frame *frame);

/* Whether cpu_stop_others was called: an NMI is then the order to stop. */
bool cpu_is_stopping(void);
