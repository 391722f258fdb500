/* Instructions that access I/O ports. Pure: the host tests include it too. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define INSTRUCTION_MAX 15u

/* Whether `length` bytes begin with IN, OUT, INS or OUTS (Intel SDM volume 2, 2.1: prefixes in any order, REX last). */
bool ports_decode(const uint8_t *bytes, uint64_t length);
