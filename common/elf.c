/*
 * Reading ELF64 files for x86-64 that nobody vouches for.
 *
 * The file is bytes at any alignment, each header is copied out before it is looked at, and no sum or product of two numbers
 * from the file is made before it is known to fit. What elf_read hands out is therefore safe to use without another check:
 * every segment's file part lies inside the file, every address range inside [lowest, highest) after rounding to pages, no two
 * segments share a page, nothing is writable and executable, and the entry can be executed.
 *
 * Program headers are all that counts; section headers are never read. Of the dynamic section only the place of the RELA table
 * is taken. elf_relocate checks each relocation again, because the table stands in memory that relocations may write.
 *
 * No state, no allocation, no call but to memcpy.
 */
#include "common/elf.h"

#define PAGE 4096ull

struct elf_header {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t program_headers;
	uint64_t section_headers;
	uint32_t flags;
	uint16_t header_size;
	uint16_t program_header_size;
	uint16_t program_header_count;
	uint16_t section_header_size;
	uint16_t section_header_count;
	uint16_t names_index;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF64 header");

struct elf_program_header {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t physical;
	uint64_t file_size;
	uint64_t memory_size;
	uint64_t alignment;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF64 program header");

struct elf_dynamic {
	uint64_t tag;
	uint64_t value;
};

struct elf_relocation {
	uint64_t address;
	uint64_t info; /* low 32 bits: type */
	uint64_t addend;
};

enum { CLASS_64 = 2, DATA_LITTLE = 1, VERSION_1 = 1, MACHINE_X86_64 = 62, TYPE_EXEC = 2, TYPE_DYN = 3 };
enum { FLAG_EXECUTE = 1, FLAG_WRITE = 2, FLAG_READ = 4 };
enum { R_X86_64_RELATIVE = 8 };

#define PT_LOAD 1u
#define PT_DYNAMIC 2u
#define PT_INTERP 3u
#define PT_NOTE 4u
#define PT_GNU_STACK 0x6474e551u
#define PT_GNU_RELRO 0x6474e552u
#define PN_XNUM 0xffffu /* the real number is in a section header, which is not read here */

#define DT_NULL 0u
#define DT_RELA 7u
#define DT_RELASZ 8u
#define DT_RELAENT 9u
#define DT_RELSZ 18u
#define DT_PLTRELSZ 2u
#define DT_RELRSZ 35u
#define DT_FLAGS_1 0x6ffffffbu
#define DF_1_PIE 0x08000000u

const char *elf_error_text(enum elf_error error)
{
	/* No table of pointers: user/linux has no relocations. */
	switch (error) {
	case ELF_OK: return "is a sound ELF file";
	case ELF_TOO_SHORT: return "is too short to be an ELF file";
	case ELF_NOT_ELF: return "is not an ELF file";
	case ELF_NOT_X86_64: return "is not a 64-bit ELF file for x86-64";
	case ELF_NOT_EXECUTABLE: return "is an ELF file but no program";
	case ELF_BAD_HEADERS: return "has ELF headers that contradict themselves or lie outside the file";
	case ELF_NO_SEGMENTS: return "has no segment to load";
	case ELF_TOO_MANY_SEGMENTS: return "has more segments to load than are supported";
	case ELF_SEGMENT_OUT_OF_FILE: return "has a segment that reaches beyond the end of the file";
	case ELF_SEGMENT_OUT_OF_RANGE: return "has a segment at addresses outside the permitted range";
	case ELF_SEGMENTS_OVERLAP: return "has segments that overlap or share a page";
	case ELF_SEGMENT_MISALIGNED: return "has a segment whose address and file offset differ within a page";
	case ELF_WRITABLE_EXECUTABLE: return "has a segment that is both writable and executable";
	case ELF_ENTRY_OUTSIDE: return "has an entry point outside its executable segments";
	case ELF_BAD_DYNAMIC: return "has a dynamic section that contradicts itself or lies outside its segments";
	case ELF_BAD_RELOCATION: return "has a relocation of an unknown kind or outside its writable segments";
	case ELF_ERRORS: break;
	}
	return "is broken in an unknown way";
}

/* Whether [start, start + length) lies inside [outer, outer + outer_length). */
static bool inside(uint64_t start, uint64_t length, uint64_t outer, uint64_t outer_length)
{
	return start >= outer && start - outer <= outer_length && length <= outer_length - (start - outer);
}

static enum elf_error header_read(const void *file, uint64_t size, struct elf_header *out)
{
	struct elf_header header;

