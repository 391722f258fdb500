/*
 * What touches memory that the program named and may fail: an exception between access_begin and access_end ends the function with
 * 1 (upcall_held in entry.S). So none of these moves the stack pointer. They answer 0 when all was done.
 *
 *   int access_copy(void *to, const void *from, uint64_t length)
 *   int access_probe(void *to, uint64_t length)  whether it can be written: the page of its first and that of its last byte
 *   int access_store_vectors(void *to)       XSAVE in its standard form; the area's header must be zero
 *   int access_load_vectors(const void *from)
 *   int access_load_legacy(const void *from)   FXRSTOR
 *   void access_reset_vectors(void)            control words as at a program's start
 *
 * The vector functions work on the registers as the program has them: what a native call of this Linux call has saved is loaded
 * first (entry.S).
 */
#include "user/linux/layout.h"

	.text
	.macro	function name
	.globl	\name
	.hidden	\name
	.type	\name, @function
	.balign	16
\name:
	.endm

	.globl	access_begin, access_end
	.hidden	access_begin, access_end
access_begin:

function access_copy
	mov	%rdx, %rcx
	shr	$3, %rcx
	rep movsq
	mov	%edx, %ecx
	and	$7, %ecx
	rep movsb
	xor	%eax, %eax
	ret

function access_probe
	lock orb $0, (%rdi)
	lock orb $0, -1(%rdi,%rsi)
	xor	%eax, %eax
	ret

function access_store_vectors
	cmpb	$0, %gs:THREAD_VECTORS_SAVED
	je	1f
	movb	$0, %gs:THREAD_VECTORS_SAVED
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 %gs:THREAD_AREA
1:	mov	$-1, %eax
	mov	$-1, %edx
	xsave64	(%rdi)
	xor	%eax, %eax
	ret

function access_load_vectors
	movb	$0, %gs:THREAD_VECTORS_SAVED
	mov	$-1, %eax
	mov	$-1, %edx
	xrstor64 (%rdi)
	xor	%eax, %eax
	ret

function access_load_legacy
	movb	$0, %gs:THREAD_VECTORS_SAVED
	fxrstor64 (%rdi)
	xor	%eax, %eax
	ret

function access_reset_vectors
	fninit
	ldmxcsr	default_mxcsr(%rip)
	ret
access_end:

	.section .rodata
	.balign	4
default_mxcsr:
	.long	0x1f80

	.section .note.GNU-stack, "", @progbits
