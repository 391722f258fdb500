/* Labels of protocol clock (clock.def). */
#pragma once

enum {
#define CLOCK_OP(label, name, ...) CLOCK_##name = (label),
#include "abi/proto/clock.def"
#undef CLOCK_OP
};
