/*
 * What arch/ calls upwards, all on the CPU's only stack with interrupts off. Entry code resumes the context that upcall_syscall or
 * upcall_leave answers, or idles (interrupts on, halted) when that is 0; after each of the others it calls upcall_leave.
 */
#pragma once

#include <stdint.h>

#include "arch/context.h"

struct fault {
	uint32_t vector;  /* abi/exception.h */
	uint64_t error;   /* the CPU's error code, 0 where there is none */
	uint64_t address; /* CR2 of a page fault, else 0 */
};

#define FAULT_PRESENT 0x1u /* error code of a page fault: Intel SDM volume 3, 4.7 */
#define FAULT_WRITE 0x2u
#define FAULT_USER 0x4u
#define FAULT_FETCH 0x10u

/*
 * A native call (number CALL_NUMBER_FIRST to CALL_NUMBER_FIRST + 0xff) by the current thread, whose registers are in its context.
 * Answers as upcall_leave does. Foreign calls never come here, but for one case:
 */
struct context *upcall_syscall(struct context *context);

/*
 * Before that for the first five numbers, channel_call to channel_forward_recv: where nothing stands in its way, the answer is who
 * goes on, in whose address space the CPU is already, and whose words, results of the call that it waited in, he finds; else 0, and
 * nothing has happened. Entry code reads the words, then writes 1 to arch_cpu.handover_arm and 0 to handover_unlock, by which
 * whoever gave the words begins to wait, and resumes `to`, with vector state at defaults. By number, from CALL_NUMBER_FIRST on.
 */
struct handover {
	struct context *to;
	const struct context *words;
};
extern struct handover (*const upcall_message[])(struct context *context) __attribute__((visibility("hidden")));

/* A number outside the native range by a thread whose process registered no handler. */
void upcall_foreign_unhandled(void);

/* An exception in user mode. Faults inside user_copy_* are handled in arch/; any other in kernel mode is a panic. */
void upcall_exception(const struct fault *fault);

void upcall_interrupt(uint32_t pin);
void upcall_timer(void);

/* Another CPU has something for this one (cpu_ask). */
void upcall_asked(void);

/* The context to resume on this CPU, in its address space, which upcall_leave has activated; 0: nothing to run. */
struct context *upcall_leave(void);

/* A zeroed page for page tables; 0: none left. */
void *upcall_page_alloc(void);
void upcall_page_free(void *page);
void upcall_page_free_zero(void *page); /* all of whose entries are 0 again */
