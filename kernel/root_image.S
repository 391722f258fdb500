/*
 * The ELF file of root, the only program that the kernel starts, as it is; page-aligned, so that its pages can be mapped where
 * they stand.
 */
	.section .root, "a"
	.balign 4096
	.globl root_image, root_image_end
	.hidden root_image, root_image_end
root_image:
	.incbin ROOT_IMAGE
root_image_end:
	.balign 4096
	.section .note.GNU-stack, "", @progbits
