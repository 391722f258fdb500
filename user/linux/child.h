/* Children: waiting for them, and what they have used. */
#pragma once

#include <stdint.h>

int64_t child_wait4(int process, uint64_t status, uint32_t options, uint64_t usage);
int64_t child_waitid(uint32_t select, uint32_t id, uint64_t info, uint32_t options, uint64_t usage);
int64_t child_getrusage(int who, uint64_t usage);
int64_t child_times(uint64_t out);
