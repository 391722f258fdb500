/*
 * The image's entry: notes the time before anything else, then goes on to gnu-efi's start code, which relocates the image and
 * calls efi_main. Nothing but rax and r8 is touched: rcx and rdx are the firmware's arguments.
 */
	.text
	.globl loader_start
	.type loader_start, @function
loader_start:
	mov	%rdx, %r8
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, tsc_entry(%rip)
	mov	%r8, %rdx
	jmp	_start
	.size loader_start, . - loader_start

	.data
	.balign 8
	.globl tsc_entry
	.hidden tsc_entry
tsc_entry:
	.quad	0

	.section .note.GNU-stack, "", @progbits
