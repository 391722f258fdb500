/* Which I/O ports user mode may use on this CPU. Loaded when a thread of a process with ports first uses one (its #GP). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PORTS_BITMAP_SIZE 8192

/* A bitmap of 65536 bits, 0 for an allowed port, or none at all with 0. It must stay while it is loaded. */
void ports_load(const uint8_t *bitmap);

/* Whether the instruction at the current thread's rip is IN, OUT, INS or OUTS: reads user memory, by user_copy_in. */
bool ports_is_access(uint64_t rip);
