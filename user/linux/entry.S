/*
 * The ways into the image and out of it.
 *
 * linux_start         a process's first thread: rdi = start block, rsp = top of the first stack.
 * linux_foreign       a Linux call. Every register is the program's but rcx and r11, which are dead for it after `syscall`;
 *                     where it goes on and its flags are in the control block, and hold-off is set. From here to the last
 *                     instruction but one of the way back notify bits stay pending, so there is one frame per thread, always
 *                     at the top of its stack for Linux calls, and the program's own stack (with its red zone) is not touched.
 * linux_upcall        bits of the thread's notify, or an exception: control_block.h.
 * linux_thread_begin  a new thread: rsp = a frame to return through, as if its clone had just been answered with 0.
 * linux_native        stands for `syscall` in the native stubs (user/lib/call.h). Native calls lose vector registers and Linux
 *                     calls keep them, so the first native call of a Linux call saves them and the way back restores them: a
 *                     Linux call without a native one (the clock, getpid) pays a compare. The image itself is compiled to use
 *                     general registers only. XSAVE, or XSAVEC, which skips what is at its initial value; never XSAVEOPT, which
 *                     trusts that the last XRSTOR from the same address was by the same process.
 *
 * The way back clears hold-off when all registers are the program's but rcx and r11, looks whether something came while it was set,
 * and jumps. Between there and the program, in one of the *windows*, an upcall can come already; the frame on the stack for Linux
 * calls is still there then and says what the program's registers are. No flag is touched in a window.
 *
 * With the trap flag it ends with popfq and `ret`: a flag that popfq sets takes effect behind the next instruction, so the trap comes when the program is
 * reached, and not inside the image. (iretq would do as well, but QEMU before 9.1 reads the stack of a user's iretq with the
 * rights of the kernel, which SMAP forbids.)
 */
#include "abi/linux_image.h"
#include "user/linux/layout.h"

#define HOLD_NONE 0
#define HOLD_UPCALLS 1
#define UPCALL_BITS 0x100
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

/* The program's registers from the frame at rsp, its flags too if asked for; r11 = control block, rcx = something. */
	.macro	load_registers flags
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
	mov	%rcx, %gs:THREAD_RETURN_RIP
	mov	%gs:LINUX_GS_CONTROL_BLOCK, %r11
	.if \flags
	pushq	FRAME_RFLAGS(%rsp)
	popfq
	.endif
	mov	FRAME_RSP(%rsp), %rsp
	.endm

function linux_start
	cld
	xor	%ebp, %ebp
	and	$-64, %rsp
	sub	$FRAME_SIZE, %rsp
	call	start_process
	mov	%gs:THREAD_STACK_TOP, %rsp
	sub	$FRAME_SIZE, %rsp
	xor	%eax, %eax
	jmp	linux_return

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
function linux_return
	cmpw	$0, %gs:THREAD_VECTORS_SAVED
	jne	return_slowly
vectors_restored:
	testl	$RFLAGS_TF, FRAME_RFLAGS(%rsp)
	jnz	return_stepped
	load_registers 1
	movb	$0, CONTROL_HOLD_OFF(%r11)
return_windows:
	movzbl	CONTROL_UPCALL_PENDING(%r11), %ecx
	jrcxz	1f
	movb	$HOLD_UPCALLS, CONTROL_HOLD_OFF(%r11)
	jmp	return_pending
1:	jmp	*%gs:THREAD_RETURN_RIP

/* From here on thread.rcx and r11 are the program's too. */
return_full_windows:
return_full_window:
	movzbl	CONTROL_UPCALL_PENDING(%r11), %ecx
	jrcxz	1f
	movb	$HOLD_UPCALLS, CONTROL_HOLD_OFF(%r11)
	jmp	return_full_pending
1:	mov	%gs:THREAD_RCX, %rcx
	mov	%gs:THREAD_R11, %r11
	jmp	*%gs:THREAD_RETURN_RIP

/* With the trap flag: the last two instructions are popfq and ret, with their words below the red zone. */
return_stepped_window:
	movzbl	CONTROL_UPCALL_PENDING(%r11), %ecx
	jrcxz	1f
	movb	$HOLD_UPCALLS, CONTROL_HOLD_OFF(%r11)
	jmp	return_full_pending
1:	mov	%gs:THREAD_RCX, %rcx
	mov	%gs:THREAD_R11, %r11
	popfq
	ret	$RED_ZONE
return_windows_end:

return_full:
	movb	$0, %gs:THREAD_RETURN_FULL
	testl	$RFLAGS_TF, FRAME_RFLAGS(%rsp)
	jnz	return_full_stepped
	load_registers 1
	movb	$0, CONTROL_HOLD_OFF(%r11)
	jmp	return_full_window

return_stepped:
	mov	FRAME_RIP(%rsp), %rcx
	mov	%rcx, %gs:THREAD_RCX
	mov	FRAME_RFLAGS(%rsp), %rcx
	mov	%rcx, %gs:THREAD_R11
