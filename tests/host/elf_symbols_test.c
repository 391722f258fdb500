/*
 * elf_symbol_find: functions and lines of a file that is built here by hand, at an odd address in an allocation of exactly its size; and
 * of the same file with any of its bytes changed, which may be answered in any way that touches nothing else.
 */
/* sources: common/elf_symbols.c */
#include "common/elf_symbols.h"

#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define LOWEST 0x400000u

enum { SECTION_NONE, SECTION_SYMBOLS, SECTION_STRINGS, SECTION_LINES, SECTIONS };

static const char strings[] = "\0first\0second\0line\n";
static const char texts[] = "a.c\0dir/b.c";

static struct sample {
	Elf64_Ehdr header;
	Elf64_Sym symbols[4];
	char strings[sizeof strings];
	struct {
		struct elf_lines head;
		struct elf_line line[4];
		uint32_t files[2];
		char texts[sizeof texts];
	} __attribute__((packed)) lines;
	Elf64_Shdr sections[SECTIONS];
} __attribute__((packed)) sample;

static void build(void)
{
	sample = (struct sample){.header = {.e_ident = ELFMAG,
	                                 .e_shoff = offsetof(struct sample, sections),
	                                 .e_shentsize = sizeof(Elf64_Shdr),
	                                 .e_shnum = SECTIONS}};
	sample.symbols[1] = (Elf64_Sym){1, STT_FUNC, 0, 1, LOWEST + 0x100, 0x40};
	sample.symbols[2] = (Elf64_Sym){7, STT_FUNC, 0, 1, LOWEST + 0x140, 0x10};
	sample.symbols[3] = (Elf64_Sym){7, STT_OBJECT, 0, 1, LOWEST, 0x1000};
	memcpy(sample.strings, strings, sizeof strings);
	sample.lines.head = (struct elf_lines){ELF_LINES_MAGIC, 4, 2, sizeof texts, 0};
	const struct elf_line line[] = {{0x100, 0, 10}, {0x120, 1, 20}, {0x130, 0, 11}, {0x150, 0, 0}};
	memcpy(sample.lines.line, line, sizeof line);
	sample.lines.files[1] = 4;
	memcpy(sample.lines.texts, texts, sizeof texts);
	sample.sections[SECTION_SYMBOLS] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
	        .sh_offset = offsetof(struct sample, symbols),
	        .sh_size = sizeof sample.symbols,
	        .sh_link = SECTION_STRINGS,
	        .sh_entsize = sizeof(Elf64_Sym)};
	sample.sections[SECTION_STRINGS] =
	        (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = offsetof(struct sample, strings), .sh_size = sizeof strings};
	sample.sections[SECTION_LINES] = (Elf64_Shdr){
	        .sh_type = SHT_PROGBITS, .sh_offset = offsetof(struct sample, lines), .sh_size = sizeof sample.lines};
}

/* "function+offset file:line" of an offset from the lowest address, "-" where nothing is known. */
static const char *name_of(const void *bytes, size_t size, uint64_t at)
{
	static char text[512];
	struct elf_symbol symbol;
	char *copy = malloc(size + 1);
	memcpy(copy + 1, bytes, size);
	if (!elf_symbol_find(copy + 1, size, LOWEST, LOWEST + at, &symbol))
		strcpy(text, "-");
	else
		snprintf(text, sizeof text, "%.*s+%x %.*s:%u", (int)symbol.function_length,
		        symbol.function ? symbol.function : "", (unsigned)symbol.offset, (int)symbol.file_length,
		        symbol.file ? symbol.file : "", symbol.line);
	free(copy);
	return text;
}

static bool is(uint64_t at, const char *expected)
{
	return !strcmp(name_of(&sample, sizeof sample, at), expected);
}

static void found(void)
{
	check_begin("an address has the function that it lies in and the line that begins last before it");
	build();
	CHECK(is(0x100, "first+0 a.c:10"));
	CHECK(is(0x11f, "first+1f a.c:10"));
	CHECK(is(0x120, "first+20 dir/b.c:20"));
	CHECK(is(0x13f, "first+3f a.c:11"));
	CHECK(is(0x14f, "second+f a.c:11"));

	check_begin("outside of functions and lines nothing is known, and data is no function");
	CHECK(is(0xff, "-") && is(0x150, "-") && is(0xfffffff, "-") && is(-LOWEST - 1ull, "-"));

	check_begin("each of both is there without the other");
	sample.sections[SECTION_LINES].sh_type = SHT_NOBITS;
	CHECK(is(0x120, "first+20 :0"));
	build();
	sample.sections[SECTION_SYMBOLS].sh_type = SHT_NOTE;
	CHECK(is(0x120, "+0 dir/b.c:20"));
}

static void refused(void)
{
	check_begin("what points out of the file is not followed");
	build();
	sample.symbols[1].st_name = sizeof strings;
	CHECK(is(0x100, "+0 a.c:10"));
	build();
	sample.sections[SECTION_STRINGS].sh_size = 1ull << 40;
	CHECK(is(0x100, "+0 a.c:10"));
	build();
	sample.sections[SECTION_SYMBOLS].sh_offset = UINT64_MAX - 8;
	CHECK(is(0x100, "+0 a.c:10"));
	build();
	sample.lines.head.line_count = UINT32_MAX;
	CHECK(is(0x100, "first+0 :0"));
	build();
	sample.lines.line[0].file = 2;
	CHECK(is(0x100, "first+0 :0"));
	build();
	sample.lines.files[0] = UINT32_MAX;
	CHECK(is(0x100, "first+0 :0"));
	build();
	sample.header.e_shoff = sizeof sample - 63;
	CHECK(is(0x100, "-"));

	check_begin("names end where they cannot be printed");
	build();
	sample.symbols[1].st_name = 14;
	CHECK(is(0x100, "line+0 a.c:10"));
}

static void spoilt(void)
{
	char copy[sizeof sample];
	check_begin("any byte may have any value, and the file may end anywhere");
	build();
	for (size_t i = 0; i < sizeof sample; i++) {
		static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
		for (size_t v = 0; v < sizeof values; v++) {
			memcpy(copy, &sample, sizeof copy);
			copy[i] = (char)values[v];
			name_of(copy, sizeof copy, 0x120);
		}
		name_of(&sample, i, 0x120);
	}
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		memcpy(copy, &sample, sizeof copy);
		for (unsigned i = 0; i < 12; i++)
			copy[(unsigned)rand() % sizeof copy] = (char)rand();
		name_of(copy, sizeof copy, (unsigned)rand() % 0x200);
	}
	CHECK(is(0x100, "first+0 a.c:10"));
}

int main(void)
{
	found();
	refused();
	spoilt();
	return check_result();
}
