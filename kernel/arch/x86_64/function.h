/* For assembly: a function with its type and size, which the symbol table of panics is made from. */
#pragma once

/* clang-format off */
	.macro	function name
	.globl	\name
	.hidden	\name
	.type	\name, @function
\name:
	.endm

	.macro	end_function name
	.size	\name, . - \name
	.endm
/* clang-format on */
