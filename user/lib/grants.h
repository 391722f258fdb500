/*
 * What a native program was started with: its start block (abi/start.h), found by getauxval, and the handles in it by name.
 *
 * The block is the program's own memory, filled by its starter, which it must trust anyway. Names are those of the manifest's
 * imports: "log", "vfs", "irq.4.notify", "export.console".
 */
#pragma once

#include "abi/handle.h"
#include "abi/start.h"

/* The start block, or NULL if the program was started by something else, as on the build machine. */
const struct start_block *grants_block(void);

/* The handle granted under this name, or HANDLE_NONE. It stays the process's; whoever closes it must know that it is alone. */
handle_t grant_find(const char *name);
