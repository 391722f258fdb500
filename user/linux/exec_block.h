/*
 * The start block that execve makes (abi/start.h), with the strings of the program behind it. They are measured first; where another
 * thread changes them in between, they are cut or padded to what was measured.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "abi/errors.h"
#include "abi/start.h"
#include "user/linux/exec_file.h"
#include "user/linux/state.h"

/* Strings of the program, as they were when they were measured. */
struct exec_strings {
	uint64_t pointers; /* address of a NULL-ended array; 0: none */
	uint32_t count;
	uint64_t size; /* with their NULs */
};

/* What execve is building. */
struct exec_building {
	struct exec_file *file;
	struct exec_strings arguments, environment;
	uint64_t name; /* as the program gave it */
	uint64_t name_size;
	handle_t vmem;           /* the new address space */
	uint32_t children_flags; /* what pm is told, and the next image that it was */
	uint64_t block_size;
	uint64_t block_address, entry, stack;
	char process_name[32]; /* the last part of the name, as the kernel and pm keep it */
};

/* Where the block's bytes are gathered on their way into the new address space. */
struct exec_writer {
	handle_t vmem;
	uint64_t address; /* of the block there */
	uint64_t
	        written; /* bytes before those in the buffer: the block itself, which is written last, and what is there already */
	uint32_t used;
	status_t status;
	struct start_block block;
	char buffer[2048];
};

/* A string of the program's with its NUL, and a list of such that NULL ends: -EFAULT, -E2BIG. */
int64_t exec_measure_string(uint64_t address, uint64_t *out_size);
int64_t exec_measure(uint64_t pointers, struct exec_strings *out);

/* At least as many bytes as the block will have; all but block_size is there. */
uint64_t exec_block_size(const struct exec_building *b);

/* Fills in what is known before the new address space is there. */
void exec_block_fill(const struct exec_building *b, struct start_block *block);

/* Writes it with all that is behind it into the new address space, at b->block_address. */
status_t exec_block_write(const struct exec_building *b, struct exec_writer *writer);

/*
 * At most `most` bytes of a string of the program's, with the NUL that it gets in any case; how many it was. Another descriptor of the
 * same open file below `fd` that stays open: its index in the table of files, START_FILE_ITS_OWN if none.
 */
uint64_t exec_take_string(char *to, uint64_t address, uint64_t most);
uint32_t exec_earlier(const struct process *process, uint32_t fd);

/* What the new program gets of a grant: the same, or the namespace that took its place (chroot). */
static inline handle_t exec_grant(const struct process *process, const struct start_grant *grant)
{
	return strncmp(grant->name, "vfs", sizeof grant->name) ? grant->handle : process->vfs;
}
