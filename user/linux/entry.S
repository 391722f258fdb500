/*
 * The ways into the image and out of it.
 *
 * linux_start         a process's first thread: rdi = start block, rsp = top of the first stack.
 * linux_foreign       a Linux call. Every register is the program's but rcx and r11, which are dead for it after `syscall`;
 *                     where it goes on and its flags are in the control block, and hold-off is set. From here to the last
 *                     instruction but one of the way back notify bits stay pending, so there is one frame per thread, always
 *                     at the top of its stack for Linux calls, and the program's own stack (with its red zone) is not touched.
 * linux_thread_begin  a new thread: rsp = a frame to return through, as if its clone had just been answered with 0.
 * linux_native        stands for `syscall` in the native stubs (user/lib/call.h). Native calls lose vector registers and Linux
 *                     calls keep them, so the first native call of a Linux call saves them and the way back restores them: a
 *                     Linux call without a native one (the clock, getpid) pays a compare. The image itself is compiled to use
 *                     general registers only. XSAVE, or XSAVEC, which skips what is at its initial value; never XSAVEOPT, which
 *                     trusts that the last XRSTOR from the same address was by the same process.
 *
 * The way back ends with hold-off cleared and one jump, when all registers are the program's already. With the trap flag it ends
 * with popfq and `ret`: a flag that popfq sets takes effect behind the next instruction, so the trap comes when the program is
 * reached, and not inside the image. (iretq would do as well, but QEMU before 9.1 reads the stack of a user's iretq with the
 * rights of the kernel, which SMAP forbids.)
 */
#include "abi/linux_image.h"
#include "user/linux/layout.h"

#define RED_ZONE 128 /* below the stack pointer: the program's (System V ABI, AMD64 supplement, 3.2.2) */

	.section .header, "a"
	.quad	LINUX_IMAGE_MAGIC
	.long	LINUX_IMAGE_VERSION
	.long	image_end - . + 12 /* relative to here is all that an image without an address can say; + the offset of here */
	.long	linux_start - . + 16
	.long	0
	.long	0

	.text
	.macro	function name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.balign	16
\name:
	.endm

function linux_start
	cld
	xor	%ebp, %ebp
	and	$-16, %rsp
	call	start_process
	ud2

/* entry_run(rdi = the program's stack pointer): all else is zero; the thread's `entry` says where. */
function entry_run
	mov	%rdi, %rsp
	mov	%gs:LINUX_GS_CONTROL_BLOCK, %rax
	movb	$0, CONTROL_HOLD_OFF(%rax)
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	jmp	*%gs:THREAD_ENTRY

function linux_foreign
	mov	%gs:LINUX_GS_CONTROL_BLOCK, %r11
	mov	%rsp, %rcx
	mov	%gs:THREAD_STACK_TOP, %rsp
	push	CONTROL_RFLAGS(%r11)
	push	CONTROL_RIP(%r11)
	push	%rcx
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbp
	push	%rbx
	push	%r9
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rax
	mov	%rsp, %rdi
	xor	%ebp, %ebp
	call	calls_dispatch

/* rax = result, rsp = frame */
linux_return:
	cmpb	$0, %gs:THREAD_VECTORS_SAVED
	jne	restore_vectors
vectors_restored:
	testl	$RFLAGS_TF, FRAME_RFLAGS(%rsp)
	jnz	return_stepped
	mov	FRAME_RDI(%rsp), %rdi
	mov	FRAME_RSI(%rsp), %rsi
	mov	FRAME_RDX(%rsp), %rdx
	mov	FRAME_R10(%rsp), %r10
	mov	FRAME_R8(%rsp), %r8
	mov	FRAME_R9(%rsp), %r9
	mov	FRAME_RBX(%rsp), %rbx
	mov	FRAME_RBP(%rsp), %rbp
	mov	FRAME_R12(%rsp), %r12
	mov	FRAME_R13(%rsp), %r13
	mov	FRAME_R14(%rsp), %r14
	mov	FRAME_R15(%rsp), %r15
	mov	FRAME_RIP(%rsp), %rcx
	mov	%gs:LINUX_GS_CONTROL_BLOCK, %r11
	pushq	FRAME_RFLAGS(%rsp)
	popfq
	mov	FRAME_RSP(%rsp), %rsp
	movb	$0, CONTROL_HOLD_OFF(%r11)
	jmp	*%rcx

/* As above, but the last two instructions are popfq and ret, with their words below the red zone. */
return_stepped:
	mov	FRAME_RSP(%rsp), %rcx
	mov	FRAME_RIP(%rsp), %rdx
	mov	%rdx, -RED_ZONE - 8(%rcx)
	mov	FRAME_RFLAGS(%rsp), %rdx
	mov	%rdx, -RED_ZONE - 16(%rcx)
	mov	FRAME_RDI(%rsp), %rdi
	mov	FRAME_RSI(%rsp), %rsi
	mov	FRAME_RDX(%rsp), %rdx
	mov	FRAME_R10(%rsp), %r10
	mov	FRAME_R8(%rsp), %r8
	mov	FRAME_R9(%rsp), %r9
	mov	FRAME_RBX(%rsp), %rbx
	mov	FRAME_RBP(%rsp), %rbp
	mov	FRAME_R12(%rsp), %r12
	mov	FRAME_R13(%rsp), %r13
	mov	FRAME_R14(%rsp), %r14
	mov	FRAME_R15(%rsp), %r15
	mov	%gs:LINUX_GS_CONTROL_BLOCK, %r11
	lea	-RED_ZONE - 16(%rcx), %rsp
	movb	$0, CONTROL_HOLD_OFF(%r11)
	popfq
	ret	$RED_ZONE

restore_vectors:
	movb	$0, %gs:THREAD_VECTORS_SAVED
	mov	%rax, %rcx
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 %gs:THREAD_AREA
	mov	%rcx, %rax
	jmp	vectors_restored

function linux_thread_begin
	xor	%eax, %eax
	jmp	linux_return

function linux_native
	cmpb	$0, %gs:THREAD_VECTORS_SAVED
	je	save_vectors
vectors_saved:
	syscall
	ret

save_vectors:
	movb	$1, %gs:THREAD_VECTORS_SAVED
	mov	%rax, %rcx
	mov	%rdx, %r11
	mov	$-1, %eax
	mov	$-1, %edx
	cmpb	$VECTORS_XSAVEC, %gs:THREAD_VECTORS_HOW
	je	1f
	xsave64	%gs:THREAD_AREA
	mov	%rcx, %rax
	mov	%r11, %rdx
	jmp	vectors_saved
1:	xsavec64 %gs:THREAD_AREA
	mov	%rcx, %rax
	mov	%r11, %rdx
	jmp	vectors_saved

	.section .note.GNU-stack, "", @progbits
