/* The machine as an object: the authority to make irqs, ioports and device frames, and what can be counted. */
#pragma once

#include "abi/bootinfo.h"
#include "abi/syscalls.h"
#include "object/object.h"

extern struct object machine_object;

/* Keeps the two times of the boot, of the loader's first instruction and the kernel's. */
void machine_object_init(const struct bootinfo *boot, uint64_t kernel_entry_tsc);

void machine_stats(struct machine_stats *out);
