/* The entry, by which the kernel starts the program: rdi = start block. The stack is aligned as for a function that was called. */
	.text
	.globl	_start
_start:
	xor	%ebp, %ebp
	sub	$8, %rsp
	jmp	test_main
	.section .note.GNU-stack, "", @progbits
