/* libraries: -ldw -lelf */
/*
 * Makes tables of symbols out of an ELF file with DWARF, for reports of what went wrong.
 *
 *   symbols KERNEL.elf > TABLE.S             functions and lines, as assembly in the form that kernel/core/symbols.c reads
 *   symbols --lines PROGRAM > PROGRAM.lines  lines alone, as the section that common/elf_symbols.h describes; a program's functions
 *                                            are in its symbol table. Without DWARF the file is a table of no lines.
 *
 * Reads the functions of the ELF's symbol table and the line table of its DWARF (libdw). Addresses are offsets from the image's
 * first byte, names lie in one block of texts without repeats.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <search.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/elf_symbols.h"

struct function {
	uint64_t start, size;
	uint32_t name;
};

struct line {
	uint64_t start;
	uint32_t file, number;
};

static struct function *functions;
static struct line *lines;
static size_t function_count, line_count;
static char *texts;
static size_t texts_size;
static uint32_t files[65536]; /* offsets of their names in texts */
static uint32_t file_count;
static void *names; /* tsearch tree of struct name */

struct name {
	const char *text;
	uint32_t offset;
};

static void fail(const char *what)
{
	fprintf(stderr, "symbols: %s\n", what);
	exit(1);
}

static void *grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	array = realloc(array, (count ? count * 2 : 1) * size);
	if (!array)
		fail("out of memory");
	return array;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static uint32_t text_offset(const char *text)
{
	struct name key = {text, 0};
	struct name **found = tfind(&key, &names, compare_names);

	if (found)
		return (*found)->offset;
	size_t length = strlen(text) + 1;
	struct name *name = malloc(sizeof *name);
	texts = realloc(texts, texts_size + length);
	if (!name || !texts)
		fail("out of memory");
	memcpy(texts + texts_size, text, length);
	*name = (struct name){strdup(text), (uint32_t)texts_size};
	texts_size += length;
	tsearch(name, &names, compare_names);
	return name->offset;
}

static uint32_t file_index(const char *path)
{
	uint32_t offset = text_offset(strncmp(path, "./", 2) == 0 ? path + 2 : path);

	for (uint32_t i = 0; i < file_count; i++) {
		if (files[i] == offset)
			return i;
	}
	if (file_count == sizeof files / sizeof *files)
		fail("more source files than the table can number");
	files[file_count] = offset;
	return file_count++;
}

static void read_functions(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	GElf_Sym symbol;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_SYMTAB || header.sh_entsize == 0)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		for (size_t i = 0; i < header.sh_size / header.sh_entsize; i++) {
			if (!gelf_getsym(data, (int)i, &symbol) || GELF_ST_TYPE(symbol.st_info) != STT_FUNC ||
			        symbol.st_size == 0)
				continue;
			const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
			functions = grow(functions, function_count, sizeof *functions);
			functions[function_count++] = (struct function){symbol.st_value, symbol.st_size, text_offset(name)};
		}
	}
}

static void add_line(uint64_t start, uint32_t file, uint32_t number)
{
	lines = grow(lines, line_count, sizeof *lines);
	lines[line_count++] = (struct line){start, file, number};
}

static void read_unit_lines(Dwarf_Die *unit)
{
	Dwarf_Lines *table;
	size_t count;

	if (dwarf_getsrclines(unit, &table, &count) != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		Dwarf_Line *line = dwarf_onesrcline(table, i);
		Dwarf_Addr address;
		int number = 0;
		bool end = false;
		const char *file = dwarf_linesrc(line, NULL, NULL);

		if (dwarf_lineaddr(line, &address) != 0 || dwarf_lineno(line, &number) != 0 || !file)
			continue;
		dwarf_lineendsequence(line, &end);
		if (end)
			add_line(address, 0, 0);
		else if (number > 0 && number < 65536)
			add_line(address, file_index(file), (uint32_t)number);
	}
}

