/*
 * ELF64 for x86-64 as the loader, the kernel and user/linux read it: checks everything before anything is used, allocates
 * nothing, keeps nothing. (System V ABI, chapter 5; AMD64 supplement.)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One loadable segment, in the units of the file: not yet slid, not yet rounded to pages. */
struct elf_segment {
	uint64_t address;
	uint64_t memory_size;
	uint64_t file_offset;
	uint64_t file_size;
	bool readable, writable, executable;
};

#define ELF_SEGMENTS_MAX 16

struct elf_image {
	uint32_t segment_count;    /* at most ELF_SEGMENTS_MAX */
	bool position_independent; /* addresses may be slid: ET_DYN, or linked as PIE at a base of its own (DF_1_PIE) */
	uint64_t lowest;           /* page-aligned range of all segments */
	uint64_t end;
	uint64_t entry;           /* in an executable segment */
	uint64_t headers_address; /* address of the program headers in memory, 0 if no segment contains them */
	uint16_t header_count;
	uint64_t interpreter_offset, interpreter_size; /* PT_INTERP in the file; size 0: none */
	uint64_t note_offset[4], note_size[4];         /* PT_NOTE parts of the file */
	uint32_t note_count;
	uint64_t relocations_address, relocations_size; /* DT_RELA: a table of Elf64_Rela; size 0: none */
	bool other_relocations;                         /* of a kind that elf_relocate refuses: REL, RELR, or of a PLT */
	uint64_t relro_address,
	        relro_size; /* PT_GNU_RELRO, inside a writable segment: read-only once relocated; size 0: none */
	bool executable_stack;
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* sorted by address, not overlapping, not even in one page */
};

/* Bytes of the structure that say something: the segments that there are come last. */
static inline uint64_t elf_image_size(const struct elf_image *image)
{
	return offsetof(struct elf_image, segments) + image->segment_count * sizeof *image->segments;
}

enum elf_error {
	ELF_OK,
	ELF_TOO_SHORT,
	ELF_NOT_ELF,
	ELF_NOT_X86_64,
	ELF_NOT_EXECUTABLE,
	ELF_BAD_HEADERS,
	ELF_NO_SEGMENTS,
	ELF_TOO_MANY_SEGMENTS,
	ELF_SEGMENT_OUT_OF_FILE,
	ELF_SEGMENT_OUT_OF_RANGE, /* addresses outside what the caller allows, or that overflow */
	ELF_SEGMENTS_OVERLAP,
	ELF_SEGMENT_MISALIGNED, /* address and file offset differ within a page */
	ELF_WRITABLE_EXECUTABLE,
	ELF_ENTRY_OUTSIDE,
	ELF_BAD_DYNAMIC,
	ELF_BAD_RELOCATION, /* of another type than R_X86_64_RELATIVE, or outside the writable segments */
	ELF_ERRORS,
};

/* Half a sentence that follows the file's name: "is not an ELF file". */
const char *elf_error_text(enum elf_error error);

/* Reads the headers of a file of `size` bytes; every segment must lie in [lowest, highest). Writes *out only on ELF_OK. */
enum elf_error elf_read(const void *file, uint64_t size, uint64_t lowest, uint64_t highest, struct elf_image *out)
        __attribute__((warn_unused_result));

/*
 * The same for who has only the first `available` bytes, in which the headers lie, and relocates nothing: a dynamic section beyond
 * them is not looked at. Any error may mean that more is needed.
 */
enum elf_error elf_read_headers(const void *file, uint64_t available, uint64_t size, uint64_t lowest, uint64_t highest,
        struct elf_image *out) __attribute__((warn_unused_result));

/*
 * Applies the R_X86_64_RELATIVE relocations of a position-independent image that stands in memory at `memory` (where address
 * image->lowest is) and will run at its addresses plus `slide`. Checks each target; on an error the memory is undefined.
 */
enum elf_error elf_relocate(const struct elf_image *image, void *memory, uint64_t slide) __attribute__((warn_unused_result));
