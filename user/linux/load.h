/* Loading a program's ELF file into the process it will run in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/start.h"
#include "common/elf.h"

struct load_result {
	uint64_t entry;
	uint64_t headers; /* address of the program headers, 0 if no segment holds them */
	uint32_t header_count;
	uint64_t start, end; /* page-aligned: of the first segment, behind the last; 0: not known */
};

/* Where the program is not loaded: half a sentence that follows its name, and the exit status that a shell would give. */
struct load_failure {
	const char *reason, *more;
	uint32_t status;
};

/* What the headers of a file in a frame say, and what is wrong with them. A status: the frame can not be mapped to be read. */
status_t load_read_headers(handle_t frame, uint64_t offset, uint64_t length, struct elf_image *out, enum elf_error *out_wrong);

/* Loads what program_frame, program_offset and program_length of the block say. False: *out_failure says why. */
bool load_program(const struct start_block *start, struct load_result *out, struct load_failure *out_failure);
