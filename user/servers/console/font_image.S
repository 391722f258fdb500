/* The console font: a Debian package's file as it is. */
	.section .rodata
	.balign 16
	.globl font_image, font_image_end
	.hidden font_image, font_image_end
font_image:
	.incbin "build/payload/font.psf"
font_image_end:
	.section .note.GNU-stack, "", @progbits
