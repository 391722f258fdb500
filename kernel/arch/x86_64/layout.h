/*
 * What assembly and C agree on: selectors, vectors, and where in struct arch_cpu and struct context entry code finds things.
 * layout.c has the compiler check every offset.
 */
#pragma once

/* The GDT. SYSRET takes SS from 8 and CS from 16 above one number, hence the order. There is no 32-bit code segment. */
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_SYSRET_BASE 0x18 /* an empty descriptor: SYSRET to 32-bit code would use it */
#define SELECTOR_USER_DATA 0x20
#define SELECTOR_USER_CODE 0x28
#define SELECTOR_TSS 0x30 /* takes two places */
#define SELECTOR_END 0x40

#define SELECTOR_USER 3 /* requested privilege level, added to a selector */

/* Vectors above the CPU's own 32. */
#define VECTOR_PIC 0x20 /* 16 of them, for what the masked legacy controllers send by mistake */
#define VECTOR_PINS 0x30
#define VECTOR_PINS_END 0xf0
#define VECTOR_TIMER 0xf0
#define VECTOR_APIC_ERROR 0xf1
#define VECTOR_ASKED 0xf2 /* by another CPU */
#define VECTOR_SPURIOUS 0xff

/* Interrupt stacks of their own: numbers in the TSS. */
#define STACK_NMI 1
#define STACK_DEBUG 2
#define STACK_MACHINE_CHECK 3
#define STACK_DOUBLE_FAULT 4
#define STACKS 4

#define STACK_SIZE 16384          /* the CPU's only stack */
#define INTERRUPT_STACK_SIZE 8192 /* of each of the others */

/* Native calls: what the second byte of their numbers is, and the last of those that pass a message, of the first byte. */
#define CALL_NATIVE 0x10
#define CALL_QUICK_LAST 5
#define CALL_QUICK_MASK 7

/* The page in which a CPU starts (cpus.c): its tables, block, first function and the kernel's tables. */
#define START_TABLES 4064
#define START_CPU 4072
#define START_ENTRY 4080
#define START_ROOT 4088

/* struct arch_cpu */
#define CPU_SELF 0
#define CPU_CONTEXT 8
#define CPU_KERNEL_STACK 16
#define CPU_SCRATCH 24
#define CPU_BASES 40
#define CPU_HANDOVER_ARM 56
#define CPU_HANDOVER_UNLOCK 64

/* struct context */
#define CONTEXT_RDI 0
#define CONTEXT_RSI 8
#define CONTEXT_RDX 16
#define CONTEXT_R10 24
#define CONTEXT_R8 32
#define CONTEXT_R9 40
#define CONTEXT_RAX 48
#define CONTEXT_RBX 56
#define CONTEXT_RBP 64
#define CONTEXT_RSP 72
#define CONTEXT_R12 80
#define CONTEXT_R13 88
#define CONTEXT_R14 96
#define CONTEXT_R15 104
#define CONTEXT_RIP 112
#define CONTEXT_RFLAGS 120
#define CONTEXT_RCX 128
#define CONTEXT_R11 136
#define CONTEXT_FS_BASE 144
#define CONTEXT_GS_BASE 152
#define CONTEXT_BY_SYSCALL 160
#define CONTEXT_CONTROL_BLOCK 168
#define CONTEXT_FOREIGN_ENTRY 176

/* struct control_block */
#define BLOCK_FOREIGN_RIP 0
#define BLOCK_FOREIGN_RFLAGS 8
#define BLOCK_HOLD_OFF 16

/* struct trap_frame */
#define FRAME_VECTOR 120
#define FRAME_ERROR 128
#define FRAME_RIP 136
#define FRAME_CS 144
#define FRAME_SIZE 176
