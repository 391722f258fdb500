/*
 * What the machine test runs in user mode, mapped as it is at PROGRAM: pieces of code, each begun with rdi = its control block,
 * the stack in the page of that block, FS and GS base 0. A piece ends by an exception that the test expects, or by `done` with
 * rdi = 1 if all was right.
 */
#define CALL_DONE 0x10f0 /* rdi: 1 right, 0 wrong */
#define CALL_ADD 0x10f1  /* adds one to each word */
#define CALL_NOTHING 0x10f2
#define CALL_SWITCH 0x10f3 /* to the other thread */
#define CALL_START 0x10f4  /* both threads run from now on, preempted by the timer */

	.macro	piece name
	.globl	\name
\name:
	.endm

	.macro	native number
	mov	$\number, %eax
	syscall
	.endm

	.macro	expect register, value
	cmp	\value, \register
	jne	wrong
	.endm

	.section .rodata
	.balign	4096
	.globl	program, program_end
program:
right:
	mov	$1, %edi
	native	CALL_DONE
wrong:
	xor	%edi, %edi
	native	CALL_DONE

	/* Exceptions, in the order of the table in exceptions.c. */
	piece fault_read
	mov	0x1238, %eax
	piece fault_write
	movl	$0, 0x1234
	piece fault_write_code
	mov	%eax, program(%rip)
	piece fault_kernel
	mov	$-0x80000000, %rax
	mov	(%rax), %eax
	piece fault_execute_data
	jmp	*%rdi
	piece fault_divide
	xor	%eax, %eax
	xor	%edx, %edx
	div	%eax
	piece fault_trap
	pushfq
	orl	$0x100, (%rsp)
	popfq
	nop
	nop
	piece fault_breakpoint
	int3
	piece fault_opcode
	ud2
	piece fault_canonical
	mov	$1, %eax
	shl	$63, %rax
	mov	(%rax), %eax
	piece fault_halt
	hlt
	piece fault_interrupt
	int	$0x80
	piece fault_table
	sidt	-16(%rsp)
	jmp	right
	piece fault_jump
	mov	$1, %eax
	shl	$63, %rax
	jmp	*%rax
	piece fault_selector
	mov	$0x08, %eax
	mov	%eax, %ds
	piece fault_simd
	pushq	$0x1d00 /* division by zero is not masked */
	ldmxcsr	(%rsp)
	pcmpeqd	%xmm1, %xmm1
	psrld	$25, %xmm1
	pslld	$23, %xmm1 /* 1.0 */
	pxor	%xmm2, %xmm2
	divss	%xmm2, %xmm1
	jmp	right
	piece fault_x87
	pushq	$0x37b /* likewise */
	fldcw	(%rsp)
	fld1
	fldz
	fdivrp
	fwait
	piece fault_alignment
	pushfq
	orl	$0x40000, (%rsp)
	popfq
	mov	1(%rdi), %eax
	pushfq
	andl	$~0x40000, (%rsp)
	popfq
	jmp	right
	piece fault_msr
	xor	%ecx, %ecx
	rdmsr
	piece fault_cr
	mov	%cr3, %rax
	piece fault_sysenter
	sysenter

	piece keeps_registers
	mov	$0xbbbb, %ebx
	mov	%rsp, %rbp
	mov	$0x1212, %r12
	mov	$0x1313, %r13
	mov	$0x1414, %r14
	mov	$0x1515, %r15
	mov	$1, %edi
	mov	$2, %esi
	mov	$3, %edx
	mov	$4, %r10d
	mov	$5, %r8d
	mov	$6, %r9d
	native	CALL_ADD
	expect	%rax, $0
	expect	%rdi, $2
	expect	%rsi, $3
	expect	%rdx, $4
	expect	%r10, $5
	expect	%r8, $6
	expect	%r9, $7
	expect	%rsp, %rbp
	expect	%r12, $0x1212
	expect	%r13, $0x1313
	expect	%r14, $0x1414
	expect	%r15, $0x1515
	expect	%rbx, $0xbbbb
	jmp	right

	/* Direction, nested task, alignment check: the kernel must not have them, the program must still. */
	piece keeps_flags
	pushfq
	orl	$0x44400, (%rsp)
	popfq
	native	CALL_NOTHING
	pushfq
	pop	%rbx
	cld
	pushfq
	andl	$~0x44400, (%rsp)
	popfq
	and	$0x44400, %ebx
	expect	%ebx, $0x44400
	jmp	right

	/* A stack segment loaded before `syscall` holds the trap back until the kernel's first instruction. */
	piece trap_in_entry
	mov	%ss, %ecx
	pushfq
	orl	$0x100, (%rsp)
	popfq
	mov	%ecx, %ss
	mov	$CALL_NOTHING, %eax
	syscall
	jmp	right

	/* r15 keeps the block. Every register but rcx and r11 arrives at the handler as it was. */
	piece foreign_call
	mov	%rdi, %r15
	mov	%rsp, %r14
	lea	foreign_return(%rip), %r13
	mov	$0x1000000, %ebx
	mov	$0x2, %ebp
	mov	$0x12, %r12d
	mov	$0x11, %edi
	mov	$0x22, %esi
	mov	$0x33, %edx
	mov	$0x44, %r10d
	mov	$0x55, %r8d
	mov	$0x66, %r9d
	mov	$39, %eax
	std
	syscall
