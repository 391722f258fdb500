/*
 * Names of addresses, out of ELF files that nobody vouches for: functions by the symbol table (.symtab), lines by a section `.lines`
 * of Hearth's own, which `tools/symbols --lines` makes of a program's DWARF at build time (a file of Debian's has none).
 *
 * The file is bytes at any alignment, which may even change while they are read: each number is read once and checked, so that
 * nothing outside of the file is touched. Allocates nothing, keeps nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ELF_LINES_MAGIC 0x3153454e494c4548ull /* "HELINES1" */

/* The section's beginning. Behind it are the lines, sorted, the files and the texts. */
struct elf_lines {
	uint64_t magic;
	uint32_t line_count, file_count, texts_size, reserved;
};

struct elf_line {
	uint32_t start; /* address, from that of the lowest segment on */
	uint16_t file;  /* index into the files: each the offset of its name in the texts, 32 bits */
	uint16_t line;  /* 0: here ends what the lines know */
};

/* Of the file as it is given: the texts lie in it, and do not end with a NUL. */
struct elf_symbol {
	const char *function; /* NULL: none has the address */
	uint32_t function_length;
	uint64_t offset;  /* of the address in the function */
	const char *file; /* NULL: not known */
	uint32_t file_length;
	uint32_t line;
};

/*
 * What has an address, in the file's own numbering; `lowest` is the address of its lowest segment, as lines count from there. False if
 * neither function nor line is known.
 */
bool elf_symbol_find(const void *file, uint64_t size, uint64_t lowest, uint64_t address, struct elf_symbol *out)
        __attribute__((warn_unused_result));
