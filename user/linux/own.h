/*
 * What of the address space is the image's own: itself, the time page, the start block, state, the stacks for Linux calls. A program
 * that asks for these addresses, to map something over them, to unmap or to protect them, is refused as if they could not be had.
 * Otherwise it would end in the midst of its next call, for want of what answers it.
 *
 * No boundary: a program can do all of it by native calls, and end by it, alone.
 */
#pragma once

#include "user/linux/state.h"

/* Whether some of [start, start + length) is; the range is one of user_range. */
bool own_is_hit(uint64_t start, uint64_t length);
