/* The kernel's image: checked, loaded, relocated. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"
#include "failure.h"
#include "segments.h"

struct kernel {
	struct boot_range memory; /* contiguous, from the image's lowest address */
	uint64_t virtual;         /* of its first byte */
	uint64_t slide;
	uint64_t entry; /* slid */
	uint64_t file_size;
	struct segments_piece pieces[SEGMENTS_PIECES_MAX];
	uint32_t piece_count;
};

/* Loads the file at a slide made of the random word. The memory is of type KERNEL. */
bool kernel_load(const char *path, uint64_t random, struct kernel *out, struct failure *failure) MUST_CHECK;
