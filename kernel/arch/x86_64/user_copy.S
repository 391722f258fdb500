/*
 * The instructions that touch user memory. Each has an entry in the table of fixups: offsets of the instruction and of where to
 * go on when it faults, each from its own place. Callers have checked the range. All answer in rax.
 */
#include "arch/x86_64/function.inc"

	.macro	fixup from, to
	.pushsection .fixups, "a", @progbits
	.long	\from - .
	.long	\to - .
	.popsection
	.endm

	.macro	allow_user
	cmpb	$0, cpu_uses_smap(%rip)
	je	.Lallowed\@
	stac
.Lallowed\@:
	.endm

	.macro	forbid_user
	cmpb	$0, cpu_uses_smap(%rip)
	je	.Lforbidden\@
	clac
.Lforbidden\@:
	.endm

	.text
	/* uint64_t user_copy_bytes(void *to, const void *from, uint64_t length): bytes copied. */
	.balign	16
	function user_copy_bytes
	mov	%rdi, %r8
	mov	%rdx, %rcx
	allow_user
	shr	$3, %rcx
1:	rep movsq
	mov	%edx, %ecx
	and	$7, %ecx
2:	rep movsb
3:	forbid_user
	mov	%rdi, %rax
	sub	%r8, %rax
	ret
	/* The eight bytes may begin on a page that is there: go on byte by byte to where it really ends. */
4:	and	$7, %edx
	lea	(%rdx,%rcx,8), %rcx
	jmp	2b
	fixup	1b, 4b
	fixup	2b, 3b
	end_function user_copy_bytes

	/* uint64_t user_read_word(const uint32_t *from): the word, or all ones. */
	.balign	16
	function user_read_word
	allow_user
1:	mov	(%rdi), %eax
2:	forbid_user
	ret
3:	mov	$-1, %rax
	jmp	2b
	fixup	1b, 3b
	end_function user_read_word

	/* uint64_t user_write_word(uint32_t *to, uint32_t value): 1, or 0. */
	.balign	16
	function user_write_word
	allow_user
	mov	$1, %eax
1:	mov	%esi, (%rdi)
2:	forbid_user
	ret
3:	xor	%eax, %eax
	jmp	2b
	fixup	1b, 3b
	end_function user_write_word

	.section .note.GNU-stack, "", @progbits
