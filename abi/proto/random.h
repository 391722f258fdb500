/* Labels of protocol random (random.def). */
#pragma once

enum {
#define RANDOM_OP(label, name, ...) RANDOM_##name = (label),
#include "abi/proto/random.def"
#undef RANDOM_OP
};

#define RANDOM_FILL_MAX (1u << 16)
