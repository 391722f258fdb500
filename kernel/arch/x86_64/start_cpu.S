/*
 * The first instructions of every CPU but the one that booted: cpus.c copies them to a page below 1 MiB, where a startup interrupt
 * has the CPU begin in real mode with cs = page >> 4 (Intel SDM volume 3, 9.4.3). From there it goes to 64-bit mode in one step
 * (AMD APM volume 2, 14.6.1: PE and PG together, EFER.LME before), on tables that map this page where it lies and the kernel where
 * it is, and takes what the last words of the page name: its block, its stack, and the kernel's own tables.
 */
#include "arch/x86_64/function.inc"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/numbers.h"

	.section .rodata
	.balign	16
	.globl start_cpu, start_cpu_end
	.hidden	start_cpu, start_cpu_end
	.code16
start_cpu:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	/* The page's linear address into the two far pointers that need it. */
	movzwl	%ax, %ebx
	shll	$4, %ebx
	leal	(gdt - start_cpu)(%ebx), %eax
	movl	%eax, (gdt_register - start_cpu + 2)
	leal	(start_64 - start_cpu)(%ebx), %eax
	movl	%eax, (far_64 - start_cpu)
	lgdtl	(gdt_register - start_cpu)

	movl	$(CR4_PAE + CR4_PGE), %eax
	movl	%eax, %cr4
	movl	(START_TABLES), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME + EFER_NXE), %eax
	wrmsr
	movl	$(CR0_PE + CR0_MP + CR0_ET + CR0_NE + CR0_WP + CR0_PG), %eax
	movl	%eax, %cr0
	ljmpl	*(far_64 - start_cpu)

	.code64
start_64:
	xor	%eax, %eax
	mov	%ebx, %ebx
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	START_CPU(%rbx), %rdi
	mov	START_ENTRY(%rbx), %rsi
	mov	START_ROOT(%rbx), %rdx
	jmp	*%rsi

	.balign	8
gdt:	.quad	0
	.quad	0x00209b0000000000 /* SELECTOR_KERNEL_CODE */
gdt_register:
	.word	gdt_register - gdt - 1
	.long	0
	.balign	4
far_64:	.long	0
	.word	SELECTOR_KERNEL_CODE
start_cpu_end:

	/* rdi: the CPU's block, rdx: the kernel's tables. The low page is not needed from here on. */
	.text
	function start_cpu_entry
	mov	%rdx, %cr3
	mov	CPU_KERNEL_STACK(%rdi), %rsp
	xor	%ebp, %ebp
	mov	$MSR_GS_BASE, %ecx
	mov	%edi, %eax
	mov	%rdi, %rdx
	shr	$32, %rdx
	wrmsr
	call	start_cpu_main
	ud2
	end_function start_cpu_entry

	.section .note.GNU-stack, "", @progbits
