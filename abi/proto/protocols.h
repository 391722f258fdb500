/* Numbers and versions of protocols (protocols.def). */
#pragma once

enum {
#define PROTOCOL(number, name, version) PROTOCOL_NUMBER_##name = (number), PROTOCOL_VERSION_##name = (version),
#include "abi/proto/protocols.def"
#undef PROTOCOL
};

enum { PROTOCOL_version = 0x0001 };

#define PROTOCOL_OF(label) ((label) >> 8 & 0x7f) /* bit 15 is LABEL_SHORT */
