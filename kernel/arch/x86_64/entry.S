/*
 * The way from user mode by `syscall`, and the way back for everything.
 *
 * In the kernel GS is the CPU's struct arch_cpu, and the program's GS base waits in the other register. FS and GS base of the
 * thread that ran last stay in the CPU (arch_cpu.bases says whose they are) until another thread is resumed.
 *
 * Native calls (numbers 0x1000 to 0x10ff in ax) are saved whole into the thread's context. `rsp` serves as the pointer to it:
 * interrupts are off, and NMI, #DB, #MC and #DF have stacks of their own. Any other number is a foreign call and never leaves
 * this file: return address and flags go to the control block, and the thread goes on at its process's handler.
 *
 * sysret only resumes threads that came by `syscall` and whose registers nobody wrote since: their rip is canonical, because
 * the last page below the hole is never mapped. All others are resumed by iretq, whose one possible fault (a rip that is not
 * canonical) traps.S recognises by the address entry_iretq and makes the thread's.
 *
 * Until the page table could change, only the interrupt stacks, the TSS and the first line of the per-CPU block are touched, by
 * which page tables without the kernel can be added here.
 */
#include "arch/x86_64/function.inc"
#include "arch/x86_64/layout.h"
#include "arch/x86_64/numbers.h"

	/*
	 * rsp: the context, CPU_SCRATCH: the program's rsp, rcx and r11: its rip and rflags. Goes over to the kernel stack, with
	 * the context in rdi. rbp stays the program's: a backtrace ends where it leaves the stack.
	 */
	.macro	save_context
	mov	%rcx, CONTEXT_RIP(%rsp)
	mov	%r11, CONTEXT_RFLAGS(%rsp)
	mov	%gs:CPU_SCRATCH, %rcx
	mov	%rdi, CONTEXT_RDI(%rsp)
	mov	%rsi, CONTEXT_RSI(%rsp)
	mov	%rdx, CONTEXT_RDX(%rsp)
	mov	%r10, CONTEXT_R10(%rsp)
	mov	%r8, CONTEXT_R8(%rsp)
	mov	%r9, CONTEXT_R9(%rsp)
	mov	%rax, CONTEXT_RAX(%rsp)
	mov	%rbx, CONTEXT_RBX(%rsp)
	mov	%rbp, CONTEXT_RBP(%rsp)
	mov	%rcx, CONTEXT_RSP(%rsp)
	mov	%r12, CONTEXT_R12(%rsp)
	mov	%r13, CONTEXT_R13(%rsp)
	mov	%r14, CONTEXT_R14(%rsp)
	mov	%r15, CONTEXT_R15(%rsp)
	movq	$1, CONTEXT_BY_SYSCALL(%rsp)
	mov	%rsp, %rdi
	mov	%gs:CPU_KERNEL_STACK, %rsp
	.endm

	/* rax: the context. */
	.macro	load_words
	mov	CONTEXT_RDI(%rax), %rdi
	mov	CONTEXT_RSI(%rax), %rsi
	mov	CONTEXT_RDX(%rax), %rdx
	mov	CONTEXT_R10(%rax), %r10
	mov	CONTEXT_R8(%rax), %r8
	mov	CONTEXT_R9(%rax), %r9
	.endm

	/* rax: the context. What functions of C keep. */
	.macro	load_kept
	mov	CONTEXT_RBX(%rax), %rbx
	mov	CONTEXT_RBP(%rax), %rbp
	mov	CONTEXT_R12(%rax), %r12
	mov	CONTEXT_R13(%rax), %r13
	mov	CONTEXT_R14(%rax), %r14
	mov	CONTEXT_R15(%rax), %r15
	.endm

	/* rax: the context, whose registers but these are loaded. */
	.macro	load_last
	mov	CONTEXT_RIP(%rax), %rcx
	mov	CONTEXT_RFLAGS(%rax), %r11
	mov	CONTEXT_RSP(%rax), %rsp
	mov	CONTEXT_RAX(%rax), %rax
	.endm

	/*
	 * rax: the context of another thread than the last one, rcx: that one's. GS is the program's already. Its bases; the
	 * segment registers, which mean nothing in 64-bit mode but can be loaded and read, are emptied if the last thread left
	 * something there. Changes rdx and rsi.
	 */
	.macro	switch_bases
	rdfsbase %rdx
	rdgsbase %rsi
	mov	%rdx, CONTEXT_FS_BASE(%rcx)
	mov	%rsi, CONTEXT_GS_BASE(%rcx)
	mov	%ds, %ecx
	mov	%es, %edx
	or	%edx, %ecx
	mov	%fs, %edx
	or	%edx, %ecx
	mov	%gs, %edx
	or	%edx, %ecx
	jz	.Lno_segments\@
	xor	%ecx, %ecx
	mov	%ecx, %ds
	mov	%ecx, %es
	mov	%ecx, %fs
	mov	%ecx, %gs
.Lno_segments\@:
	mov	CONTEXT_FS_BASE(%rax), %rdx
	mov	CONTEXT_GS_BASE(%rax), %rsi
	wrfsbase %rdx
	wrgsbase %rsi
	.endm

	.text
	.balign	64
	function entry_syscall
	swapgs
	mov	%rsp, %gs:CPU_SCRATCH
	mov	%gs:CPU_CONTEXT, %rsp
	cmpb	$CALL_NATIVE, %ah
	jne	foreign

	save_context
	cmpb	$CALL_QUICK_LAST, %al
	jbe	message
	call	upcall_syscall
