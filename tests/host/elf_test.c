/*
 * elf_read and elf_relocate: a small sound image is built by hand, then one thing at a time is broken, and each break must be
 * answered with its own error. The file is kept in an allocation of exactly its size at an odd address, so that the sanitizers
 * see every read beyond it and every access that presumes alignment.
 */
/* sources: common/elf.c */
#include "common/elf.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOWEST 0xffffffff80000000ull
#define HIGHEST 0xffffffffc0000000ull
#define FILE_SIZE 0x3100u

/* Four loadable segments as a kernel has them, then what else the reader looks at. */
enum { TEXT, RODATA, DATA, BSS, DYNAMIC, NOTE, INTERP, STACK, RELRO, PROGRAM_HEADERS };

struct sample {
	Elf64_Ehdr header;
	Elf64_Phdr program[PROGRAM_HEADERS];
	Elf64_Dyn dynamic[4];
	Elf64_Rela relocation[3];
	uint64_t size;
};

static int failures;

static void check(bool ok, const char *name, const char *why)
{
	if (ok) {
		printf("ok %s\n", name);
		return;
	}
	printf("not ok %s: %s\n", name, why);
	failures++;
}

static Elf64_Phdr segment(uint32_t type, uint32_t flags, uint64_t offset, uint64_t file_size, uint64_t memory_size)
{
	return (Elf64_Phdr){.p_type = type,
	        .p_flags = flags,
	        .p_offset = offset,
	        .p_vaddr = LOWEST + offset,
	        .p_paddr = offset,
	        .p_filesz = file_size,
	        .p_memsz = memory_size,
	        .p_align = 0x1000};
}

static struct sample sample(void)
{
	struct sample s = {.size = FILE_SIZE};

	memcpy(s.header.e_ident, "\177ELF\2\1\1", 7);
	s.header.e_type = ET_DYN;
	s.header.e_machine = EM_X86_64;
	s.header.e_version = EV_CURRENT;
	s.header.e_entry = LOWEST + 0x1010;
	s.header.e_phoff = sizeof s.header;
	s.header.e_ehsize = sizeof s.header;
	s.header.e_phentsize = sizeof(Elf64_Phdr);
	s.header.e_phnum = PROGRAM_HEADERS;
	s.program[RODATA] = segment(PT_LOAD, PF_R, 0, 0x800, 0x800);
	s.program[TEXT] = segment(PT_LOAD, PF_R | PF_X, 0x1000, 0x1000, 0x1000);
	s.program[DATA] = segment(PT_LOAD, PF_R | PF_W, 0x2000, 0x1100, 0x1f00);
	s.program[BSS] = segment(PT_LOAD, PF_R | PF_W, 0x3100, 0, 0x2000);
	s.program[BSS].p_vaddr = LOWEST + 0x4000;
	s.program[DYNAMIC] = segment(PT_DYNAMIC, PF_R, 0x2000, sizeof s.dynamic, sizeof s.dynamic);
	s.program[NOTE] = segment(PT_NOTE, PF_R, 0x780, 0x20, 0x20);
	s.program[INTERP] = segment(PT_INTERP, PF_R, 0x7a0, 0x10, 0x10);
	s.program[STACK] = segment(PT_GNU_STACK, PF_R | PF_W, 0, 0, 0);
	s.program[RELRO] = segment(PT_GNU_RELRO, PF_R, 0x2000, 0x1000, 0x1000);
	s.dynamic[0] = (Elf64_Dyn){.d_tag = DT_RELA, .d_un.d_ptr = LOWEST + 0x600};
	s.dynamic[1] = (Elf64_Dyn){.d_tag = DT_RELASZ, .d_un.d_val = sizeof s.relocation};
	s.dynamic[2] = (Elf64_Dyn){.d_tag = DT_RELAENT, .d_un.d_val = sizeof(Elf64_Rela)};
	for (int i = 0; i < 3; i++)
		s.relocation[i] = (Elf64_Rela){.r_offset = LOWEST + 0x2104 + 0x10 * i,
		        .r_info = R_X86_64_RELATIVE,
		        .r_addend = (int64_t)(LOWEST + 0x1000 + i)};
	s.relocation[2].r_offset = LOWEST + 0x5ff8; /* the last word of all */
	return s;
}

