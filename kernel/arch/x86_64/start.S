/*
 * The kernel's first instructions: abi/bootinfo.h says in which state the loader enters. Notes the time, takes the boot CPU's
 * own stack and per-CPU block, and calls kernel_main(bootinfo), on the stack that this CPU's kernel code will always use.
 */
#include "arch/x86_64/function.inc"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/numbers.h"

	.section .text.entry, "ax"
	function kernel_entry
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, kernel_entry_tsc(%rip)
	cld
	mov	%rdi, %rbx
	lea	boot_stack_top(%rip), %rsp
	xor	%ebp, %ebp

	lea	cpus(%rip), %rdi
	mov	%rdi, CPU_SELF(%rdi)
	mov	%rsp, CPU_KERNEL_STACK(%rdi)
	lea	context_nobody(%rip), %rax
	mov	%rax, CPU_BASES(%rdi)
	mov	$MSR_GS_BASE, %ecx
	mov	%edi, %eax
	mov	%rdi, %rdx
	shr	$32, %rdx
	wrmsr

	mov	%rbx, %rdi
	call	kernel_main
	ud2
	end_function kernel_entry

	/* A page below the stack is unmapped by paging_init, so that an overflow is a fault and not silent damage. */
	.section .bss.pages, "aw", @nobits
	.balign	4096
	.globl boot_stack_guard, boot_stack_top
boot_stack_guard:
	.skip	4096
	.skip	STACK_SIZE
boot_stack_top:

	.bss
	.balign	8
	.globl kernel_entry_tsc
kernel_entry_tsc:
	.skip	8

	.section .note.GNU-stack, "", @progbits
