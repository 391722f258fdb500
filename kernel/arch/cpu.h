/* The processor that executes: its per-CPU block, its identity, interrupts, the time stamp counter, and stopping. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/context.h"

/* The part of the per-CPU data that entry code knows; core/percpu.h has the whole. GS points here while the kernel runs. */
struct arch_cpu {
	struct arch_cpu *self;
	struct context *context; /* where entry code saves: what upcall_leave answered last, set by its owner; 0 while idle */
	uint64_t kernel_stack;   /* top of the CPU's only stack */
	uint64_t scratch;        /* one word for entry code */
	uint32_t index;          /* 0 is the CPU that booted */
	uint32_t apic_id;
	struct context *bases; /* whose FS and GS base are in the registers; its copies of them are stale. Never 0 */
	uint64_t page_root;    /* the address space in use */

	/* Of a message on the quick way (upcalls.h): what is written once its words were read, 1 and 0. */
	uint32_t *handover_arm, *handover_unlock;

	struct entry_area *area; /* tables and stacks of entry code (x86_64/descriptors.h) */
	uint64_t timer_armed;    /* ns: when upcall_timer is wanted; UINT64_MAX: never */
	uint32_t online;         /* it can take interrupts; atomic */
};

static inline struct arch_cpu *arch_cpu_current(void)
{
	struct arch_cpu *cpu;
	__asm__("mov %%gs:0, %0" : "=r"(cpu)); /* kernel code stays on its CPU */
	return cpu;
}

static inline uint64_t cpu_tsc(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void cpu_pause(void)
{
	__builtin_ia32_pause();
}

/* Masks `index` to 0 when it is not below `count`, without a branch, so that nothing is read beyond it under speculation. */
static inline uint64_t cpu_mask_index(uint64_t index, uint64_t count)
{
	uint64_t mask;
	__asm__("cmp %2, %1; sbb %0, %0" : "=r"(mask) : "r"(index), "r"(count) : "cc");
	return index & mask;
}

/*
 * Lets pending interrupts in, between the steps of long work. When there is one, this does not return: as while idle, the stack
 * is abandoned and no register saved, the interrupt is handled, and upcall_leave called anew. All state must be in objects.
 */
void cpu_take_interrupts(void);

/* 64 hard-to-guess bits: the generator seeded from the boot seed, mixed with RDRAND where there is one. */
uint64_t cpu_random(void);

/* A sentence on what the CPU is and which protections are in use, for the log. */
const char *cpu_description(void);

/* Has upcall_asked called on another CPU that is online, at the latest when it leaves the kernel next; any CPU may ask. */
void cpu_ask(const struct arch_cpu *cpu);

/* For panics: the others stop for good, wherever they are, and then this one. */
void cpu_stop_others(void);
_Noreturn void cpu_stop(void);

/* Calls visit with each return address of the running kernel code, innermost first; at most 64, never faults. */
void cpu_backtrace(void (*visit)(uint64_t address, void *argument), void *argument);
