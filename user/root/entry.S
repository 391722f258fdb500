/*
 * Where root begins, and the image of user/linux.
 *
 * The kernel maps root's segments and starts it here with rdi = start block and rsp = the top of its stack; it knows nothing of
 * user/linux. So root tells the block where the image is that its own text carries, puts musl's entry in the place of this one,
 * and goes on as every other process begins: in the image, which builds the program's stack and jumps to that entry.
 *
 * The same file started by spawn, as initfsd, is an ordinary program: all registers are zero then, as on Linux, and the way
 * leads to musl at once.
 */
#include "user/root/entry.h"

	.text
	.globl	_root_start
	.type	_root_start, @function
_root_start:
	test	%rdi, %rdi
	jz	_start
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, entry_tsc(%rip)
	lea	entry_linux_image(%rip), %rax
	mov	%rax, ENTRY_BLOCK_LINUX_IMAGE(%rdi)
	mov	ENTRY_HEADER_SIZE(%rax), %ecx
	mov	%rcx, ENTRY_BLOCK_LINUX_IMAGE_SIZE(%rdi)
	lea	_start(%rip), %rcx
	mov	%rcx, ENTRY_BLOCK_PROGRAM_ENTRY(%rdi)
	mov	ENTRY_HEADER_START(%rax), %ecx
	add	%rcx, %rax
	jmp	*%rax
	.size	_root_start, . - _root_start

	.section .text.linux_image, "ax", @progbits
	.balign	4096
	.globl	entry_linux_image, entry_linux_image_end
entry_linux_image:
	.incbin	"build/user/linux.bin"
	.balign	4096, 0
entry_linux_image_end:

	.bss
	.balign	8
	.globl	entry_tsc
	.type	entry_tsc, @object
entry_tsc:
	.quad	0
	.size	entry_tsc, 8

	.section .note.GNU-stack, "", @progbits