came_back:
	cmp	%gs:CPU_BASES, %rax
	jne	leave
	/* The same thread, whose kept registers have come back to what they were, unless they were written. */
	cmpq	$0, CONTEXT_BY_SYSCALL(%rax)
	je	resume_by_iretq
	load_words
	load_last
	swapgs
	sysretq
	end_function entry_syscall

	/*
	 * A message. On the quick way another thread goes on with the words of this one, which waits as soon as they are read.
	 * Vector state is reset as by fpu.c: by clearing registers if the CPU says that nothing else is in use.
	 */
	function message
	mov	%rdi, %rbx
	and	$CALL_QUICK_MASK, %eax /* also where the CPU guesses that the comparison went otherwise */
	lea	upcall_message(%rip), %rcx
	call	*(%rcx,%rax,8)
	test	%rax, %rax
	jz	message_slowly
	mov	%rax, %r12
	mov	%rdx, %r13
	cmpb	$0, fpu_tells_use(%rip)
	je	reset_wholly
	mov	$1, %ecx
	xgetbv
	test	$~6, %eax
	jnz	reset_wholly
	vzeroall
	ldmxcsr	fpu_mxcsr(%rip)
hand_over:
	mov	%r12, %rax
	mov	%gs:CPU_HANDOVER_ARM, %r14
	mov	%gs:CPU_HANDOVER_UNLOCK, %r15
	mov	%gs:CPU_BASES, %rcx
	mov	%rax, %gs:CPU_BASES
	swapgs
	switch_bases
	mov	CONTEXT_RDI(%r13), %rdi
	mov	CONTEXT_RSI(%r13), %rsi
	mov	CONTEXT_RDX(%r13), %rdx
	mov	CONTEXT_R10(%r13), %r10
	mov	CONTEXT_R8(%r13), %r8
	mov	CONTEXT_R9(%r13), %r9
	movl	$1, (%r14)
	movl	$0, (%r15)
	load_kept
	load_last
	sysretq

reset_wholly:
	cmpb	$0, fpu_leaves_pointers(%rip)
	je	1f
	fnclex
	emms
	fildl	zero(%rip)
1:	mov	fpu_states(%rip), %eax
	xor	%edx, %edx
	xrstor64 fpu_defaults(%rip)
	jmp	hand_over

message_slowly:
	mov	%rbx, %rdi
	mov	CONTEXT_RBX(%rbx), %rbx
	call	upcall_syscall
	jmp	came_back
	end_function message

	function entry_leave
	call	upcall_leave
leave:
	test	%rax, %rax
	jz	idle
	cmp	%gs:CPU_BASES, %rax
	jne	switch
resume:
	cmpq	$0, CONTEXT_BY_SYSCALL(%rax)
	je	resume_by_iretq
	load_words
	load_kept
	load_last
	swapgs
	sysretq

resume_by_iretq:
	pushq	$(SELECTOR_USER_DATA + SELECTOR_USER)
	pushq	CONTEXT_RSP(%rax)
	pushq	CONTEXT_RFLAGS(%rax)
	pushq	$(SELECTOR_USER_CODE + SELECTOR_USER)
	pushq	CONTEXT_RIP(%rax)
	load_words
	load_kept
	mov	CONTEXT_RCX(%rax), %rcx
	mov	CONTEXT_R11(%rax), %r11
	mov	CONTEXT_RAX(%rax), %rax
	swapgs
	.globl entry_iretq
entry_iretq:
	iretq

	/* Another thread than the last one. GS is the program's between the two swapgs. */
switch:
	mov	%gs:CPU_BASES, %rcx
	mov	%rax, %gs:CPU_BASES
	swapgs
	switch_bases
	swapgs
	jmp	resume
	end_function entry_leave

	/*
	 * The only kernel code that runs with interrupts on. One that arrives between entry_window and entry_window_end never
	 * returns here: traps.S drops the stack and leaves anew.
	 */
	.globl entry_window, entry_window_end
entry_window:
idle:
	sti
	hlt
	jmp	idle

	function cpu_take_interrupts
	sti
	nop
	cli
	ret
	end_function cpu_take_interrupts
entry_window_end:

	function foreign
	cmpq	$0, CONTEXT_FOREIGN_ENTRY(%rsp)
	je	foreign_unhandled
	mov	CONTEXT_CONTROL_BLOCK(%rsp), %rsp
	mov	%rcx, BLOCK_FOREIGN_RIP(%rsp)
	mov	%r11, BLOCK_FOREIGN_RFLAGS(%rsp)
	movb	$1, BLOCK_HOLD_OFF(%rsp)
	mov	%gs:CPU_CONTEXT, %rcx
	mov	CONTEXT_FOREIGN_ENTRY(%rcx), %rcx
	mov	$(RFLAGS_IF + RFLAGS_FIXED), %r11d
	mov	%gs:CPU_SCRATCH, %rsp
	swapgs
	sysretq

foreign_unhandled:
	save_context
	call	upcall_foreign_unhandled
	jmp	entry_leave
	end_function foreign

	/* `syscall` from 32-bit code, of which there is none. */
	.globl entry_compat
entry_compat:
	sysretl

	function machine_start
	mov	%gs:CPU_KERNEL_STACK, %rsp
	xor	%ebp, %ebp
	jmp	entry_leave
	end_function machine_start

	.section .rodata
	.balign	4
zero:	.long	0

	.section .note.GNU-stack, "", @progbits
