/*
 * Objects and groups as mm code sees them: one group with limits, a reaper that is run by hand, and failures on demand. The
 * allocators are the real ones; a test that uses this links with the --wrap options of FAKE_FAILURES below.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "object/group.h"
#include "object/object.h"

extern struct group fake_group, fake_other_group;

/* Allocations and charges until one fails, once; UINT64_MAX: none does. After it has failed this is UINT64_MAX again. */
extern uint64_t fake_fail_in;

/* Runs destroy steps until nothing is dead; how many there were. */
uint64_t fake_reap(void);

uint64_t fake_objects(enum object_type type);