static void read_lines(Dwarf *dwarf)
{
	Dwarf_Off offset = 0, next;
	size_t header_size;

	while (dwarf_nextcu(dwarf, offset, &next, &header_size, NULL, NULL, NULL) == 0) {
		Dwarf_Die unit;
		if (dwarf_offdie(dwarf, offset + header_size, &unit))
			read_unit_lines(&unit);
		offset = next;
	}
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* A range's end sorts before what begins at the same address. */
static int compare_lines(const void *a, const void *b)
{
	const struct line *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return (left->number != 0) - (right->number != 0);
}

/* Rows of sections that the linker dropped count from 0. */
static void drop_lines_below(uint64_t base)
{
	size_t first = 0;

	while (first < line_count && lines[first].start < base)
		first++;
	line_count -= first;
	memmove(lines, lines + first, line_count * sizeof *lines);
}

/* Of several rows at one address the last counts, and rows that repeat the one before say nothing. */
static void thin_lines(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < line_count; i++) {
		if (i + 1 < line_count && lines[i + 1].start == lines[i].start)
			continue;
		if (kept && lines[kept - 1].file == lines[i].file && lines[kept - 1].number == lines[i].number)
			continue;
		lines[kept++] = lines[i];
	}
	line_count = kept;
}

static void write_table(uint64_t base)
{
	puts(".section .symbols, \"a\", @progbits\n.balign 4");
	puts(".globl symbol_function_count, symbol_line_count, symbol_functions, symbol_lines, symbol_files, symbol_texts");
	printf("symbol_function_count: .long %zu\nsymbol_line_count: .long %zu\nsymbol_functions:\n", function_count,
	        line_count);
	for (size_t i = 0; i < function_count; i++)
		printf(".long %#lx, %lu, %u\n", functions[i].start - base, functions[i].size, functions[i].name);
	puts("symbol_lines:");
	for (size_t i = 0; i < line_count; i++)
		printf(".long %#lx\n.short %u, %u\n", lines[i].start - base, lines[i].file, lines[i].number);
	puts("symbol_files:");
	for (uint32_t i = 0; i < file_count; i++)
		printf(".long %u\n", files[i]);
	puts("symbol_texts:");
	for (size_t at = 0; at < texts_size; at += strlen(texts + at) + 1)
		printf(".asciz \"%s\"\n", texts + at);
	puts(".section .note.GNU-stack, \"\", @progbits");
}

static uint64_t image_base(Elf *elf)
{
	size_t count;
	GElf_Phdr header;
	uint64_t base = UINT64_MAX;

	if (elf_getphdrnum(elf, &count) != 0)
		fail("the ELF has no program headers");
	for (size_t i = 0; i < count; i++) {
		if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_LOAD && header.p_vaddr < base)
			base = header.p_vaddr;
	}
	return base;
}

static void put(const void *bytes, size_t size)
{
	if (size && fwrite(bytes, size, 1, stdout) != 1)
		fail("cannot write");
}

static void write_lines(uint64_t base)
{
	struct elf_lines head = {ELF_LINES_MAGIC, (uint32_t)line_count, file_count, (uint32_t)texts_size, 0};

	put(&head, sizeof head);
	for (size_t i = 0; i < line_count; i++) {
		struct elf_line line = {(uint32_t)(lines[i].start - base), (uint16_t)lines[i].file, (uint16_t)lines[i].number};
		put(&line, sizeof line);
	}
	put(files, file_count * sizeof *files);
	put(texts, texts_size);
}

int main(int argc, char **argv)
{
	bool only_lines = argc == 3 && strcmp(argv[1], "--lines") == 0;
	if (argc != 2 && !only_lines)
		fail("usage: symbols KERNEL.elf > TABLE.S, symbols --lines PROGRAM > PROGRAM.lines");
	elf_version(EV_CURRENT);
	int file = open(argv[argc - 1], O_RDONLY);
	Elf *elf = file < 0 ? NULL : elf_begin(file, ELF_C_READ, NULL);
	Dwarf *dwarf = elf ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;

	if (!elf || (!dwarf && !only_lines))
		fail("the file cannot be read, or is no ELF with DWARF");
	uint64_t base = image_base(elf);
	if (!only_lines)
		read_functions(elf);
	if (dwarf)
		read_lines(dwarf);
	qsort(functions, function_count, sizeof *functions, compare_functions);
	qsort(lines, line_count, sizeof *lines, compare_lines);
	drop_lines_below(base);
	thin_lines();
	if (only_lines)
		write_lines(base);
	else
		write_table(base);
	return fflush(stdout) != 0;
}