return_full_stepped:
	mov	FRAME_RSP(%rsp), %rcx
	mov	FRAME_RIP(%rsp), %rdx
	mov	%rdx, -RED_ZONE - 8(%rcx)
	mov	FRAME_RFLAGS(%rsp), %rdx
	mov	%rdx, -RED_ZONE - 16(%rcx)
	load_registers 0
	lea	-RED_ZONE - 16(%rsp), %rsp
	movb	$0, CONTROL_HOLD_OFF(%r11)
	jmp	return_stepped_window

return_slowly:
	cmpb	$0, %gs:THREAD_VECTORS_SAVED
	je	1f
	movb	$0, %gs:THREAD_VECTORS_SAVED
	mov	%rax, %rcx
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 %gs:THREAD_AREA
	mov	%rcx, %rax
1:	cmpb	$0, %gs:THREAD_RETURN_FULL
	jne	return_full
	jmp	vectors_restored

/*
 * Something is pending. The frame on top of the stack for Linux calls is still as the way back left it; rax is the program's.
 */
return_full_pending:
	movb	$1, %gs:THREAD_RETURN_FULL
return_pending:
	mov	%gs:THREAD_STACK_TOP, %rsp
	sub	$FRAME_SIZE, %rsp
pending:
	mov	%rsp, %rdi
	mov	%rax, %rsi
	xor	%ebp, %ebp
	call	signal_at_return
	jmp	linux_return

/*
 * An upcall: all registers but rip and rflags are as they were. In the program it becomes a frame as that of a Linux call, with
 * rcx and r11 beside it. In a window of the way back that frame is there already. Inside of a Linux call it is an exception of
 * the image's own.
 */
function linux_upcall
	mov	%gs:LINUX_GS_CONTROL_BLOCK, %r11
	cmpq	$HOLD_NONE, UPCALL_HELD(%r11)
	jne	upcall_held
	mov	UPCALL_RIP(%r11), %rax
	lea	return_windows(%rip), %rcx
	sub	%rcx, %rax
	cmp	$return_windows_end - return_windows, %rax
	jb	upcall_in_window
	mov	%gs:THREAD_STACK_TOP, %rsp
	push	UPCALL_RFLAGS(%r11)
	push	UPCALL_RIP(%r11)
	push	UPCALL_RSP(%r11)
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
	push	UPCALL_RAX(%r11)
	mov	UPCALL_RCX(%r11), %rax
	mov	%rax, %gs:THREAD_RCX
	mov	UPCALL_R11(%r11), %rax
	mov	%rax, %gs:THREAD_R11
upcall_framed:
	movb	$1, %gs:THREAD_RETURN_FULL
	mov	%rsp, %rdi
	mov	UPCALL_CAUSE(%r11), %rsi
	mov	UPCALL_ERROR(%r11), %rdx
	mov	UPCALL_ADDRESS(%r11), %rcx
	movb	$HOLD_UPCALLS, CONTROL_HOLD_OFF(%r11)
	xor	%ebp, %ebp
	call	signal_upcall
	jmp	linux_return

upcall_in_window:
	mov	%gs:THREAD_STACK_TOP, %rsp
	sub	$FRAME_SIZE, %rsp
	cmpq	$UPCALL_BITS, UPCALL_CAUSE(%r11)
	jne	1f
	cmp	$return_full_windows - return_windows, %rax
	setae	%gs:THREAD_RETURN_FULL
	mov	UPCALL_RAX(%r11), %rax
	movb	$HOLD_UPCALLS, CONTROL_HOLD_OFF(%r11)
	orb	$PENDING_BITS, CONTROL_UPCALL_PENDING(%r11)
	jmp	pending
1:	mov	UPCALL_RAX(%r11), %rax /* the jump itself failed: the program's address is bad */
	mov	%rax, FRAME_RAX(%rsp)
	jmp	upcall_framed

/*
 * In access.S it ends the copy with 1. Elsewhere it ends the Linux call with EFAULT, if the address was one that the program had
 * given; that is decided with hold_off as it is, so that a second exception ends the process.
 */
upcall_held:
	mov	UPCALL_RIP(%r11), %rdi
	lea	access_begin(%rip), %rax
	cmp	%rax, %rdi
	jb	1f
	lea	access_end(%rip), %rax
	cmp	%rax, %rdi
	jae	1f
	mov	UPCALL_HELD(%r11), %rax
	mov	%al, CONTROL_HOLD_OFF(%r11)
	mov	$1, %eax
	ret
1:	mov	UPCALL_CAUSE(%r11), %rsi
	mov	UPCALL_ADDRESS(%r11), %rdx
	mov	%rbp, %rcx
	and	$-16, %rsp
	xor	%ebp, %ebp
	call	signal_fault_inside
	mov	%gs:LINUX_GS_CONTROL_BLOCK, %r11
	movb	$HOLD_UPCALLS, CONTROL_HOLD_OFF(%r11)
	mov	%gs:THREAD_STACK_TOP, %rsp
	sub	$FRAME_SIZE, %rsp
	jmp	linux_return

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
