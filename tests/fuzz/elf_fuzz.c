/*
 * Any bytes: elf_read and elf_relocate touch nothing outside the file and the image, and what is accepted keeps the promises of
 * elf.h.
 */
/* sources: common/elf.c */
#include "common/elf.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096ull
#define LOWEST 0ull
#define HIGHEST 0x800000ull

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void demand_sound(const struct elf_image *image, uint64_t size)
{
	uint64_t before = image->lowest;

	demand(image->lowest >= LOWEST && image->end <= HIGHEST && image->lowest < image->end);
	demand(image->lowest % PAGE == 0 && image->end % PAGE == 0);
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		demand(segment->address / PAGE * PAGE >= before && segment->file_size <= segment->memory_size);
		demand(segment->file_offset <= size && segment->file_size <= size - segment->file_offset);
		demand(!(segment->writable && segment->executable));
		before = (segment->address + segment->memory_size + PAGE - 1) / PAGE * PAGE;
	}
	demand(before == image->end);
	demand(image->interpreter_offset <= size && image->interpreter_size <= size - image->interpreter_offset);
	for (uint32_t i = 0; i < image->note_count; i++)
		demand(image->note_offset[i] <= size && image->note_size[i] <= size - image->note_offset[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(size + 1), *memory;
	struct elf_image image;

	memcpy(file + 1, data, size); /* never aligned */
	if (elf_read(file + 1, size, LOWEST, HIGHEST, &image) == ELF_OK) {
		demand_sound(&image, size);
		memory = calloc(1, image.end - image.lowest);
		for (uint32_t i = 0; i < image.segment_count; i++)
			memcpy(memory + (image.segments[i].address - image.lowest), file + 1 + image.segments[i].file_offset,
			        image.segments[i].file_size);
		if (elf_relocate(&image, memory, 0x200000) != ELF_OK)
			demand(image.relocations_size || image.other_relocations || !image.position_independent);
		free(memory);
	}
	free(file);
	return 0;
}
