/*
 * A program's file as a starter needs it: a frame to start the program from, and its manifest. The file comes from a server
 * that the starter trusts for the content of programs; the manifest is taken from a copy, so that it can not change between
 * the checks and the use.
 */
#pragma once

#include <stdint.h>

#include "user/lib/call.h"
#include "user/lib/manifest.h"

struct program {
	handle_t frame;
	uint64_t offset;
	uint64_t length;
};

/* Opens a file to be run; the deadline is for each of the calls. */
MUST_CHECK status_t program_open(handle_t files, const char *path, uint64_t deadline, struct program *out);
void program_close(struct program *program);

/*
 * Reads the manifest of an open program. On an error *out_problem says in half a sentence what is wrong with the file ("has no
 * manifest"), and *out_problems lists bad lines if it has such.
 */
MUST_CHECK status_t program_read_manifest(
        const struct program *program, struct manifest *out, struct words_problems *out_problems, const char **out_problem);
