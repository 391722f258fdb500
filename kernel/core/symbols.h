/*
 * Names for addresses of the kernel: function, file and line, from a table that the build makes of the kernel's own DWARF
 * (tools/symbols.c) and links behind the constants. Absent in the first of the two links, then every look-up fails.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct symbol {
	const char *function;
	uint32_t offset;  /* of the address in it */
	const char *file; /* 0: no line is known */
	uint32_t line;
};

/* Offset of an address from the beginning of the kernel image, which is the same at every slide; UINT64_MAX: not in it. */
uint64_t symbol_image_offset(uint64_t address);

/* What executes at an address of the running kernel. For a return address ask for the byte before it. */
bool symbol_find(uint64_t address, struct symbol *out);