	if (size < sizeof header)
		return ELF_TOO_SHORT;
	__builtin_memcpy(&header, file, sizeof header);
	if (header.ident[0] != 0x7f || header.ident[1] != 'E' || header.ident[2] != 'L' || header.ident[3] != 'F')
		return ELF_NOT_ELF;
	if (header.ident[4] != CLASS_64 || header.ident[5] != DATA_LITTLE || header.machine != MACHINE_X86_64)
		return ELF_NOT_X86_64;
	if (header.type != TYPE_EXEC && header.type != TYPE_DYN)
		return ELF_NOT_EXECUTABLE;
	if (header.ident[6] != VERSION_1 || header.version != VERSION_1)
		return ELF_BAD_HEADERS;
	if (header.program_header_count == 0)
		return ELF_NO_SEGMENTS;
	if (header.program_header_size != sizeof(struct elf_program_header) || header.program_header_count == PN_XNUM)
		return ELF_BAD_HEADERS;
	if (!inside(header.program_headers, header.program_header_count * sizeof(struct elf_program_header), 0, size))
		return ELF_BAD_HEADERS;
	*out = header;
	return ELF_OK;
}

/* The index-th program header; header_read has checked that it is there. */
static struct elf_program_header program_header(const void *file, const struct elf_header *header, unsigned index)
{
	struct elf_program_header program;
	const uint8_t *at = (const uint8_t *)file + header->program_headers + index * sizeof program;

	__builtin_memcpy(&program, at, sizeof program);
	return program;
}

static uint64_t page_start(uint64_t address)
{
	return address & ~(PAGE - 1);
}

/* Of an address at most highest_end, below, so that it can not overflow. */
static uint64_t page_end(uint64_t address)
{
	return page_start(address + (PAGE - 1));
}

static enum elf_error segment_check(const struct elf_program_header *program, uint64_t size, uint64_t lowest, uint64_t highest)
{
	/* The last page of the address space is never used, so the rounding up of an end below does not overflow. */
	uint64_t highest_end = highest < UINT64_MAX - PAGE ? page_start(highest) : page_start(UINT64_MAX - PAGE);

	if (program->file_size > program->memory_size)
		return ELF_BAD_HEADERS;
	if (!inside(program->offset, program->file_size, 0, size))
		return ELF_SEGMENT_OUT_OF_FILE;
	if (page_start(program->address) < lowest || program->address >= highest_end)
		return ELF_SEGMENT_OUT_OF_RANGE;
	if (program->memory_size > highest_end - program->address)
		return ELF_SEGMENT_OUT_OF_RANGE;
	if (program->file_size && (program->address - program->offset) % PAGE)
		return ELF_SEGMENT_MISALIGNED;
	if ((program->flags & FLAG_WRITE) && (program->flags & FLAG_EXECUTE))
		return ELF_WRITABLE_EXECUTABLE;
	return ELF_OK;
}

static uint64_t segment_end(const struct elf_segment *segment)
{
	return page_end(segment->address + segment->memory_size);
}

/* Puts a checked segment in its place by address. */
static enum elf_error segment_insert(struct elf_image *image, const struct elf_program_header *program)
{
	struct elf_segment segment = {
	        .address = program->address,
	        .memory_size = program->memory_size,
	        .file_offset = program->offset,
	        .file_size = program->file_size,
	        .readable = program->flags & FLAG_READ,
	        .writable = program->flags & FLAG_WRITE,
	        .executable = program->flags & FLAG_EXECUTE,
	};
	uint32_t place = image->segment_count;

