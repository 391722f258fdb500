/* Labels of protocol log (log.def). */
#pragma once

enum {
#define LOG_OP(label, name, ...) LOG_##name = (label),
#include "abi/proto/log.def"
#undef LOG_OP
};

#define LOG_READ_MAX 2048u /* bytes of one read */
