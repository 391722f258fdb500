/* Finding and reading manifests; the rules are in the header, the grammar in abi/manifest.h. */
#include "user/lib/manifest.h"

#include <stdio.h>
#include <string.h>

#include "user/lib/words.h"

/* The head of a note (System V ABI, chapter 5, "Note Section"); owner and content follow, each padded to 4 bytes. */
struct note_head {
	uint32_t owner_size;
	uint32_t content_size;
	uint32_t type;
};

static uint64_t padded(uint64_t size)
{
	return (size + 3) & ~3ull;
}

/* The text of a note's content: up to its first NUL. */
static const char *text_of(const char *content, uint64_t size, size_t *out_length)
{
	if (size > MANIFEST_MAX)
		return NULL;
	*out_length = strnlen(content, size);
	return content;
}

/* Searches one part of notes, whose bytes are all in the file. */
static const char *find_in_notes(const char *notes, uint64_t size, size_t *out_length)
{
	uint64_t at = 0;
	while (size - at >= sizeof(struct note_head)) {
		struct note_head head;
		memcpy(&head, notes + at, sizeof head);
		at += sizeof head;
		uint64_t owner = at, content = at + padded(head.owner_size);
		if (content > size || head.content_size > size - content)
			return NULL;
		if (head.type == MANIFEST_TYPE && head.owner_size == sizeof MANIFEST_OWNER &&
		        !memcmp(notes + owner, MANIFEST_OWNER, sizeof MANIFEST_OWNER))
			return text_of(notes + content, head.content_size, out_length);
		/* The last note's padding may be missing. */
		at = content + padded(head.content_size);
		if (at > size)
			return NULL;
	}
	return NULL;
}

const char *manifest_find(const void *file, uint64_t size, const struct elf_image *image, size_t *out_length)
{
	for (uint32_t i = 0; i < image->note_count; i++) {
		uint64_t offset = image->note_offset[i], length = image->note_size[i];
		if (offset > size || length > size - offset)
			continue;
		const char *text = find_in_notes((const char *)file + offset, length, out_length);
		if (text)
			return text;
	}
	return NULL;
}

/* The readers of one statement's words answer NULL, or what is wrong. */

static const char *read_ioport(const struct words_line *line, struct manifest_import *import)
{
	if (line->count != 4)
		return "must be: import ioport FIRST COUNT";
	if (!word_number(line->word[2], 16, MANIFEST_PORTS - 1, &import->first))
		return "must give the first port in hexadecimal, at most ffff";
	if (!word_number(line->word[3], 10, MANIFEST_PORTS, &import->count) || !import->count ||
	        import->count > MANIFEST_PORTS - import->first)
		return "must give how many ports, at least 1 and none above ffff";
	import->kind = MANIFEST_IOPORT;
	snprintf(import->name, sizeof import->name, "ioport.%x", import->first);
	return NULL;
}

static const char *read_irq(const struct words_line *line, struct manifest_import *import)
{
	if (line->count != 3)
		return "must be: import irq LINE";
	if (!word_number(line->word[2], 10, MANIFEST_IRQ_LINES - 1, &import->first))
		return "must give a line from 0 to 15";
	import->kind = MANIFEST_IRQ;
	snprintf(import->name, sizeof import->name, "irq.%u", import->first);
	return NULL;
}

static const char *read_named(const struct words_line *line, struct manifest_import *import)
{
	if (line->count != 2)
		return "must be: import NAME";
	if (!word_is_name(line->word[1], MANIFEST_NAME_MAX))
		return "must name what it imports in 1 to 16 of a-z 0-9 . - _";
	import->kind = MANIFEST_NAMED;
	word_copy(line->word[1], import->name, sizeof import->name);
	return NULL;
}

static const char *read_import(const struct words_line *whole, struct manifest *manifest)
{
	struct words_line line = *whole;
	struct manifest_import import = {0};
	if (line.count > 2 && line.count <= WORDS_MAX && word_is(line.word[line.count - 1], "optional")) {
		import.optional = true;
		line.count--;
	}
	const char *wrong;
	if (line.count > 1 && word_is(line.word[1], "ioport"))
		wrong = read_ioport(&line, &import);
	else if (line.count > 1 && word_is(line.word[1], "irq"))
		wrong = read_irq(&line, &import);
	else
		wrong = read_named(&line, &import);
	if (wrong)
		return wrong;
	for (uint32_t i = 0; i < manifest->import_count; i++)
		if (!strcmp(manifest->imports[i].name, import.name))
			return "imports the same a second time";
	if (manifest->import_count == MANIFEST_IMPORTS)
		return "is one import too many: at most 24";
	manifest->imports[manifest->import_count++] = import;
	return NULL;
}

static const char *read_export(const struct words_line *line, struct manifest *manifest)
{
	if (line->count != 2 || !word_is_name(line->word[1], MANIFEST_NAME_MAX))
		return "must be: export NAME, with a name of 1 to 16 of a-z 0-9 . - _";
	for (uint32_t i = 0; i < manifest->export_count; i++)
		if (word_is(line->word[1], manifest->exports[i]))
			return "exports the same a second time";
	if (manifest->export_count == MANIFEST_EXPORTS)
		return "is one export too many: at most 8";
	word_copy(line->word[1], manifest->exports[manifest->export_count++], sizeof manifest->exports[0]);
	return NULL;
}

static const char *read_name(const struct words_line *line, struct manifest *manifest)
{
	if (line->count != 2 || !word_is_name(line->word[1], MANIFEST_NAME_MAX))
		return "must be: name NAME, with a name of 1 to 16 of a-z 0-9 . - _";
	if (manifest->name[0])
		return "names the program a second time";
	word_copy(line->word[1], manifest->name, sizeof manifest->name);
	return NULL;
}

static const char *read_restart(const struct words_line *line, struct manifest *manifest)
{
	if (line->count == 2 && word_is(line->word[1], "always"))
		manifest->restart = true;
	else if (line->count == 2 && word_is(line->word[1], "never"))
		manifest->restart = false;
	else
		return "must be: restart never, or: restart always";
	return NULL;
}

static const char *read_state(const struct words_line *line, struct manifest *manifest)
{
	uint32_t mib;
	if (line->count != 2 || !word_number(line->word[1], 10, MANIFEST_STATE_MOST, &mib) || mib < MANIFEST_STATE_LEAST)
		return "must be: state MIB, from 32 to 65536";
	if (manifest->state_mib)
		return "asks for state a second time";
	manifest->state_mib = mib;
	return NULL;
}

static const char *read_statement(const struct words_line *line, struct manifest *manifest)
{
	static const struct {
		const char *word;
		const char *(*read)(const struct words_line *line, struct manifest *manifest);
	} statements[] = {
	        {"name", read_name},
	        {"import", read_import},
	        {"export", read_export},
	        {"restart", read_restart},
	        {"state", read_state},
	};
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
		if (word_is(line->word[0], statements[i].word))
			return statements[i].read(line, manifest);
	return "begins with none of: name, import, export, restart, state";
}

bool manifest_parse(const char *text, size_t length, struct manifest *out, struct words_problems *out_problems)
{
	struct words_reader reader = words_begin(text, length);
	struct words_line line;
	struct manifest manifest = {0};
	struct words_problems problems = {0};
	while (words_next(&reader, &line)) {
		const char *wrong = read_statement(&line, &manifest);
		if (wrong)
			words_complain(&problems, line.number, wrong);
	}
	*out_problems = problems;
	if (problems.count)
		return false;
	*out = manifest;
	return true;
}
