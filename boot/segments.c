/*
 * From segments to rights of pages. No segment shares a page with another (elf_read sees to that), so each becomes a stretch of
 * whole pages. Constants that hold addresses must be written while the image is relocated and never again: linkers put them at
 * the beginning of the writable segment and name them in PT_GNU_RELRO, so that stretch is cut off and loses its right to be
 * written. As every loader does it, the end is rounded down: a page that is only partly relro stays writable.
 */
#include "segments.h"

#include "paging.h"

#define PAGE 4096ull

static uint64_t page_start(uint64_t address)
{
	return address & ~(PAGE - 1);
}

static uint32_t add(struct segments_piece *out, uint32_t count, uint64_t start, uint64_t end, unsigned rights)
{
	if (start >= end)
		return count;
	out[count] = (struct segments_piece){start, end - start, rights};
	return count + 1;
}

uint32_t segments_pieces(const struct elf_image *image, struct segments_piece out[static SEGMENTS_PIECES_MAX])
{
	uint64_t relro_start = page_start(image->relro_address) - image->lowest;
	uint64_t relro_end = page_start(image->relro_address + image->relro_size) - image->lowest;
	uint32_t count = 0;

	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];
		uint64_t start = page_start(segment->address) - image->lowest;
		uint64_t end = page_start(segment->address + segment->memory_size + PAGE - 1) - image->lowest;
		unsigned rights = (segment->writable ? PAGING_WRITE : 0) | (segment->executable ? PAGING_EXECUTE : 0);

		if (segment->writable && image->relro_size && relro_start >= start && relro_end <= end &&
		        relro_start < relro_end) {
			count = add(out, count, start, relro_start, rights);
			count = add(out, count, relro_start, relro_end, PAGING_READ);
			count = add(out, count, relro_end, end, rights);
		} else {
			count = add(out, count, start, end, rights);
		}
	}
	return count;
}