/* The sample as bytes of a file. */
static void render(const struct sample *s, uint8_t whole[static FILE_SIZE])
{
	memset(whole, 0xcc, FILE_SIZE);
	memcpy(whole, &s->header, sizeof s->header);
	memcpy(whole + sizeof s->header, s->program, sizeof s->program);
	memcpy(whole + 0x600, s->relocation, sizeof s->relocation);
	memcpy(whole + 0x2000, s->dynamic, sizeof s->dynamic);
}

static enum elf_error read_sample(const struct sample *s, struct elf_image *image)
{
	uint8_t whole[FILE_SIZE];
	uint8_t *allocation = malloc(s->size + 1);
	enum elf_error error;

	render(s, whole);
	memcpy(allocation + 1, whole, s->size);
	error = elf_read(allocation + 1, s->size, LOWEST, HIGHEST, image);
	free(allocation);
	return error;
}

static void expect(const struct sample *s, enum elf_error wanted, const char *name)
{
	struct elf_image image, before;
	enum elf_error error;
	char why[200];

	memset(&image, 0x5a, sizeof image);
	before = image;
	error = read_sample(s, &image);
	snprintf(why, sizeof why, "answered \"%s\", not \"%s\"", elf_error_text(error), elf_error_text(wanted));
	if (error != ELF_OK && memcmp(&image, &before, sizeof image)) {
		check(false, name, "the image was written although there was an error");
		return;
	}
	check(error == wanted, name, why);
}

/* One test: a sound sample, one statement that breaks it, the error that must be answered. */
#define BREAK(name, wanted, ...) \
	do { \
		struct sample s = sample(); \
		__VA_ARGS__; \
		expect(&s, wanted, name); \
	} while (0)

static void test_sound(void)
{
	struct sample s = sample();
	struct elf_image image;
	enum elf_error error = read_sample(&s, &image);

	check(error == ELF_OK, "elf: a sound image is read", elf_error_text(error));
	if (error != ELF_OK)
		return;
	check(image.segment_count == 4 && image.segments[0].address == LOWEST && image.segments[1].executable &&
	                image.segments[2].writable && image.segments[3].file_size == 0,
	        "elf: segments come sorted by address", "they do not");
	check(image.lowest == LOWEST && image.end == LOWEST + 0x6000, "elf: the range is that of all pages", "it is not");
	check(image.position_independent && image.entry == LOWEST + 0x1010, "elf: type and entry are told", "they are not");
	check(image.headers_address == LOWEST + 64 && image.header_count == PROGRAM_HEADERS,
	        "elf: the program headers' address is told", "it is not");
	check(image.interpreter_offset == 0x7a0 && image.interpreter_size == 0x10 && image.note_count == 1 &&
	                image.note_offset[0] == 0x780 && image.note_size[0] == 0x20,
	        "elf: interpreter and note are told", "they are not");
	check(image.relocations_address == LOWEST + 0x600 && image.relocations_size == 72 && !image.other_relocations,
	        "elf: the relocations' place is told", "it is not");
	check(image.relro_address == LOWEST + 0x2000 && image.relro_size == 0x1000 && !image.executable_stack,
	        "elf: stack and relro are told", "they are not");
}

/* With no byte behind the headers that could be looked at. */
static void test_headers_alone(void)
{
	struct sample s = sample();
	uint64_t headers = sizeof s.header + sizeof s.program;
	uint8_t whole[FILE_SIZE], *head = malloc(headers);
	struct elf_image image, all;

	render(&s, whole);
	memcpy(head, whole, headers);
	check(elf_read_headers(head, headers, s.size, LOWEST, HIGHEST, &image) == ELF_OK, "elf: the headers alone are enough",
	        "");
	check(read_sample(&s, &all) == ELF_OK && image.segment_count == all.segment_count && image.entry == all.entry &&
	                image.segments[2].address == all.segments[2].address && image.end == all.end,
	        "elf: the headers alone say what the file does", "");
	check(elf_read_headers(head, headers - 1, s.size, LOWEST, HIGHEST, &image) == ELF_BAD_HEADERS,
	        "elf: headers that are cut off are not read", "");
	check(elf_read_headers(head, headers, headers, LOWEST, HIGHEST, &image) == ELF_SEGMENT_OUT_OF_FILE,
	        "elf: a file that ends behind its headers has no segments", "");
	s.header.e_type = ET_EXEC;
	render(&s, whole);
	check(elf_read_headers(whole, headers, s.size, LOWEST, HIGHEST, &image) == ELF_TOO_SHORT,
	        "elf: whether a program at fixed addresses may be slid its headers alone do not say", "");
	free(head);
}

