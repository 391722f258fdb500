/*
 * Names of addresses: see elf_symbols.h. Section headers are looked at one by one for the two sections that count; the symbol table
 * has no order and is gone through, at most SYMBOLS_MAX of it; lines are found by bisection.
 */
#include "common/elf_symbols.h"

#include <stddef.h>

#define SECTIONS_MAX 256u
#define SYMBOLS_MAX (1u << 20)
#define NAME_LENGTH_MAX 200u

enum { TYPE_SYMTAB = 2, TYPE_PROGBITS = 1, SYMBOL_FUNCTION = 2 };
enum { HEADER_SIZE = 64, HEADER_SECTIONS = 40, HEADER_SECTION_SIZE = 58, HEADER_SECTION_COUNT = 60 };

struct section {
	uint32_t name, type;
	uint64_t flags, address, offset, size;
	uint32_t link, info;
	uint64_t alignment, entry_size;
};
_Static_assert(sizeof(struct section) == 64, "ELF64 section header");

struct symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};
_Static_assert(sizeof(struct symbol) == 24, "ELF64 symbol");

struct file {
	const uint8_t *bytes;
	uint64_t size;
	uint64_t sections;
	uint32_t section_count;
};

static bool inside(const struct file *file, uint64_t offset, uint64_t length)
{
	return offset <= file->size && length <= file->size - offset;
}

/* A copy, so that what is checked is what is used. */
static bool read(const struct file *file, uint64_t offset, void *to, uint64_t length)
{
	if (!inside(file, offset, length))
		return false;
	__builtin_memcpy(to, file->bytes + offset, length);
	return true;
}

static bool begin(struct file *file, const void *bytes, uint64_t size)
{
	uint32_t magic;
	uint16_t section_size, count;
	*file = (struct file){.bytes = bytes, .size = size};
	if (!read(file, 0, &magic, sizeof magic) || magic != 0x464c457f || size < HEADER_SIZE)
		return false;
	if (!read(file, HEADER_SECTIONS, &file->sections, 8) || !read(file, HEADER_SECTION_SIZE, &section_size, 2) ||
	        !read(file, HEADER_SECTION_COUNT, &count, 2))
		return false;
	file->section_count = count < SECTIONS_MAX ? count : SECTIONS_MAX;
	return section_size == sizeof(struct section) &&
	        inside(file, file->sections, (uint64_t)file->section_count * sizeof(struct section));
}

/* Section `index`, whose bytes lie in the file. */
static bool section_at(const struct file *file, uint32_t index, struct section *out)
{
	return index < file->section_count && read(file, file->sections + (uint64_t)index * sizeof *out, out, sizeof *out) &&
	        inside(file, out->offset, out->size);
}

/* How long the text at `offset` of a part of the file is, at most NAME_LENGTH_MAX. */
static uint32_t text_length(const struct file *file, uint64_t part, uint64_t part_size, uint64_t offset)
{
	const uint8_t *text = file->bytes + part + offset;
	uint64_t left = offset < part_size ? part_size - offset : 0;
	uint32_t length = 0;
	while (length < left && length < NAME_LENGTH_MAX && text[length] >= ' ' && text[length] < 0x7f)
		length++;
	return length;
}

static bool find_function(const struct file *file, const struct section *table, uint64_t address, struct elf_symbol *out)
{
	struct section strings;
	struct symbol symbol;
	uint64_t count = table->size / sizeof symbol;
	if (table->entry_size != sizeof symbol || !section_at(file, table->link, &strings))
		return false;
	for (uint64_t i = 0; i < count && i < SYMBOLS_MAX; i++) {
		if (!read(file, table->offset + i * sizeof symbol, &symbol, sizeof symbol))
			return false;
		if ((symbol.info & 15) != SYMBOL_FUNCTION || address < symbol.value || address - symbol.value >= symbol.size)
			continue;
		out->function_length = text_length(file, strings.offset, strings.size, symbol.name);
		if (!out->function_length)
			continue;
		out->function = (const char *)file->bytes + strings.offset + symbol.name;
		out->offset = address - symbol.value;
		return true;
	}
	return false;
}

static bool line_at(const struct file *file, uint64_t lines, uint32_t index, struct elf_line *out)
{
	return read(file, lines + (uint64_t)index * sizeof *out, out, sizeof *out);
}

static bool find_line(const struct file *file, const struct section *section, uint64_t from_lowest, struct elf_symbol *out)
{
	struct elf_lines head;
	struct elf_line line;
	uint32_t name;
	if (section->size < sizeof head || !read(file, section->offset, &head, sizeof head) || head.magic != ELF_LINES_MAGIC)
		return false;
	uint64_t lines = section->offset + sizeof head, files = lines + (uint64_t)head.line_count * sizeof line;
	uint64_t texts = files + (uint64_t)head.file_count * sizeof name;
	if (!inside(file, texts, head.texts_size))
		return false;
	uint32_t low = 0, high = head.line_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (!line_at(file, lines, middle, &line))
			return false;
		if (line.start <= from_lowest)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || !line_at(file, lines, low - 1, &line) || !line.line || line.file >= head.file_count ||
	        !read(file, files + (uint64_t)line.file * sizeof name, &name, sizeof name))
		return false;
	uint32_t length = text_length(file, texts, head.texts_size, name);
	if (!length)
		return false;
	out->file = (const char *)file->bytes + texts + name;
	out->file_length = length;
	out->line = line.line;
	return true;
}

bool elf_symbol_find(const void *bytes, uint64_t size, uint64_t lowest, uint64_t address, struct elf_symbol *out)
{
	struct file file;
	struct section section;
	bool found = false;
	uint64_t magic;
	*out = (struct elf_symbol){0};
	if (!begin(&file, bytes, size))
		return false;
	for (uint32_t i = 0; i < file.section_count; i++) {
		if (!section_at(&file, i, &section))
			continue;
		if (section.type == TYPE_SYMTAB && !out->function)
			found |= find_function(&file, &section, address, out);
		else if (section.type == TYPE_PROGBITS && !section.address && !out->file && address >= lowest &&
		        read(&file, section.offset, &magic, sizeof magic) && magic == ELF_LINES_MAGIC)
			found |= find_line(&file, &section, address - lowest, out);
	}
	return found;
}
