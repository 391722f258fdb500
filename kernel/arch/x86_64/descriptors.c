/*
 * Descriptor tables. Segments mean almost nothing in 64-bit mode: two for the kernel, two for programs, in the order that
 * SYSCALL and SYSRET demand, none for 32-bit code. Every gate is an interrupt gate, so that interrupts stay off; programs may
 * raise only breakpoint and overflow themselves. Four exceptions have stacks of their own (traps.S says why).
 */
#include "arch/x86_64/descriptors.h"

#include "abi/exception.h"
#include "arch/x86_64/registers.h"

/* Access bytes and flags: Intel SDM volume 3, 3.4.5. */
#define SEGMENT_CODE(level) (0x00209b0000000000ull | (uint64_t)(level) << 45)
#define SEGMENT_DATA(level) (0x0000930000000000ull | (uint64_t)(level) << 45)
#define SEGMENT_TSS 0x0000890000000000ull
#define GATE 0x8e00u
#define GATE_FOR_PROGRAMS 0xee00u

extern const uint8_t trap_stubs[256][16] __attribute__((visibility("hidden")));
void entry_syscall(void) __attribute__((visibility("hidden")));
void entry_compat(void) __attribute__((visibility("hidden")));

struct entry_area descriptors_boot_area __attribute__((section(".bss.pages"), aligned(4096)));

uint64_t descriptors_idt[512] __attribute__((section(".bss.pages"), aligned(4096)));

struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static void fill_gdt(struct entry_area *area)
{
	uint64_t tss = (uint64_t)&area->tss;

	area->gdt[SELECTOR_KERNEL_CODE / 8] = SEGMENT_CODE(0);
	area->gdt[SELECTOR_KERNEL_DATA / 8] = SEGMENT_DATA(0);
	area->gdt[SELECTOR_USER_DATA / 8] = SEGMENT_DATA(3);
	area->gdt[SELECTOR_USER_CODE / 8] = SEGMENT_CODE(3);
	area->gdt[SELECTOR_TSS / 8] = SEGMENT_TSS | (sizeof area->tss - 1) | (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	area->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
}

static void fill_tss(struct entry_area *area, struct arch_cpu *cpu)
{
	area->tss.rsp[0] = cpu->kernel_stack;
	area->tss.bitmap_offset = sizeof area->tss; /* beyond the limit: no port is allowed */
	area->tss.bitmap_end = 0xff;
	for (unsigned i = 0; i < STACKS; i++) {
		area->stacks[i].cpu = cpu;
		area->tss.ist[i] = (uint64_t)&area->stacks[i].cpu;
	}
}

static unsigned gate_stack(unsigned vector)
{
	switch (vector) {
	case VECTOR_NMI: return STACK_NMI;
	case VECTOR_DEBUG: return STACK_DEBUG;
	case VECTOR_MACHINE_CHECK: return STACK_MACHINE_CHECK;
	case VECTOR_DOUBLE_FAULT: return STACK_DOUBLE_FAULT;
	default: return 0;
	}
}

static void fill_idt(void)
{
	for (unsigned vector = 0; vector < 256; vector++) {
		uint64_t address = (uint64_t)trap_stubs[vector];
		uint64_t kind = vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW ? GATE_FOR_PROGRAMS : GATE;
		descriptors_idt[vector * 2] = (address & 0xffff) | SELECTOR_KERNEL_CODE << 16 |
		        (uint64_t)gate_stack(vector) << 32 | kind << 32 | (address >> 16 & 0xffff) << 48;
		descriptors_idt[vector * 2 + 1] = address >> 32;
	}
}

static void load(struct entry_area *area)
{
	struct table_register gdt = {sizeof area->gdt - 1, (uint64_t)area->gdt};
	struct table_register idt = {sizeof descriptors_idt - 1, (uint64_t)descriptors_idt};
	uint64_t base = msr_read(MSR_GS_BASE);

	__asm__ volatile("lgdt %0" : : "m"(gdt));
	/* A far return loads CS; loading GS clears its base on some CPUs. */
	__asm__ volatile("pushq %0\n\tlea 1f(%%rip), %%rax\n\tpush %%rax\n\tlretq\n1:\n\t"
	                 "mov %1, %%ss\n\tmov %2, %%ds\n\tmov %2, %%es\n\tmov %2, %%fs\n\tmov %2, %%gs"
	                 :
	                 : "i"(SELECTOR_KERNEL_CODE), "r"(SELECTOR_KERNEL_DATA), "r"(0)
	                 : "rax", "memory");
	msr_write(MSR_GS_BASE, base);
	msr_write(MSR_KERNEL_GS_BASE, 0);
	__asm__ volatile("lidt %0" : : "m"(idt));
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
	__asm__ volatile("lldt %w0" : : "r"(0));
}

static void enable_syscall(void)
{
	msr_write(MSR_STAR, (uint64_t)SELECTOR_SYSRET_BASE << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
	msr_write(MSR_LSTAR, (uint64_t)entry_syscall);
	msr_write(MSR_CSTAR, (uint64_t)entry_compat);
	msr_write(MSR_FMASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC | RFLAGS_NT | RFLAGS_IOPL | RFLAGS_RF);
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
	msr_write(MSR_SYSENTER_CS, 0);
}

void descriptors_init(struct arch_cpu *cpu)
{
	fill_gdt(cpu->area);
	fill_tss(cpu->area, cpu);
	if (cpu->area == &descriptors_boot_area)
		fill_idt();
	load(cpu->area);
	enable_syscall();
	dr7_write(0x400); /* no breakpoints */
}
