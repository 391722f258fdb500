/* Labels of protocol power (power.def). */
#pragma once

enum {
#define POWER_OP(label, name, ...) POWER_##name = (label),
#include "abi/proto/power.def"
#undef POWER_OP
};
