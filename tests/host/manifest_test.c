/*
 * manifest_find and manifest_parse. Files and texts stand in allocations of exactly their size, so that the sanitizers see
 * every read beyond them.
 */
/* sources: user/lib/manifest.c user/lib/words.c */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/manifest.h"

static int failures;

static void check(bool ok, const char *name, const char *why)
{
	if (ok) {
		printf("ok manifest: %s\n", name);
		return;
	}
	printf("not ok manifest: %s: %s\n", name, why);
	failures++;
}

static bool parse(const char *text, struct manifest *out, struct words_problems *problems)
{
	size_t length = strlen(text);
	char *exact = malloc(length ? length : 1);
	memcpy(exact, text, length);
	bool good = manifest_parse(exact, length, out, problems);
	free(exact);
	return good;
}

static void test_whole(void)
{
	struct manifest m;
	struct words_problems p;
	bool good = parse("# the serial console\n"
	                  "name console\n"
	                  "\n"
	                  "import log\n"
	                  "import\tlog.claim   # the UART\n"
	                  "import ioport 3f8 8\n"
	                  "import irq 4\n"
	                  "import framebuffer optional\n"
	                  "import irq 12 optional\n"
	                  "export console\n"
	                  "restart always",
	        &m, &p);
	check(good && !p.count, "a whole manifest is accepted", "it was refused");
	if (!good)
		return;
	check(!strcmp(m.name, "console") && m.restart, "name and restart are read", m.name);
	check(m.import_count == 6 && m.export_count == 1 && !strcmp(m.exports[0], "console"), "imports and exports are counted",
	        "wrong counts");
	check(m.imports[0].kind == MANIFEST_NAMED && !strcmp(m.imports[1].name, "log.claim") && !m.imports[1].optional,
	        "named imports keep their names", m.imports[1].name);
	check(m.imports[2].kind == MANIFEST_IOPORT && m.imports[2].first == 0x3f8 && m.imports[2].count == 8 &&
	                !strcmp(m.imports[2].name, "ioport.3f8"),
	        "ports are hexadecimal and named so", m.imports[2].name);
	check(m.imports[3].kind == MANIFEST_IRQ && m.imports[3].first == 4 && !strcmp(m.imports[3].name, "irq.4"),
	        "an interrupt line is read", m.imports[3].name);
	check(m.imports[4].optional && m.imports[5].optional && m.imports[5].first == 12, "optional imports are marked",
	        "they are not");
}

static void test_empty(void)
{
	struct manifest m;
	struct words_problems p;
	check(parse("", &m, &p) && !m.name[0] && !m.import_count && !m.restart, "an empty text asks for nothing",
	        "it was refused");
	check(parse("\n \t\n# nothing\n", &m, &p) && !m.export_count, "comments and blank lines ask for nothing", "refused");
}

/* Each line is bad by itself; it stands as the third line between good ones and must be reported as that, and alone. */
static void test_bad_lines(void)
{
	static const char *const bad[] = {
	        "frobnicate",
	        "Name x",
	        "name",
	        "name two words",
	        "name Upper",
	        "name 9digit",
	        "name seventeen-letters",
	        "import",
	        "import a b",
	        "import optional optional optional",
	        "import vfs Optional",
	        "import log",
	        "import ../x",
	        "import a-name-that-is-longer",
	        "import ioport",
	        "import ioport 3f8",
	        "import ioport 10000 1",
	        "import ioport ffff 2",
	        "import ioport 0x60 1",
	        "import ioport 60 0",
	        "import ioport 60 -1",
	        "import ioport 60 99999999999999999999",
	        "import ioport 60 1 2",
	        "import irq",
	        "import irq 16",
	        "import irq f",
	        "import irq 1 2 3 4 5 6 7 8 9 10",
	        "export",
	        "export a b",
	        "export A",
	        "restart",
	        "restart sometimes",
	        "state",
	        "state 31",
	        "state 65537",
	        "state 64 64",
	        "restart always never",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[256], name[128], why[64];
		struct manifest m;
		struct words_problems p;
		snprintf(text, sizeof text, "import log\n\n%s\nexport x\n", bad[i]);
		bool good = parse(text, &m, &p);
		snprintf(name, sizeof name, "\"%s\" is refused with its line", bad[i]);
		snprintf(why, sizeof why, "%s, %u problems, first in line %u", good ? "accepted" : "refused", p.count,
		        p.count ? p.list[0].line : 0);
		check(!good && p.count == 1 && p.list[0].line == 3 && p.list[0].text[0], name, why);
	}
}

static void test_many_problems(void)
{
	char text[1024] = "", why[32];
	struct manifest m;
	struct words_problems p;
	for (int i = 0; i < 20; i++)
		strcat(text, "bad\n");
	bool good = parse(text, &m, &p);
	snprintf(why, sizeof why, "%u", p.count);
	check(!good && p.count == 20 && p.list[WORDS_PROBLEMS - 1].line == WORDS_PROBLEMS, "all bad lines are counted", why);

	text[0] = 0;
	for (int i = 0; i < MANIFEST_IMPORTS; i++)
		sprintf(text + strlen(text), "import a%d\n", i);
	check(parse(text, &m, &p) && m.import_count == MANIFEST_IMPORTS, "as many imports as fit are accepted", "refused");
	strcat(text, "import more\n");
	check(!parse(text, &m, &p) && p.list[0].line == MANIFEST_IMPORTS + 1, "one import too many is refused", "accepted");

	text[0] = 0;
	for (int i = 0; i < MANIFEST_EXPORTS; i++)
		sprintf(text + strlen(text), "export a%d\n", i);
	check(parse(text, &m, &p) && m.export_count == MANIFEST_EXPORTS, "as many exports as fit are accepted", "refused");
	strcat(text, "export more\n");
	check(!parse(text, &m, &p) && p.list[0].line == MANIFEST_EXPORTS + 1, "one export too many is refused", "accepted");
}

