/* Labels of protocol name (name.def). */
#pragma once

#include <stdint.h>

enum {
#define NAME_OP(label, name, ...) NAME_##name = (label),
#include "abi/proto/name.def"
#undef NAME_OP
};

#define VFS_ADMIN 1 /* stamp of the sender to vfs that may mount */
