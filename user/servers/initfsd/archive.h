/*
 * The archive, decompressed into a frame of its own: what all files of initfs are parts of.
 *
 * The compressed bytes are foreign input. How large the result is stands in their header or, if the file was compressed from a
 * pipe, is found by decompressing once to nowhere; it is bounded; every page of the frame is asked for before anything is decompressed, so that a machine with too little memory is told so and not stopped by a
 * fault in the middle; the decoder writes nothing outside; its checksum is checked.
 */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/handle.h"

#define ARCHIVE_SIZE_MAX (512ull << 20) /* bytes, decompressed */

struct archive {
	handle_t frame; /* with all rights; only this process writes to it */
	uint8_t *bytes; /* mapped, readable and writable, to the end of the last page */
	uint64_t size;
};

/* What stopped it: half a sentence, "it is not a zstd file". */
struct archive_fault {
	char text[200];
};

/* Decompresses `length` bytes of the frame `compressed`, which stays the caller's. On an error *out_fault says why. */
status_t archive_unpack(handle_t compressed, uint64_t length, struct archive *out, struct archive_fault *out_fault)
        __attribute__((warn_unused_result));

/* A frame of its own with a part of the archive, zeros behind it; all rights. For what cannot be mapped where it lies. */
status_t archive_copy(const struct archive *archive, uint64_t offset, uint64_t length, handle_t *out_frame)
        __attribute__((warn_unused_result));

/* Takes the right to write to the archive away from this process's own mapping. */
status_t archive_seal(const struct archive *archive) __attribute__((warn_unused_result));