static void test_refusal_writes_nothing(void)
{
	struct manifest m;
	struct words_problems p;
	memset(&m, 0x5a, sizeof m);
	parse("name x\nbad\n", &m, &p);
	bool kept = true;
	for (size_t i = 0; i < sizeof m; i++)
		kept &= ((unsigned char *)&m)[i] == 0x5a;
	check(kept, "a refused manifest leaves the result untouched", "it was written");
}

/* A file that is nothing but notes: its image says where they are. */
struct notes {
	unsigned char bytes[8192];
	size_t size;
};

static void add_word(struct notes *notes, uint32_t word)
{
	memcpy(notes->bytes + notes->size, &word, 4);
	notes->size += 4;
}

static void add_bytes(struct notes *notes, const void *bytes, size_t size)
{
	memcpy(notes->bytes + notes->size, bytes, size);
	notes->size += (size + 3) & ~(size_t)3;
}

static void add_note(struct notes *notes, const char *owner, uint32_t type, const char *content, size_t size)
{
	add_word(notes, (uint32_t)strlen(owner) + 1);
	add_word(notes, (uint32_t)size);
	add_word(notes, type);
	add_bytes(notes, owner, strlen(owner) + 1);
	add_bytes(notes, content, size);
}

/* Whether the text is found in the first `size` bytes; offset and length are what the image claims. */
static bool finds_at(const struct notes *notes, uint64_t offset, uint64_t length, const char *text)
{
	unsigned char *exact = malloc(notes->size ? notes->size : 1);
	struct elf_image image = {.note_count = 1, .note_offset = {offset}, .note_size = {length}};
	memcpy(exact, notes->bytes, notes->size);
	size_t found_length = 12345;
	const char *found = manifest_find(exact, notes->size, &image, &found_length);
	bool same = text ? found && found_length == strlen(text) && !memcmp(found, text, found_length) : !found;
	free(exact);
	return same;
}

static bool finds(const struct notes *notes, const char *text)
{
	return finds_at(notes, 0, notes->size, text);
}

static void test_find(void)
{
	static char long_text[MANIFEST_MAX + 2];
	struct notes n = {0};
	check(finds(&n, NULL), "no notes, no manifest", "something was found");
	add_note(&n, "GNU", 1, "abcd", 4);
	add_note(&n, "Hearth", 2, "other\n", 7);
	check(finds(&n, NULL), "notes of others are not taken for it", "something was found");
	add_note(&n, "Hearth", 1, "name x\n", 8);
	check(finds(&n, "name x\n"), "it is found behind other notes, up to its NUL", "it was not");
	n = (struct notes){0};
	add_note(&n, "Hearth", 1, "name y", 6);
	check(finds(&n, "name y"), "a text without NUL ends with its note", "it does not");
	n.size -= 2;
	check(finds(&n, "name y"), "the last note may lack its padding", "it may not");
	n.size -= 1;
	check(finds(&n, NULL), "a note that is cut is refused", "accepted");

	memset(long_text, '#', sizeof long_text);
	n = (struct notes){0};
	add_note(&n, "Hearth", 1, long_text, MANIFEST_MAX + 1);
	check(finds(&n, NULL), "a text above the limit is refused", "accepted");
	n = (struct notes){0};
	add_note(&n, "Hearth", 1, long_text, MANIFEST_MAX);
	long_text[MANIFEST_MAX] = 0;
	check(finds(&n, long_text), "a text at the limit is found", "it was not");
}

static void test_find_hostile(void)
{
	struct notes n = {0};
	add_note(&n, "Hearth", 1, "name x\n", 8);
	check(finds_at(&n, n.size, 0, NULL), "an empty part at the file's end holds nothing", "something was found");
	check(finds_at(&n, 4, n.size, NULL), "a part that leaves the file is passed over", "it was read");
	check(finds_at(&n, UINT64_MAX - 3, 8, NULL), "a part whose end overflows is passed over", "it was read");
	check(finds_at(&n, 0, UINT64_MAX, NULL), "a part longer than everything is passed over", "it was read");

	static const struct {
		const char *name;
		uint32_t owner_size, content_size;
	} heads[] = {
	        {"an owner that leaves the notes", 0x1000, 8},
	        {"an owner of 4 GiB", 0xffffffff, 8},
	        {"a content that leaves the notes", 7, 0x1000},
	        {"a content of 4 GiB", 7, 0xffffffff},
	        {"both of 4 GiB", 0xffffffff, 0xffffffff},
	};
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		struct notes bad = n;
		char name[64];
		memcpy(bad.bytes, &heads[i].owner_size, 4);
		memcpy(bad.bytes + 4, &heads[i].content_size, 4);
		snprintf(name, sizeof name, "%s is refused", heads[i].name);
		check(finds(&bad, NULL), name, "accepted");
	}
}

/* What HEARTH_MANIFEST makes must be what manifest_find finds. */
HEARTH_MANIFEST("name self\nimport log\n");

static void test_macro(void)
{
	struct notes n = {0};
	memcpy(n.bytes, &hearth_manifest, sizeof hearth_manifest);
	n.size = sizeof hearth_manifest;
	check(finds(&n, "name self\nimport log\n"), "the macro's note is found", "it was not");
}

int main(void)
{
	test_whole();
	test_empty();
	test_bad_lines();
	test_many_problems();
	test_refusal_writes_nothing();
	test_find();
	test_find_hostile();
	test_macro();
	return failures ? 1 : 0;
}
