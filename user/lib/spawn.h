/*
 * Building a process, as abi/start.h says: an empty one is made, the image of user/linux, the time page, a start block and a
 * first stack are mapped into it, it is given the handles that the block names, and its first thread starts in the image,
 * which loads the program from inside. The starter therefore never looks at the program's bytes.
 *
 * The new process has exactly what the structure lists. Everything stays the caller's: the process gets copies of handles,
 * with the rights given here and no more than the caller's own.
 *
 * A failure at any step ends what was begun; nothing of it is left, and the step is named.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/start.h"

#define SPAWN_UMASK 022
#define SPAWN_STACK_SIZE 65536u /* of the first thread; a page without access lies below it */

struct spawn_grant {
	const char *name; /* shorter than START_NAME */
	handle_t handle;  /* HANDLE_NONE: it is not granted */
	uint32_t rights;  /* those of them that the handle has */
};

struct spawn_file {
	uint32_t descriptor;
	handle_t handle; /* a sender of protocol fs, or HANDLE_NONE: the process's grant "log" */
	uint32_t flags;  /* as of struct start_file */
	uint32_t kind;
};

struct spawn {
	const char *name;             /* of the process, cut to 31 bytes */
	const char *path;             /* that it was started by */
	const char *const *arguments; /* ended by NULL, as is the environment; NULL itself: none */
	const char *const *environment;
	const char *working_directory; /* NULL: "/" */
	uint32_t flags;                /* START_LOG_UNKNOWN_CALLS or 0 */

	/* The program's ELF file, and what every process is made from. */
	handle_t program; /* a frame with RIGHT_READ, and RIGHT_EXECUTE if text is to be mapped from it */
	uint64_t program_offset;
	uint64_t program_length;
	handle_t group;       /* RIGHT_CREATE */
	handle_t linux_image; /* a frame that begins with the image of user/linux: RIGHT_READ and RIGHT_EXECUTE */
	handle_t time_page;   /* a frame: RIGHT_READ; HANDLE_NONE: the process has no time page */

	const struct spawn_grant *grants;
	size_t grant_count;
	bool restartable; /* it rests when it has ended, for spawn_again() */
	handle_t *there;  /* NULL, or handle_t[grant_count]: the grants' names in the process; spawn_again() needs them */
	const struct spawn_file *files;
	size_t file_count;

	/* NULL: nothing. What is to be done with the process when it is complete, right before it runs; an error ends it. */
	status_t (*before_start)(const struct spawn *spawn, handle_t process, void *context);
	void *context;
};

struct spawned {
	handle_t process; /* the caller's; closing it does not end the process */
	uint32_t number;
};

/* Rights of the grants "linux" and "time" for a program that can start others: by execve it builds what this library builds. */
#define SPAWN_LINUX_RIGHTS (RIGHT_READ | RIGHT_EXECUTE | RIGHT_INHERIT | RIGHT_INSPECT)
#define SPAWN_TIME_RIGHTS (RIGHT_READ | RIGHT_INHERIT | RIGHT_INSPECT)

/* On an error *out_step, if not NULL, is half a sentence about what could not be done: "its stack could not be mapped". */
status_t spawn_process(const struct spawn *spawn, struct spawned *out, const char **out_step)
        __attribute__((warn_unused_result));

/*
 * Starts the program once more in a process that was made so, with all handles that its predecessor had, the grants among them, and the
 * calls that this had not answered. It is the supervisor's to have waited for the end. On an error the process rests as before.
 */
status_t spawn_again(const struct spawn *spawn, handle_t process, const char **out_step) __attribute__((warn_unused_result));

/*
 * The start block alone, in new memory of *out_size bytes that the caller frees: names, strings and counts are there; handles,
 * addresses and the seed are zero. ERR_TOO_LARGE if something does not fit, ERR_NO_MEMORY. Needs no kernel.
 */
status_t spawn_block_build(const struct spawn *spawn, struct start_block **out_block, size_t *out_size)
        __attribute__((warn_unused_result));