	if (image->segment_count == ELF_SEGMENTS_MAX)
		return ELF_TOO_MANY_SEGMENTS;
	while (place > 0 && image->segments[place - 1].address > segment.address)
		place--;
	if (place > 0 && segment_end(&image->segments[place - 1]) > page_start(segment.address))
		return ELF_SEGMENTS_OVERLAP;
	if (place < image->segment_count && segment_end(&segment) > page_start(image->segments[place].address))
		return ELF_SEGMENTS_OVERLAP;
	for (uint32_t i = image->segment_count; i > place; i--)
		image->segments[i] = image->segments[i - 1];
	image->segments[place] = segment;
	image->segment_count++;
	return ELF_OK;
}

static enum elf_error segments_read(const void *file, uint64_t size, const struct elf_header *header, uint64_t lowest,
        uint64_t highest, struct elf_image *image)
{
	for (unsigned i = 0; i < header->program_header_count; i++) {
		struct elf_program_header program = program_header(file, header, i);
		enum elf_error error;

		if (program.type != PT_LOAD || program.memory_size == 0)
			continue;
		error = segment_check(&program, size, lowest, highest);
		if (error == ELF_OK)
			error = segment_insert(image, &program);
		if (error != ELF_OK)
			return error;
	}
	if (image->segment_count == 0)
		return ELF_NO_SEGMENTS;
	image->lowest = page_start(image->segments[0].address);
	image->end = segment_end(&image->segments[image->segment_count - 1]);
	return ELF_OK;
}

/* The segment in whose memory [address, address + length) lies, or NULL. */
static const struct elf_segment *segment_of(const struct elf_image *image, uint64_t address, uint64_t length)
{
	for (uint32_t i = 0; i < image->segment_count; i++)
		if (inside(address, length, image->segments[i].address, image->segments[i].memory_size))
			return &image->segments[i];
	return 0;
}

/* Takes the place of the RELA table, which must be bytes of the file, from a dynamic section of `size` bytes. */
static enum elf_error dynamic_read(const uint8_t *section, uint64_t size, struct elf_image *image)
{
	uint64_t address = 0, length = 0, entry_size = sizeof(struct elf_relocation);
	const struct elf_segment *segment;
	struct elf_dynamic dynamic;

