/*
 * root, the one process that the kernel makes. Its ELF file stands in the kernel's image; it gets every authority there is, by
 * the grants of its start block, and its end is the end of the system.
 */
#pragma once

#include "abi/bootinfo.h"

/* Makes root and its first thread, ready to run. Panics in words when that cannot be done. Last use of bootinfo. */
void root_start(const struct bootinfo *boot);