static void test_header(void)
{
	BREAK("elf: empty file", ELF_TOO_SHORT, s.size = 0);
	BREAK("elf: header cut off", ELF_TOO_SHORT, s.size = 63);
	BREAK("elf: other magic", ELF_NOT_ELF, s.header.e_ident[3] = 'G');
	BREAK("elf: 32-bit class", ELF_NOT_X86_64, s.header.e_ident[EI_CLASS] = ELFCLASS32);
	BREAK("elf: big-endian", ELF_NOT_X86_64, s.header.e_ident[EI_DATA] = ELFDATA2MSB);
	BREAK("elf: other machine", ELF_NOT_X86_64, s.header.e_machine = EM_AARCH64);
	BREAK("elf: object file", ELF_NOT_EXECUTABLE, s.header.e_type = ET_REL);
	BREAK("elf: unknown version", ELF_BAD_HEADERS, s.header.e_version = 2);
	BREAK("elf: program headers of another size", ELF_BAD_HEADERS, s.header.e_phentsize = 32);
	BREAK("elf: program headers beyond the file", ELF_BAD_HEADERS, s.header.e_phoff = FILE_SIZE - 8);
	BREAK("elf: program headers' offset overflows", ELF_BAD_HEADERS, s.header.e_phoff = UINT64_MAX - 8);
	BREAK("elf: program headers cut off", ELF_BAD_HEADERS, s.size = 64 + 56 * PROGRAM_HEADERS - 1);
	BREAK("elf: extended header count", ELF_BAD_HEADERS, s.header.e_phnum = PN_XNUM);
	BREAK("elf: no program headers", ELF_NO_SEGMENTS, s.header.e_phnum = 0);
	BREAK("elf: nothing to load", ELF_NO_SEGMENTS, for (int i = 0; i < 4; i++) s.program[i].p_type = PT_NULL);
	BREAK("elf: entry in data", ELF_ENTRY_OUTSIDE, s.header.e_entry = LOWEST + 0x2000);
	BREAK("elf: entry at zero", ELF_ENTRY_OUTSIDE, s.header.e_entry = 0);
	BREAK("elf: last byte of text is an entry", ELF_OK, s.header.e_entry = LOWEST + 0x1fff);
}