	for (uint64_t at = 0; size - at >= sizeof dynamic; at += sizeof dynamic) {
		__builtin_memcpy(&dynamic, section + at, sizeof dynamic);
		if (dynamic.tag == DT_NULL)
			break;
		switch (dynamic.tag) {
		case DT_RELA: address = dynamic.value; break;
		case DT_RELASZ: length = dynamic.value; break;
		case DT_RELAENT: entry_size = dynamic.value; break;
		case DT_FLAGS_1: image->position_independent |= (dynamic.value & DF_1_PIE) != 0; break;
		case DT_RELSZ:
		case DT_RELRSZ:
		case DT_PLTRELSZ: image->other_relocations |= dynamic.value != 0; break;
		default: break;
		}
	}
	if (length == 0)
		return ELF_OK;
	segment = segment_of(image, address, length);
	if (!segment || !inside(address, length, segment->address, segment->file_size))
		return ELF_BAD_DYNAMIC;
	if (entry_size != sizeof(struct elf_relocation) || length % entry_size)
		return ELF_BAD_DYNAMIC;
	image->relocations_address = address;
	image->relocations_size = length;
	return ELF_OK;
}

/* What the headers say beside the segments; image has its segments already. */
static enum elf_error extras_read(
        const void *file, uint64_t available, uint64_t size, const struct elf_program_header *program, struct elf_image *image)
{
	const struct elf_segment *segment;
	uint64_t offset;

	switch (program->type) {
	case PT_DYNAMIC:
		segment = segment_of(image, program->address, program->memory_size);
		if (!segment || !inside(program->address, program->file_size, segment->address, segment->file_size))
			return ELF_BAD_DYNAMIC;
		/* What stands at the address is what counts, wherever the header's own offset points. */
		offset = segment->file_offset + (program->address - segment->address);
		if (available < size && !inside(offset, program->file_size, 0, available))
			return image->position_independent ? ELF_OK : ELF_TOO_SHORT; /* it might say that it is */
		return dynamic_read((const uint8_t *)file + offset, program->file_size, image);
	case PT_INTERP:
		if (!inside(program->offset, program->file_size, 0, size))
			return ELF_SEGMENT_OUT_OF_FILE;
		image->interpreter_offset = program->offset;
		image->interpreter_size = program->file_size;
		return ELF_OK;
	case PT_NOTE:
		if (!inside(program->offset, program->file_size, 0, size))
			return ELF_SEGMENT_OUT_OF_FILE;
		if (image->note_count == sizeof image->note_size / sizeof image->note_size[0])
			return ELF_OK; /* more parts than anybody looks for */
		image->note_offset[image->note_count] = program->offset;
		image->note_size[image->note_count] = program->file_size;
		image->note_count++;
		return ELF_OK;
	case PT_GNU_STACK: image->executable_stack = program->flags & FLAG_EXECUTE; return ELF_OK;
	case PT_GNU_RELRO:
		/* Linkers round its size up to a page, which may be beyond the segment's bytes but never beyond its pages. */
		segment = segment_of(image, program->address, 1);
		if (!segment || !segment->writable || program->memory_size > segment_end(segment) - program->address)
			return ELF_BAD_HEADERS;
		image->relro_address = program->address;
		image->relro_size = program->memory_size;
		return ELF_OK;
	default: return ELF_OK;
	}
}

static bool entry_is_executable(const struct elf_image *image, uint64_t entry)
{
	const struct elf_segment *segment = segment_of(image, entry, 1);

	return segment && segment->executable;
}

/* Where the program headers will stand in memory: a program's start code asks for it (AT_PHDR). */
static uint64_t headers_address(const struct elf_image *image, const struct elf_header *header)
{
	uint64_t length = header->program_header_count * sizeof(struct elf_program_header);

	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (inside(header->program_headers, length, segment->file_offset, segment->file_size))
			return segment->address + (header->program_headers - segment->file_offset);
	}
	return 0;
}

enum elf_error elf_read(const void *file, uint64_t size, uint64_t lowest, uint64_t highest, struct elf_image *out)
{
	return elf_read_headers(file, size, size, lowest, highest, out);
}

enum elf_error elf_read_headers(
        const void *file, uint64_t available, uint64_t size, uint64_t lowest, uint64_t highest, struct elf_image *out)
{
	struct elf_image image = {0};
	struct elf_header header;
	enum elf_error error;

	error = header_read(file, available < size ? available : size, &header);
	if (error != ELF_OK)
		return error;
	error = segments_read(file, size, &header, lowest, highest, &image);
	if (error != ELF_OK)
		return error;
	image.position_independent = header.type == TYPE_DYN;
	for (unsigned i = 0; i < header.program_header_count; i++) {
		struct elf_program_header program = program_header(file, &header, i);

		error = extras_read(file, available, size, &program, &image);
		if (error != ELF_OK)
			return error;
	}
	if (!entry_is_executable(&image, header.entry))
		return ELF_ENTRY_OUTSIDE;
	image.entry = header.entry;
	image.headers_address = headers_address(&image, &header);
	image.header_count = header.program_header_count;
	*out = image;
	return ELF_OK;
}

enum elf_error elf_relocate(const struct elf_image *image, void *memory, uint64_t slide)
{
	uint64_t table = image->relocations_address - image->lowest;

	if (image->other_relocations || (slide && !image->position_independent))
		return ELF_BAD_RELOCATION;
	for (uint64_t at = 0; at < image->relocations_size; at += sizeof(struct elf_relocation)) {
		const struct elf_segment *segment;
		struct elf_relocation relocation;
		uint64_t value;

		__builtin_memcpy(&relocation, (const uint8_t *)memory + table + at, sizeof relocation);
		segment = segment_of(image, relocation.address, sizeof value);
		if ((uint32_t)relocation.info != R_X86_64_RELATIVE || !segment || !segment->writable)
			return ELF_BAD_RELOCATION;
		value = relocation.addend + slide;
		__builtin_memcpy((uint8_t *)memory + (relocation.address - image->lowest), &value, sizeof value);
	}
	return ELF_OK;
}
