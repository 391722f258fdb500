/*
 * The table's form (tools/symbols.c writes it): functions and lines, each sorted by offset from the image's first byte, found by
 * bisection; names are offsets into one block of texts. A line's number 0 ends a range that belongs to no source.
 */
#include "core/symbols.h"

#include <stddef.h>

struct symbol_function {
	uint32_t start, size, name;
};

struct symbol_line {
	uint32_t start;
	uint16_t file, line;
};

/* Weak: the first link has no table. */
extern const uint32_t symbol_function_count __attribute__((weak, visibility("hidden")));
extern const uint32_t symbol_line_count __attribute__((weak, visibility("hidden")));
extern const struct symbol_function symbol_functions[] __attribute__((weak, visibility("hidden")));
extern const struct symbol_line symbol_lines[] __attribute__((weak, visibility("hidden")));
extern const uint32_t symbol_files[] __attribute__((weak, visibility("hidden")));
extern const char symbol_texts[] __attribute__((weak, visibility("hidden")));

extern const char kernel_image_start[] __attribute__((visibility("hidden"))); /* kernel.ld */
extern const char kernel_image_end[] __attribute__((visibility("hidden")));

uint64_t symbol_image_offset(uint64_t address)
{
	uint64_t start = (uint64_t)kernel_image_start;

	return address >= start && address < (uint64_t)kernel_image_end ? address - start : UINT64_MAX;
}

static const struct symbol_function *find_function(uint32_t offset)
{
	uint32_t low = 0, high = symbol_function_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (symbol_functions[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || offset - symbol_functions[low - 1].start >= symbol_functions[low - 1].size)
		return 0;
	return &symbol_functions[low - 1];
}

static const struct symbol_line *find_line(uint32_t offset)
{
	uint32_t low = 0, high = symbol_line_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (symbol_lines[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low && symbol_lines[low - 1].line ? &symbol_lines[low - 1] : 0;
}

bool symbol_find(uint64_t address, struct symbol *out)
{
	uint64_t offset = symbol_image_offset(address);

	if (!&symbol_function_count || offset > UINT32_MAX)
		return false;
	const struct symbol_function *function = find_function((uint32_t)offset);
	if (!function)
		return false;
	const struct symbol_line *line = find_line((uint32_t)offset);
	out->function = symbol_texts + function->name;
	out->offset = (uint32_t)offset - function->start;
	out->file = line ? symbol_texts + symbol_files[line->file] : 0;
	out->line = line ? line->line : 0;
	return true;
}