static void test_segments(void)
{
	BREAK("elf: segment beyond the file", ELF_SEGMENT_OUT_OF_FILE, s.size = FILE_SIZE - 1);
	BREAK("elf: segment's offset overflows", ELF_SEGMENT_OUT_OF_FILE, s.program[TEXT].p_offset = UINT64_MAX - 0xfff);
	BREAK("elf: segment's file size overflows", ELF_SEGMENT_OUT_OF_FILE,
	        s.program[TEXT].p_filesz = s.program[TEXT].p_memsz = UINT64_MAX);
	BREAK("elf: more bytes in the file than in memory", ELF_BAD_HEADERS, s.program[DATA].p_memsz = 0x10ff);
	BREAK("elf: segment below the range", ELF_SEGMENT_OUT_OF_RANGE, s.program[RODATA].p_vaddr = LOWEST - 0x1000);
	BREAK("elf: segment begins at the range's end", ELF_SEGMENT_OUT_OF_RANGE, s.program[BSS].p_vaddr = HIGHEST);
	BREAK("elf: segment reaches over the range", ELF_SEGMENT_OUT_OF_RANGE, s.program[BSS].p_vaddr = HIGHEST - 0x1000);
	BREAK("elf: segment's size overflows", ELF_SEGMENT_OUT_OF_RANGE, s.program[BSS].p_memsz = UINT64_MAX - 1);
	BREAK("elf: segment fills the range to its end", ELF_OK, s.program[BSS].p_vaddr = HIGHEST - 0x2000);
	BREAK("elf: overlap", ELF_SEGMENTS_OVERLAP, s.program[TEXT].p_memsz = 0x1001);
	BREAK("elf: the same segment twice", ELF_SEGMENTS_OVERLAP, s.program[BSS] = s.program[DATA]);
	BREAK("elf: two segments in one page", ELF_SEGMENTS_OVERLAP, s.program[BSS].p_vaddr = LOWEST + 0x3f80);
	BREAK("elf: a big segment over small ones", ELF_SEGMENTS_OVERLAP, s.program[RODATA].p_memsz = 0x10000);
	BREAK("elf: address and offset differ within a page", ELF_SEGMENT_MISALIGNED, s.program[DATA].p_vaddr += 0x10);
	BREAK("elf: writable and executable", ELF_WRITABLE_EXECUTABLE, s.program[TEXT].p_flags |= PF_W);
	BREAK("elf: an empty segment is ignored", ELF_OK, s.program[BSS].p_memsz = 0; s.program[BSS].p_vaddr = 0);
	BREAK("elf: any segment order is accepted", ELF_OK, Elf64_Phdr t = s.program[BSS]; s.program[BSS] = s.program[TEXT];
	        s.program[TEXT] = t);
	BREAK("elf: interpreter beyond the file", ELF_SEGMENT_OUT_OF_FILE, s.program[INTERP].p_filesz = FILE_SIZE);
	BREAK("elf: note beyond the file", ELF_SEGMENT_OUT_OF_FILE, s.program[NOTE].p_offset = UINT64_MAX - 4);
	BREAK("elf: relro over read-only pages", ELF_BAD_HEADERS, s.program[RELRO].p_vaddr = LOWEST);
	BREAK("elf: relro beyond its segment", ELF_BAD_HEADERS, s.program[RELRO].p_memsz = 0x2001);
}

static void test_too_many_segments(void)
{
	uint8_t file[64 + 56 * (ELF_SEGMENTS_MAX + 1)];
	struct sample s = sample();
	struct elf_image image;

	s.header.e_phnum = ELF_SEGMENTS_MAX + 1;
	memcpy(file, &s.header, sizeof s.header);
	for (int i = 0; i <= ELF_SEGMENTS_MAX; i++) {
		Elf64_Phdr program = segment(PT_LOAD, PF_R | PF_X, 0, 0, 16);

		program.p_vaddr = LOWEST + 0x1000 * (uint64_t)i;
		memcpy(file + 64 + 56 * i, &program, sizeof program);
	}
	check(elf_read(file, sizeof file, LOWEST, HIGHEST, &image) == ELF_TOO_MANY_SEGMENTS,
	        "elf: too many segments are refused", "they are not");
}

/* Segments at the very end of the address space must not wrap around to its start. */
static void test_top_of_address_space(void)
{
	uint8_t whole[FILE_SIZE];
	struct sample s = sample();
	struct elf_image image;

	s.program[BSS].p_vaddr = UINT64_MAX - 0xfff;
	s.program[BSS].p_memsz = 0xfff;
	render(&s, whole);
	check(elf_read(whole, FILE_SIZE, 0, UINT64_MAX, &image) == ELF_SEGMENT_OUT_OF_RANGE,
	        "elf: the last page of the address space is refused", "it is not");
}

static void test_dynamic(void)
{
	BREAK("elf: dynamic section outside the segments", ELF_BAD_DYNAMIC, s.program[DYNAMIC].p_vaddr = LOWEST + 0x6000);
	BREAK("elf: dynamic section in bss", ELF_BAD_DYNAMIC, s.program[DYNAMIC].p_vaddr = LOWEST + 0x30f0);
	BREAK("elf: relocations outside the segments", ELF_BAD_DYNAMIC, s.dynamic[0].d_un.d_ptr = 0);
	BREAK("elf: relocations reach over their segment", ELF_BAD_DYNAMIC, s.dynamic[0].d_un.d_ptr = LOWEST + 0x7f0);
	BREAK("elf: relocations' size overflows", ELF_BAD_DYNAMIC, s.dynamic[1].d_un.d_val = UINT64_MAX / 24 * 24);
	BREAK("elf: relocations' size is no multiple", ELF_BAD_DYNAMIC, s.dynamic[1].d_un.d_val = 71);
	BREAK("elf: relocations of another size", ELF_BAD_DYNAMIC, s.dynamic[2].d_un.d_val = 8);
	BREAK("elf: relocations' entry size zero", ELF_BAD_DYNAMIC, s.dynamic[2].d_un.d_val = 0);
	BREAK("elf: no relocations at all", ELF_OK, s.dynamic[1].d_un.d_val = 0);
}

