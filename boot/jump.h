/* The last instructions of the loader. */
#pragma once

#define JUMP_TSC_EXIT 256 /* offset in struct bootinfo */
#define JUMP_STACK_TOP 128

#ifndef __ASSEMBLER__
#include <stdint.h>

#include "abi/bootinfo.h"

/* What the code reaches through the direct map once the new page tables are in force. */
struct jump_block {
	struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} gdt_register, idt_register;
	uint8_t padding[12];
	uint64_t gdt[4];
	uint8_t stack[64]; /* ends at JUMP_STACK_TOP */
};

/* The code, which must be mapped at its own address in the new tables: no byte of it is written. */
extern const uint8_t jump_start[], jump_end[];

/* `bootinfo` and `block` are addresses in the direct map. */
_Noreturn void jump_to_kernel(uint64_t bootinfo, uint64_t entry, uint64_t page_table_root, uint64_t block);
#endif
