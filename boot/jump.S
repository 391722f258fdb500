/*
 * From the firmware's world into the kernel's. Runs where the firmware loaded it, which both the firmware's page tables and the
 * new ones map; from the load of CR3 on nothing else of the loader is there, only the kernel's half. The descriptor tables are
 * exchanged too, so that nothing depends on memory that the kernel is told is free: the GDT is in the handoff's own pages, and
 * the IDT is empty, so that an exception before the kernel has one resets the machine instead of running into the void.
 */
#include "jump.h"

#define MSR_EFER 0xc0000080
#define EFER_NXE 11
#define CR0_WP 16
#define CR4_PGE (1 << 7)
#define CR4_PCIDE (1 << 17)
#define CR4_CET (1 << 23)
#define CODE 8
#define DATA 16
#define FLAGS_FIXED 2

	.text
	.balign 64
	.globl jump_start, jump_end, jump_to_kernel
	.type jump_to_kernel, @function
jump_start:
jump_to_kernel: /* rdi bootinfo, rsi entry, rdx page table root, rcx block */
	cli
	cld
	mov	%rdx, %r8
	mov	%rcx, %r9

	mov	$MSR_EFER, %ecx
	rdmsr
	bts	$EFER_NXE, %eax
	wrmsr

	/* Without global pages the load of CR3 leaves nothing of the firmware's in the TLB. */
	mov	%cr4, %rax
	and	$~(CR4_PGE | CR4_PCIDE | CR4_CET), %rax
	mov	%rax, %cr4
	mov	%r8, %cr3
	mov	%cr0, %rax
	bts	$CR0_WP, %rax
	mov	%rax, %cr0

	lgdt	(%r9)
	lidt	10(%r9)
	mov	$DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	lea	JUMP_STACK_TOP(%r9), %rsp
	push	$FLAGS_FIXED
	popfq
	push	$CODE
	lea	1f(%rip), %rax
	push	%rax
	lretq
1:
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, JUMP_TSC_EXIT(%rdi)
	xor	%esp, %esp
	xor	%ebp, %ebp
	jmp	*%rsi
jump_end:
	.size jump_to_kernel, . - jump_to_kernel

	.section .note.GNU-stack, "", @progbits
