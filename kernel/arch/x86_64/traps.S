/*
 * Exceptions and interrupts: one stub per vector, three ways on.
 *
 * From user mode the registers go into the thread's context, and the stack starts anew. From kernel mode there are three cases:
 * an interrupt where entry.S lets them in, whose frame is dropped; iretq refusing a context, which is the thread's fault; and everything else,
 * which trap_from_kernel either repairs (copies of user memory) or ends with a panic.
 *
 * NMI, #MC and #DF, and #DB in kernel mode, can hit between any two instructions of entry code. They have stacks of their own
 * with the CPU's block named at the top, because GS may still be the program's, and programs choose that freely.
 */
#include "arch/x86_64/function.inc"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/numbers.h"

	/* Where things are before the general registers are pushed. */
#define TRAP_VECTOR 0
#define TRAP_ERROR 8
#define TRAP_RIP 16
#define TRAP_CS 24
#define TRAP_RFLAGS 32
#define TRAP_RSP 40

	/* Gates change neither the direction flag nor AC, which would let the kernel touch user memory. */
	.macro	clean_flags
	cld
	testb	$1, cpu_uses_smap(%rip)
	jz	.Lno_smap\@
	clac
.Lno_smap\@:
	.endm

	.macro	push_registers
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm

	/* Also takes error code and vector away. */
	.macro	pop_registers
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	.endm

	/* Calls a function with the frame, so that a backtrace finds the interrupted code as its caller. */
	.macro	call_with_frame function
	mov	%rsp, %rdi
	pushq	FRAME_RIP(%rdi)
	push	%rbp
	mov	%rsp, %rbp
	call	\function
	add	$16, %rsp
	.endm

	.text
	.balign	16
	function trap
	testb	$3, TRAP_CS(%rsp)
	jz	from_kernel
	swapgs
	lfence
	mov	%rax, %gs:CPU_SCRATCH
	mov	%gs:CPU_CONTEXT, %rax
	mov	%rdi, CONTEXT_RDI(%rax)
	mov	%rsi, CONTEXT_RSI(%rax)
	mov	%rdx, CONTEXT_RDX(%rax)
	mov	%r10, CONTEXT_R10(%rax)
	mov	%r8, CONTEXT_R8(%rax)
	mov	%r9, CONTEXT_R9(%rax)
	mov	%rbx, CONTEXT_RBX(%rax)
	mov	%rbp, CONTEXT_RBP(%rax)
	mov	%r12, CONTEXT_R12(%rax)
	mov	%r13, CONTEXT_R13(%rax)
	mov	%r14, CONTEXT_R14(%rax)
	mov	%r15, CONTEXT_R15(%rax)
	mov	%rcx, CONTEXT_RCX(%rax)
	mov	%r11, CONTEXT_R11(%rax)
	mov	%gs:CPU_SCRATCH, %rcx
	mov	TRAP_RIP(%rsp), %rdx
	mov	TRAP_RFLAGS(%rsp), %r8
	mov	TRAP_RSP(%rsp), %r9
	mov	%rcx, CONTEXT_RAX(%rax)
	mov	%rdx, CONTEXT_RIP(%rax)
	mov	%r8, CONTEXT_RFLAGS(%rax)
	mov	%r9, CONTEXT_RSP(%rax)
	movq	$0, CONTEXT_BY_SYSCALL(%rax)
	mov	TRAP_VECTOR(%rsp), %edi
	mov	TRAP_ERROR(%rsp), %rsi
	mov	%gs:CPU_KERNEL_STACK, %rsp
	xor	%ebp, %ebp
	clean_flags
	call	trap_from_user
	jmp	entry_leave

from_kernel:
	lfence
	push_registers
	lea	entry_iretq(%rip), %rax
	cmp	%rax, FRAME_RIP(%rsp)
	je	return_refused
	clean_flags
	cmpq	$VECTOR_PIC, FRAME_VECTOR(%rsp)
	jb	1f
	lea	entry_window(%rip), %rax
	cmp	%rax, FRAME_RIP(%rsp)
	jb	1f
	lea	entry_window_end(%rip), %rax
	cmp	%rax, FRAME_RIP(%rsp)
	jb	from_window
	/* Entry code that faults before it has swapped can at least say so. */
1:	rdgsbase %rax
	test	%rax, %rax
	js	2f
	swapgs
2:	call_with_frame trap_from_kernel
	pop_registers
	iretq

from_window:
	mov	FRAME_VECTOR(%rsp), %edi
	mov	%gs:CPU_KERNEL_STACK, %rsp
	xor	%ebp, %ebp
	call	trap_from_window
	jmp	entry_leave

	/* The program's GS base is in place already, its registers are lost here and still in the context. */
return_refused:
	swapgs
	lfence
	mov	FRAME_VECTOR(%rsp), %edi
	mov	FRAME_ERROR(%rsp), %rsi
	mov	%gs:CPU_KERNEL_STACK, %rsp
	xor	%ebp, %ebp
	clean_flags
	call	trap_from_return
	jmp	entry_leave
	end_function trap

	function debug
	testb	$3, TRAP_CS(%rsp)
	jnz	trap
special:
	push_registers
	clean_flags
	/* The name of the CPU is above what the CPU pushed. */
	mov	FRAME_SIZE(%rsp), %rax
	rdgsbase %rbx
	wrgsbase %rax
	call_with_frame trap_special
	wrgsbase %rbx
	pop_registers
	iretq
	end_function debug

	/* The IDT's entries: 16 bytes each. The CPU pushes an error code for ten of them. */
	.balign	16
	.globl trap_stubs
trap_stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
	.else
	pushq	$0
	.endif
	pushq	$vector
	.if	vector == 1
	jmp	debug
	.elseif	vector == 2 || vector == 8 || vector == 18
	jmp	special
	.else
	jmp	trap
	.endif
	.set	vector, vector + 1
	.endr

	.section .note.GNU-stack, "", @progbits
