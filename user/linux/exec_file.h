/* The file that execve is to run: found, opened, followed through the interpreters that scripts name, and checked. */
#pragma once

#include "common/elf.h"
#include "user/linux/remote.h"
#include "user/linux/state.h"

#define EXEC_PREFIX_SIZE 1536u /* of the strings that scripts put before the arguments */

struct exec_file {
	struct path path; /* of the program's file, an interpreter if scripts led there */
	handle_t frame;   /* its bytes: length of them from offset on */
	uint64_t offset, length;
	struct elf_image image; /* what its headers say */
	/* What the arguments begin with instead of the first `dropped` of them: strings one after another. */
	uint32_t prefix_count, prefix_size;
	bool dropped;
	char prefix[EXEC_PREFIX_SIZE];
};

/*
 * Fills it in for the name as the program gave it (`said`, for scripts' arguments). 0 or a negative errno: -ENOENT, -EACCES (not a
 * file that may be executed), -ENOEXEC, -ELOOP. The frame's handle is the caller's to close.
 */
int64_t exec_file_open(int dirfd, uint64_t said, uint32_t flags, struct exec_file *out);
