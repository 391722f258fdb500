/* The kernel's segments as stretches of whole pages with one set of rights. */
#pragma once

#include <stdint.h>

#include "common/elf.h"

struct segments_piece {
	uint64_t offset; /* from the image's lowest address */
	uint64_t length;
	unsigned rights; /* enum paging_rights */
};

#define SEGMENTS_PIECES_MAX (ELF_SEGMENTS_MAX + 2)

/* Sorted, not overlapping; what is read-only once relocated (PT_GNU_RELRO) is apart. Answers how many. */
uint32_t segments_pieces(const struct elf_image *image, struct segments_piece out[static SEGMENTS_PIECES_MAX]);