foreign_return:
	expect	%rax, $-38
	jmp	right

	piece foreign_handler
	expect	%rax, $39
	expect	%rbx, $0x1000000
	expect	%rbp, $2
	expect	%r12, $0x12
	expect	%rdi, $0x11
	expect	%rsi, $0x22
	expect	%rdx, $0x33
	expect	%r10, $0x44
	expect	%r8, $0x55
	expect	%r9, $0x66
	expect	%rsp, %r14
	cmpb	$1, 16(%r15) /* hold_off */
	jne	wrong
	expect	%r13, (%r15) /* foreign_rip */
	testl	$0x400, 8(%r15) /* foreign_rflags: the direction flag; here it is clear */
	jz	wrong
	pushfq
	pop	%rcx
	test	$0x400, %ecx
	jnz	wrong
	mov	$-38, %rax
	jmp	*%r13

	piece uses_port
	mov	$0x3fd, %edx
	in	%dx, %al
	jmp	right

	piece nothing
	native	CALL_NOTHING
	jmp	right

	/*
	 * Two threads that fill everything with their own pattern and look for ever whether it stays, while the timer switches
	 * between them. rdi: the pattern.
	 */
	.macro	pattern_thread name
	piece \name
	wrfsbase %rdi
	lea	1(%rdi), %rcx
	wrgsbase %rcx
	mov	%rdi, %rbx
	native	CALL_START
	mov	%rbx, %rdi
	movq	%rdi, %xmm0
	vinsertf128 $1, %xmm0, %ymm0, %ymm15
	vmovaps	%ymm15, %ymm7
	push	%rdi
	fildl	(%rsp)
	pop	%rdi
	mov	%rdi, %rbx
	mov	%rdi, %rbp
	mov	%rdi, %r8
	mov	%rdi, %r9
	mov	%rdi, %r10
	mov	%rdi, %r11
	mov	%rdi, %r12
	mov	%rdi, %r13
	mov	%rdi, %r14
	mov	%rdi, %r15
	mov	%rdi, %rdx
	mov	%rdi, %rax
	mov	%rdi, %rsi
	xor	%ecx, %ecx
	dec	%rcx
1:	expect	%rax, %rdi
	expect	%rbx, %rdi
	expect	%rdx, %rdi
	expect	%rbp, %rdi
	expect	%r8, %rdi
	expect	%r9, %rdi
	expect	%r10, %rdi
	expect	%r11, %rdi
	expect	%r12, %rdi
	expect	%r13, %rdi
	expect	%r14, %rdi
	expect	%r15, %rdi
	expect	%rcx, $-1
	vpcmpeqq %ymm7, %ymm15, %ymm1
	vpmovmskb %ymm1, %ecx
	expect	%ecx, $-1
	vextractf128 $1, %ymm7, %xmm2
	movq	%xmm2, %rcx
	expect	%rcx, %rdi
	rdfsbase %rcx
	expect	%rcx, %rdi
	rdgsbase %rcx
	dec	%rcx
	expect	%rcx, %rdi
	fistl	-8(%rsp)
	mov	-8(%rsp), %ecx
	expect	%ecx, %edi
	xor	%ecx, %ecx
	dec	%rcx
	expect	%rsi, %rdi
	jmp	1b
	.endm

	pattern_thread pattern_first
	pattern_thread pattern_second

	/* Leaves marks in every kind of register, then calls; the other thread looks for them. */
	piece leaves_marks
	mov	$0x23, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$0x7777, %eax
	wrfsbase %rax
	wrgsbase %rax
	vpcmpeqd %ymm0, %ymm0, %ymm0
	vmovaps	%ymm0, %ymm3
	vmovaps	%ymm0, %ymm15
	fld1
	pushq	$0x3f80
	ldmxcsr	(%rsp)
	native	CALL_SWITCH
	rdfsbase %rax
	expect	%rax, $0x7777
	rdgsbase %rax
	expect	%rax, $0x7777
	jmp	right

	piece looks_for_marks
	mov	%ds, %eax
	expect	%eax, $0
	mov	%es, %eax
	expect	%eax, $0
	mov	%fs, %eax
	expect	%eax, $0
	mov	%gs, %eax
	expect	%eax, $0
	rdfsbase %rax
	expect	%rax, $0
	rdgsbase %rax
	expect	%rax, $0
	vptest	%ymm0, %ymm0
	jnz	wrong
	vptest	%ymm3, %ymm3
	jnz	wrong
	vptest	%ymm15, %ymm15
	jnz	wrong
	stmxcsr	-8(%rsp)
	cmpl	$0x1f80, -8(%rsp)
	jne	wrong
	fnstenv	-64(%rsp)
	cmpw	$-1, -56(%rsp) /* all x87 registers are empty */
	jne	wrong
	native	CALL_SWITCH
	jmp	wrong
program_end:

	.section .note.GNU-stack, "", @progbits
