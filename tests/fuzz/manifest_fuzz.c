/*
 * Any bytes as a program's file, and any bytes as a manifest's text: neither may be read beyond its end, and what is accepted
 * must keep to the limits that starters rely on.
 */
/* sources: user/lib/manifest.c user/lib/words.c common/elf.c */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/manifest.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_text(const char *text, size_t length)
{
	struct manifest m;
	struct words_problems problems;
	if (!manifest_parse(text, length, &m, &problems)) {
		check(problems.count > 0 && problems.list[0].line > 0);
		return;
	}
	check(m.import_count <= MANIFEST_IMPORTS && m.export_count <= MANIFEST_EXPORTS);
	check(strnlen(m.name, sizeof m.name) < sizeof m.name);
	for (uint32_t i = 0; i < m.import_count; i++) {
		const struct manifest_import *import = &m.imports[i];
		check(import->name[0] && strnlen(import->name, START_NAME) + sizeof ".notify" <= START_NAME);
		if (import->kind == MANIFEST_IOPORT)
			check(import->count && import->first + import->count <= MANIFEST_PORTS);
		if (import->kind == MANIFEST_IRQ)
			check(import->first < MANIFEST_IRQ_LINES);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image;
	size_t length;
	check_text((const char *)data, size);
	if (elf_read(data, size, 0, 1ull << 47, &image) == ELF_OK) {
		const char *text = manifest_find(data, size, &image, &length);
		if (text) {
			check(text >= (const char *)data && length <= size && length <= MANIFEST_MAX);
			check_text(text, length);
		}
	}
	/* And the notes alone, which random bytes reach sooner than through the headers. */
	image = (struct elf_image){.note_count = 1, .note_offset = {0}, .note_size = {size}};
	const char *text = manifest_find(data, size, &image, &length);
	if (text)
		check_text(text, length);
	return 0;
}
