/* The probe's first instructions: what the loader left in registers goes into variables, then C with a stack of its own. */
	.text
	.globl probe_entry
	.type probe_entry, @function
probe_entry:
	mov	%rsp, probe_rsp(%rip)
	lea	probe_stack_end(%rip), %rsp
	pushfq
	popq	%rsi
	call	probe_main
	hlt
	.size probe_entry, . - probe_entry

	.bss
	.balign 16
	.skip	65536
probe_stack_end:
	.globl probe_rsp
probe_rsp:
	.skip	8

	.section .note.GNU-stack, "", @progbits
