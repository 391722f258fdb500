/*
 * /etc/services and /etc/mounts, taken apart. A line that is wrong is reported with its number and left out; the others hold,
 * because a machine that starts half of its services is easier to mend than one that starts none.
 *
 *   services   NAME PATH [if WORD]   the program at PATH is started as NAME; with a condition, only if the kernel's command
 *                                    line has WORD
 *   mounts     PATH EXPORT           the file system that a service exports under this name is mounted at PATH
 *
 * docs/services.md tells the same to whoever writes them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/lib/manifest.h"
#include "user/lib/words.h"

#define CONFIG_PATH_SIZE 128 /* with its NUL */
#define CONFIG_SERVICES 40
#define CONFIG_MOUNTS 40
#define CONFIG_TEXT_MAX 16384 /* bytes of a file */

struct config_service {
	char name[MANIFEST_NAME_MAX + 1];
	char condition[MANIFEST_NAME_MAX + 1]; /* empty: none */
	char path[CONFIG_PATH_SIZE];
};

struct config_mount {
	char path[CONFIG_PATH_SIZE];
	char export[MANIFEST_NAME_MAX + 1];
};

/* Both answer how many of `out` they filled and list in *problems what was wrong. */
size_t config_read_services(
        const char *text, size_t length, struct config_service out[static CONFIG_SERVICES], struct words_problems *problems);
size_t config_read_mounts(
        const char *text, size_t length, struct config_mount out[static CONFIG_MOUNTS], struct words_problems *problems);
