/*
 * Manifests (abi/manifest.h) as a starter reads them: found in a program's ELF file, taken apart, complained about.
 *
 * Both the file and the text are foreign input: every offset is checked, nothing is allocated, and whatever is wrong with a
 * line is reported with its number, so that the author of the program learns all of it at once. A manifest with one bad line
 * is refused as a whole: a program must not run with half of what it asked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/manifest.h"
#include "abi/start.h"
#include "common/elf.h"
#include "user/lib/words.h"

#define MANIFEST_NAME_MAX 16 /* characters of a program's or an export's name, so that "export.NAME" fits a grant */
#define MANIFEST_IMPORTS 24
#define MANIFEST_EXPORTS 8
#define MANIFEST_PORTS 0x10000u
#define MANIFEST_IRQ_LINES 16
#define MANIFEST_STATE_LEAST 32 /* MiB, of which only what is used takes memory */
#define MANIFEST_STATE_MOST 65536

enum manifest_kind { MANIFEST_NAMED, MANIFEST_IOPORT, MANIFEST_IRQ };

struct manifest_import {
	enum manifest_kind kind;
	bool optional;
	uint32_t first;        /* port, or line */
	uint32_t count;        /* of ports */
	char name[START_NAME]; /* of the grant: "vfs", "log.read", "ioport.3f8", "irq.4" */
};

struct manifest {
	char name[MANIFEST_NAME_MAX + 1]; /* empty if no line gives it */
	bool restart;                     /* start it again whenever it ends */
	uint32_t state_mib;               /* length of its state, 0: none (user/lib/state.h) */
	uint32_t import_count;
	uint32_t export_count;
	struct manifest_import imports[MANIFEST_IMPORTS];
	char exports[MANIFEST_EXPORTS][MANIFEST_NAME_MAX + 1];
};

/*
 * Finds the manifest's text in the notes of an ELF file of `size` bytes that elf_read has accepted as `image`. Answers NULL
 * if there is none, or one that is malformed or longer than MANIFEST_MAX; else *out_length is the text's length up to its
 * first NUL or its end. The text stays in the file and is not NUL-ended.
 */
const char *manifest_find(const void *file, uint64_t size, const struct elf_image *image, size_t *out_length);

/* Takes a text apart. True and *out written if every line is good; *out_problems is written in any case. */
bool manifest_parse(const char *text, size_t length, struct manifest *out, struct words_problems *out_problems);
