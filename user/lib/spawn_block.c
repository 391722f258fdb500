/* The start block of a new process: sizes first, then one pass that writes; handles and addresses follow in spawn.c. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abi/proto/process.h"
#include "user/lib/spawn.h"

struct strings {
	struct start_block *block;
	size_t end; /* where the next string goes */
};

static size_t list_size(const char *const *list)
{
	size_t size = 0;
	for (; list && *list; list++)
		size += strlen(*list) + 1;
	return size;
}

static const char *directory_of(const struct spawn *spawn)
{
	return spawn->working_directory ? spawn->working_directory : "/";
}

static uint32_t put_string(struct strings *strings, const char *text)
{
	size_t at = strings->end, size = strlen(text) + 1;
	memcpy((char *)strings->block + at, text, size);
	strings->end += size;
	return (uint32_t)at;
}

static uint32_t put_list(struct strings *strings, const char *const *list, uint32_t *out_count)
{
	size_t at = strings->end;
	uint32_t count = 0;
	for (; list && list[count]; count++)
		put_string(strings, list[count]);
	*out_count = count;
	return (uint32_t)at;
}

/* The files come right behind the block, where they are aligned. */
static void put_files(struct strings *strings, const struct spawn *spawn)
{
	struct start_file *file = (struct start_file *)((char *)strings->block + strings->end);
	strings->block->files = (uint32_t)strings->end;
	strings->block->file_count = (uint32_t)spawn->file_count;
	for (size_t i = 0; i < spawn->file_count; i++)
		file[i] = (struct start_file){.descriptor = spawn->files[i].descriptor,
		        .flags = spawn->files[i].flags,
		        .kind = spawn->files[i].kind,
		        .same_as = START_FILE_ITS_OWN};
	strings->end += spawn->file_count * sizeof *file;
}

static bool fits(const struct spawn *spawn)
{
	if (spawn->grant_count > START_GRANTS || spawn->file_count > START_FILES)
		return false;
	for (size_t i = 0; i < spawn->grant_count; i++)
		if (strlen(spawn->grants[i].name) >= START_NAME)
			return false;
	return true;
}

status_t spawn_block_build(const struct spawn *spawn, struct start_block **out_block, size_t *out_size)
{
	if (!fits(spawn))
		return ERR_TOO_LARGE;
	/* The strings are in memory, so their sizes together can not overflow. */
	size_t size = sizeof(struct start_block) + spawn->file_count * sizeof(struct start_file) + strlen(spawn->path) + 1 +
	        list_size(spawn->arguments) + list_size(spawn->environment) + strlen(directory_of(spawn)) + 1;
	if (size > START_SIZE_MAX)
		return ERR_TOO_LARGE;
	struct start_block *block = calloc(1, size);
	if (!block)
		return ERR_NO_MEMORY;
	struct strings strings = {block, sizeof *block};
	put_files(&strings, spawn);
	block->magic = START_MAGIC;
	block->version = START_VERSION;
	block->size = (uint32_t)size;
	block->flags = spawn->flags;
	block->program_name = put_string(&strings, spawn->path);
	block->program_offset = spawn->program_offset;
	block->program_length = spawn->program_length;
	block->arguments = put_list(&strings, spawn->arguments, &block->argument_count);
	block->environment = put_list(&strings, spawn->environment, &block->environment_count);
	block->working_directory = put_string(&strings, directory_of(spawn));
	block->grant_count = (uint32_t)spawn->grant_count;
	for (size_t i = 0; i < spawn->grant_count; i++)
		strcpy(block->grants[i].name, spawn->grants[i].name);
	block->umask = SPAWN_UMASK;
	block->children_flags = PROCESS_CHILDREN_SILENT; /* what pm takes a program for that it adopts */
	*out_block = block;
	*out_size = size;
	return ERR_OK;
}
