/*
 * Where upcalls of the tests arrive: saves the vector state, lets upcall_handled (upcalls.c) look at the frame, and goes on in the
 * program as the frame says. GS points to the thread's area, whose second word is the control block.
 */
#define BLOCK %gs:8
#define HOLD_OFF 0x10
#define FRAME 0x340
#define RED_ZONE 128

	.text
	/* The same, with the time stamp at its first instruction in upcall_entered. */
	.globl	upcall_timed_entry
upcall_timed_entry:
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, upcall_entered

	.globl	upcall_entry
upcall_entry:
	lea	-RED_ZONE-512(%rsp), %rsp
	and	$-64, %rsp
	fxsave64 (%rsp)
	mov	BLOCK, %rdi
	add	$FRAME, %rdi
	call	upcall_handled
	fxrstor64 (%rsp)

	/* What is loaded last waits on the program's stack, since the frame may be used again once hold_off is clear. */
	mov	BLOCK, %rax
	lea	FRAME(%rax), %rax
	mov	0x38(%rax), %rsp
	lea	-RED_ZONE(%rsp), %rsp
	pushq	0x80(%rax)
	pushq	0x88(%rax)
	pushq	(%rax)
	mov	0x08(%rax), %rbx
	mov	0x10(%rax), %rcx
	mov	0x18(%rax), %rdx
	mov	0x20(%rax), %rsi
	mov	0x28(%rax), %rdi
	mov	0x30(%rax), %rbp
	mov	0x40(%rax), %r8
	mov	0x48(%rax), %r9
	mov	0x50(%rax), %r10
	mov	0x58(%rax), %r11
	mov	0x60(%rax), %r12
	mov	0x68(%rax), %r13
	mov	0x70(%rax), %r14
	mov	0x78(%rax), %r15
	mov	0xa8(%rax), %al
	push	%rbx
	mov	BLOCK, %rbx
	mov	%al, HOLD_OFF(%rbx)
	pop	%rbx
	pop	%rax
	popfq
	ret	$RED_ZONE

	/*
	 * bool registers_kept(volatile uint32_t *until): a different value in each register until the word is not 0; true if all
	 * are there afterwards.
	 */
	.globl	registers_kept
registers_kept:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	$101, %rax
	movq	%rax, %xmm0
	mov	$115, %rax
	movq	%rax, %xmm15
	fld1
	mov	$1, %rax
	mov	$2, %rbx
	mov	$3, %rcx
	mov	$4, %rdx
	mov	$5, %rsi
	mov	$6, %rbp
	mov	$8, %r8
	mov	$9, %r9
	mov	$10, %r10
	mov	$11, %r11
	mov	$12, %r12
	mov	$13, %r13
	mov	$14, %r14
	mov	$15, %r15
	std
1:	cmpl	$0, (%rdi)
	je	1b
	pushfq
	cld
	add	%rbx, %rax
	add	%rcx, %rax
	add	%rdx, %rax
	add	%rsi, %rax
	add	%rbp, %rax
	add	%r8, %rax
	add	%r9, %rax
	add	%r10, %rax
	add	%r11, %rax
	add	%r12, %rax
	add	%r13, %rax
	add	%r14, %rax
	add	%r15, %rax
	pop	%rcx
	and	$0x400, %ecx
	add	%rcx, %rax
	movq	%xmm0, %rcx
	add	%rcx, %rax
	movq	%xmm15, %rcx
	add	%rcx, %rax
	push	%rax
	fistpll	(%rsp)
	pop	%rcx
	add	%rcx, %rax
	cmp	$(113 + 0x400 + 101 + 115 + 1), %rax
	sete	%al
	movzbl	%al, %eax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign	8
	.globl	upcall_entered
upcall_entered:
	.skip	8

	.section .note.GNU-stack, "", @progbits
