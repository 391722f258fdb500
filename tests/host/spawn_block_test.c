/* The start block: what a new process will read must be what its starter wrote, and what does not fit must be refused. */
/* sources: user/lib/spawn_block.c */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/spawn.h"

static int failures;

static void check(bool ok, const char *name, const char *why)
{
	if (ok) {
		printf("ok spawn_block: %s\n", name);
		return;
	}
	printf("not ok spawn_block: %s: %s\n", name, why);
	failures++;
}

static bool string_is(const struct start_block *block, uint32_t at, const char *text)
{
	return at >= sizeof *block && at + strlen(text) < block->size && !strcmp((const char *)block + at, text);
}

static const char *const arguments[] = {"-sh", "", "a b", NULL};
static const char *const environment[] = {"HOME=/", "TERM=linux", NULL};
static const struct spawn_grant grants[] = {{"vfs", 7, 1}, {"export.sixteen-letters-", 8, 2}};
static const struct spawn_file files[] = {{0, 9, 2, 4}, {2, 0, 0, 0}};

static struct spawn sample(void)
{
	return (struct spawn){.name = "sh",
	        .path = "/bin/busybox",
	        .arguments = arguments,
	        .environment = environment,
	        .working_directory = "/etc",
	        .flags = START_LOG_UNKNOWN_CALLS,
	        .program_offset = 4096,
	        .program_length = 12345,
	        .grants = grants,
	        .grant_count = 2,
	        .files = files,
	        .file_count = 2};
}

static void test_content(void)
{
	struct spawn spawn = sample();
	struct start_block *block;
	size_t size;
	status_t status = spawn_block_build(&spawn, &block, &size);
	check(!status, "a sample fits", "refused");
	if (status)
		return;
	check(block->magic == START_MAGIC && block->version == START_VERSION && block->size == size, "it says what it is",
	        "wrong head");
	check(string_is(block, block->program_name, "/bin/busybox") && string_is(block, block->working_directory, "/etc"),
	        "path and working directory are inside", "they are not");
	check(block->argument_count == 3 && string_is(block, block->arguments, "-sh") &&
	                string_is(block, block->arguments + 4, "") && string_is(block, block->arguments + 5, "a b"),
	        "arguments follow each other, empty ones too", "they do not");
	check(block->environment_count == 2 && string_is(block, block->environment + 7, "TERM=linux"),
	        "the environment follows each other", "it does not");
	check(block->flags == START_LOG_UNKNOWN_CALLS && block->program_offset == 4096 && block->program_length == 12345,
	        "flags and program are told", "they are not");
	check(block->grant_count == 2 && !strcmp(block->grants[1].name, "export.sixteen-letters-") && !block->grants[1].handle,
	        "grants have their names and no handles yet", "they have not");
	const struct start_file *file = (const struct start_file *)((const char *)block + block->files);
	check(block->files % 8 == 0 && block->files + 2 * sizeof *file < size, "the files are inside", "they are not");
	check(block->file_count == 2 && file[0].descriptor == 0 && file[0].flags == 2 && file[0].kind == 4 &&
	                file[1].descriptor == 2 && file[1].same_as == START_FILE_ITS_OWN,
	        "files have their numbers, flags and kinds", "they have not");
	check(block->umask == 022 && !block->signal_mask && !block->signals_ignored, "it begins without signals, umask 022",
	        "it does not");
	bool last = ((const char *)block)[size - 1] == 0;
	check(last, "the last string ends inside", "it does not");
	free(block);
}

static void test_defaults(void)
{
	struct spawn spawn = {.name = "x", .path = "/x"};
	struct start_block *block;
	size_t size;
	if (spawn_block_build(&spawn, &block, &size)) {
		check(false, "a bare program fits", "refused");
		return;
	}
	check(!block->argument_count && !block->environment_count && !block->grant_count && !block->file_count,
	        "what is not given is not there", "something is");
	check(string_is(block, block->working_directory, "/"), "the working directory is / if none is given", "it is not");
	free(block);
}

static void check_refused(const struct spawn *spawn, const char *name)
{
	struct start_block *block = NULL;
	size_t size = 0;
	check(spawn_block_build(spawn, &block, &size) == ERR_TOO_LARGE && !block, name, "accepted");
}

static void test_limits(void)
{
	static struct spawn_grant many[START_GRANTS + 1];
	static struct spawn_file open[START_FILES + 1];
	static const struct spawn_grant long_name[] = {{"twenty-four-characters..", 1, 1}};
	static char big[START_SIZE_MAX];
	struct start_block *block;
	size_t size;
	for (size_t i = 0; i <= START_GRANTS; i++)
		many[i].name = "x";

	struct spawn spawn = {.name = "x", .path = "/x", .grants = many, .grant_count = START_GRANTS};
	status_t status = spawn_block_build(&spawn, &block, &size);
	check(!status, "as many grants as the block has are accepted", "refused");
	if (!status)
		free(block);
	spawn.grant_count++;
	check_refused(&spawn, "a grant too many is refused");

	spawn = (struct spawn){.name = "x", .path = "/x", .files = open, .file_count = START_FILES + 1};
	check_refused(&spawn, "a file too many is refused");
	spawn = (struct spawn){.name = "x", .path = "/x", .grants = long_name, .grant_count = 1};
	check_refused(&spawn, "a grant's name that does not fit with its NUL is refused");

	/* Path, directory and the block itself take their share; the argument is what is left, then one byte more. */
	const char *one[] = {big, NULL};
	size_t room = START_SIZE_MAX - sizeof(struct start_block) - sizeof "/x" - sizeof "/" - 1;
	memset(big, 'a', room);
	spawn = (struct spawn){.name = "x", .path = "/x", .arguments = one};
	status = spawn_block_build(&spawn, &block, &size);
	check(!status && size == START_SIZE_MAX, "strings may fill the block to its limit", "refused");
	if (!status)
		free(block);
	big[room] = 'a';
	check_refused(&spawn, "one byte above the limit is refused");
}

int main(void)
{
	test_content();
	test_defaults();
	test_limits();
	return failures ? 1 : 0;
}
