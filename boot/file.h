/* Files of the volume that the loader was started from. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/bootinfo.h"
#include "failure.h"

/* Opens the volume. */
bool file_start(struct failure *failure) MUST_CHECK;

/* Closes it. */
void file_end(void);

/*
 * Reads a whole file into pages of `type`. `path` is absolute, ASCII, with backslashes. `first` is the failure's code when the
 * file is missing; the other reasons follow it in failures.def.
 */
bool file_read(const char *path, enum failure_code first, uint64_t size_max, enum boot_memory_type type, struct boot_range *out,
        struct failure *failure) MUST_CHECK;
