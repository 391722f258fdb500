/* Any bytes: elf_symbol_find touches nothing outside of the file, and the names that it hands out lie in it. */
/* sources: common/elf_symbols.c */
#include "common/elf_symbols.h"

#include <stdlib.h>
#include <string.h>

static void demand_inside(const char *text, uint32_t length, const char *file, size_t size)
{
	if (text && (text < file || text > file + size || length > (size_t)(file + size - text)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *file = malloc(size + 1);
	struct elf_symbol symbol;
	memcpy(file + 1, data, size); /* never aligned */
	for (uint64_t address = 0; address < 0x2000; address += 0x7f) {
		if (!elf_symbol_find(file + 1, size, 0x100, address, &symbol))
			continue;
		demand_inside(symbol.function, symbol.function_length, file + 1, size);
		demand_inside(symbol.file, symbol.file_length, file + 1, size);
	}
	free(file);
	return 0;
}