static enum elf_error relocate(struct sample *s, uint64_t slide, uint8_t memory[static 0x6000])
{
	uint8_t whole[FILE_SIZE];
	struct elf_image image;
	enum elf_error error = read_sample(s, &image);

	if (error != ELF_OK)
		return error;
	render(s, whole);
	memset(memory, 0, 0x6000);
	for (uint32_t i = 0; i < image.segment_count; i++)
		memcpy(memory + (image.segments[i].address - image.lowest), whole + image.segments[i].file_offset,
		        image.segments[i].file_size);
	return elf_relocate(&image, memory, slide);
}

static void expect_relocation(struct sample *s, uint64_t slide, enum elf_error wanted, const char *name)
{
	uint8_t *allocation = malloc(0x6001); /* odd, so that no relocation is aligned */
	enum elf_error error = relocate(s, slide, allocation + 1);

	check(error == wanted, name, elf_error_text(error));
	free(allocation);
}

static void test_relocations(void)
{
	static uint8_t memory[0x6000];
	struct sample s = sample();
	uint64_t first, last;

	check(relocate(&s, 0x200000, memory) == ELF_OK, "elf: relocations are applied", "they are refused");
	memcpy(&first, memory + 0x2104, 8);
	memcpy(&last, memory + 0x5ff8, 8);
	check(first == LOWEST + 0x201000 && last == LOWEST + 0x201002, "elf: relocated words are slid", "they are not");

	s.relocation[1].r_info = R_X86_64_64;
	expect_relocation(&s, 0, ELF_BAD_RELOCATION, "elf: relocation of another type");
	s = sample();
	s.relocation[1].r_offset = LOWEST + 0x100;
	expect_relocation(&s, 0, ELF_BAD_RELOCATION, "elf: relocation in a read-only segment");
	s.relocation[1].r_offset = LOWEST + 0x5ff9;
	expect_relocation(&s, 0, ELF_BAD_RELOCATION, "elf: relocation over the end of a segment");
	s.relocation[1].r_offset = UINT64_MAX - 3;
	expect_relocation(&s, 0, ELF_BAD_RELOCATION, "elf: relocation whose end overflows");
	s.relocation[1].r_offset = 0;
	expect_relocation(&s, 0, ELF_BAD_RELOCATION, "elf: relocation outside every segment");
	s = sample();
	s.dynamic[3] = (Elf64_Dyn){.d_tag = DT_RELRSZ, .d_un.d_val = 8};
	expect_relocation(&s, 0, ELF_BAD_RELOCATION, "elf: packed relocations are refused, not forgotten");
	s = sample();
	s.dynamic[1].d_un.d_val = 0;
	expect_relocation(&s, 0x200000, ELF_OK, "elf: nothing to relocate is no error");
	s = sample();
	s.header.e_type = ET_EXEC;
	expect_relocation(&s, 0x200000, ELF_BAD_RELOCATION, "elf: a program at fixed addresses is not slid");
	expect_relocation(&s, 0, ELF_OK, "elf: a program at fixed addresses can stay there");
	s.dynamic[3] = (Elf64_Dyn){.d_tag = DT_FLAGS_1, .d_un.d_val = DF_1_PIE};
	expect_relocation(&s, 0x200000, ELF_OK, "elf: a PIE with a base of its own is slid");
}

static void test_texts(void)
{
	for (int error = 0; error <= ELF_ERRORS; error++)
		if (error < ELF_ERRORS && !strcmp(elf_error_text(error), elf_error_text(ELF_ERRORS))) {
			check(false, "elf: every error has a text", "one has none");
			return;
		}
	check(true, "elf: every error has a text", "");
}

int main(void)
{
	test_sound();
	test_headers_alone();
	test_header();
	test_segments();
	test_too_many_segments();
	test_top_of_address_space();
	test_dynamic();
	test_relocations();
	test_texts();
	return failures != 0;
}
