/* The CPU's tables: GDT, TSS with its interrupt stacks, IDT; and the part of memory that entry code touches. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/cpu.h"
#include "arch/ports.h"
#include "arch/x86_64/layout.h"

/* Intel SDM volume 3, 8.7. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t bitmap_offset;
	uint8_t bitmap[PORTS_BITMAP_SIZE];
	uint8_t bitmap_end; /* all ones: the CPU reads a byte beyond the last port's */
} __attribute__((packed));

struct interrupt_stack {
	uint8_t bytes[INTERRUPT_STACK_SIZE - 16];
	struct arch_cpu *cpu; /* what entry code trusts instead of GS */
	uint64_t reserved;
};

/* All that a CPU needs to enter the kernel, before anything else of the kernel must be mapped. */
struct entry_area {
	uint64_t gdt[SELECTOR_END / 8];
	struct tss tss;
	_Alignas(4096) struct interrupt_stack stacks[STACKS];
};

/* Of the CPU that boots; others have theirs when they start (cpus.c). */
extern struct entry_area descriptors_boot_area;

/* Fills and loads the tables of the CPU that executes, whose area is set; the table of gates by the first one. */
void descriptors_init(struct arch_cpu *cpu);

/* The table of gates, a page of its own that is to be read-only once filled. */
extern uint64_t descriptors_idt[512];
