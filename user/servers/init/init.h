/* What the parts of init share: what root granted, the command line's words, and how init waits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/manifest.h"
#include "user/lib/call.h"
#include "user/lib/spawn.h"

/*
 * The bits of the one notify that init waits for: bit 0 is SUPERVISOR_VFS_RESTARTED, then these, then ends of services. A bit
 * only says where to look: it may come from a process of an init before this one.
 */
#define INIT_SHELL_ENDED 0x2ull
#define INIT_PROMPT MANIFEST_PROMPT_BIT /* a program waits for input at the console */
#define INIT_FIRST_SERVICE 8            /* number of the bit of service 0 */

#define INIT_STAMP 0x2000u /* of init's own senders to services; importing services and mounts have stamps below */

/* How long init waits for an answer. Beyond it says so, and goes on. */
#define INIT_PATIENCE_MS 5000

struct init {
	handle_t log, machine, group, programs, linux_image, time_page, bootinfo, archive, vfs, vfs_admin, supervisor, notify;
	int word_count; /* of the kernel's command line */
	char **words;
};

extern struct init init;

/* Whether the kernel's command line has this word. */
bool init_has_word(const char *word);

/* Fills what is the same in everything that init starts. */
struct spawn init_spawn(const char *name, const char *path);

/*
 * Starts a process that root ends too should init end, and whose end is signalled by `bits`. *out_step as in spawn_process().
 */
MUST_CHECK status_t init_start(const struct spawn *spawn, uint64_t bits, handle_t *out_process, const char **out_step);

/* The same in the process of one that has ended (spawn_again()). */
MUST_CHECK status_t init_start_again(const struct spawn *spawn, uint64_t bits, handle_t process, const char **out_step);
